"""The demo shop's past: the slice, the full data, and how their days move to the present."""

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.magento.sandbox import Shop, history, pack
from adapters.magento.sandbox.catalogues import search
from adapters.magento.sandbox.criteria import Criteria, Filter, Sort
from adapters.magento.sandbox.shop import local_day

UNTIL = date(2026, 5, 31)


@pytest.fixture(scope="module")
def demo() -> Shop:
    shop = Shop(clock=lambda: datetime(2026, 6, 1, 12, tzinfo=UTC))
    history.fill(shop, history.slice_rows(), UNTIL)
    return shop


def test_the_slice_is_the_papers_sample(shared: Path, tmp_path: Path) -> None:
    assert pack.pack(shared / "data", tmp_path / "again.csv.gz") == 6_919
    assert (tmp_path / "again.csv.gz").read_bytes() == history.SLICE.read_bytes()


def test_the_slice_holds_2357_customers_and_6919_orders(demo: Shop) -> None:
    assert (len(demo.customers), len(demo.orders), len(demo.invoices)) == (2_357, 6_919, 6_919)
    assert sum(order.total for order in demo.orders) == 24_409_194
    assert sum(order.lines[0].quantity for order in demo.orders) == 16_479


def test_days_move_by_whole_weeks_and_the_newest_is_less_than_a_week_old(demo: Shop) -> None:
    rows = history.slice_rows()
    newest = max(row.day for row in rows)
    shift = history.moved(newest, UNTIL)
    assert shift.days % 7 == 0
    assert timedelta(0) <= UNTIL - (newest + shift) < timedelta(days=7)
    days = sorted(row.day + shift for row in rows)
    assert sorted(local_day(order.placed_at) for order in demo.orders) == days
    assert {day.weekday() for day in days[-1:]} == {newest.weekday()}


@pytest.mark.parametrize("weekday", range(7))
def test_the_shift_never_passes_until(weekday: int) -> None:
    newest, until = date(1998, 6, 30), date(2026, 5, 25) + timedelta(days=weekday)
    moved = newest + history.moved(newest, until)
    assert moved <= until < moved + timedelta(days=7)


def test_orders_are_numbered_in_the_order_of_their_time(demo: Shop) -> None:
    moments = [order.placed_at for order in demo.orders]
    assert moments == sorted(moments)
    hours = {int(moment[11:13]) for moment in moments}
    assert hours <= {*range(12, 24), 0, 1, 2}  # 8:00 to 22:00 in New York


def test_everybody_registered_with_the_first_order(demo: Shop) -> None:
    for customer in list(demo.customers)[:200]:
        assert customer.created_at == demo.orders.where("customer_id", customer.id)[0].placed_at


def test_orders_ship_a_day_later_and_the_last_ones_still_wait(demo: Shop) -> None:
    states = {order.state for order in demo.orders}
    assert states == {"complete"} or states == {"complete", "processing"}
    for order in demo.orders:
        if order.state == "complete":
            assert order.shipped_at == order.changed_at
            assert local_day(order.changed_at) <= UNTIL
    short = Shop()
    history.fill(short, [history.Purchase(1, date(2026, 5, 24), 2, 2_500)], date(2026, 5, 31))
    assert [order.state for order in short.orders] == ["processing"]


def test_a_purchase_over_nothing_is_an_order_over_nothing(demo: Shop) -> None:
    free = [order for order in demo.orders if order.total == 0]
    assert len(free) == sum(row.cents == 0 for row in history.slice_rows()) > 0


def test_two_fillings_are_equal(demo: Shop) -> None:
    other = Shop()
    history.fill(other, history.slice_rows(), UNTIL)
    assert list(other.orders) == list(demo.orders)
    assert list(other.customers) == list(demo.customers)


def test_the_full_data_load_in_time_and_are_searched_by_index(shared: Path) -> None:
    shop = Shop()
    started = time.thread_time()
    history.fill(shop, history.full_rows(shared / "data"), UNTIL)
    assert (len(shop.orders), len(shop.customers)) == (69_659, 23_570)
    assert sum(order.total for order in shop.orders) == 250_031_563
    assert time.thread_time() - started < 15
    assert _seconds(shop, _by_id(50_000)) < 0.25
    assert _seconds(shop, _window("2026-01-01", "2026-02-01")) < 0.25


def _seconds(shop: Shop, criteria: Criteria) -> float:
    """The middle of five tries, in this thread's own time: other work on the machine does not count."""
    tries = []
    for _ in range(5):
        started = time.thread_time()
        assert len(_items(search(shop, "orders", criteria))) == 100
        tries.append(time.thread_time() - started)
    return sorted(tries)[2]


def _items(answer: dict[str, object]) -> list[Any]:
    items = answer["items"]
    assert isinstance(items, list)
    return items


def _by_id(after: int) -> Criteria:
    one = Filter("entity_id", str(after), "gt")
    return Criteria(((one,),), (Sort("entity_id", "ASC"),), 100, 1)


def _window(since: str, until: str) -> Criteria:
    groups = ((Filter("updated_at", since, "gteq"),), (Filter("updated_at", until, "lt"),))
    return Criteria(groups, (Sort("updated_at", "ASC"), Sort("entity_id", "ASC")), 100, 1)
