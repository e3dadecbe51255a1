"""Reading further than pages show: another search is begun in time, and where none goes on, bulk reads the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.shopify import coupons, pull
from adapters.shopify.sandbox import paging
from adapters.shopify.shop import ShopifyShop
from connector.port import Window
from connector.records import Coupon

SINCE = datetime(2026, 10, 1, 9, tzinfo=UTC)


@pytest.fixture
def short(street: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A shop whose pages end after 6 things, and a pager that begins anew after 4."""
    monkeypatch.setattr(pull, "FAR", 4)
    for name in ("CUSTOMERS_A_PAGE", "ORDERS_A_PAGE"):
        monkeypatch.setattr(pull, name, 2)
    monkeypatch.setattr(coupons, "COUPONS_A_PAGE", 2)
    street.shop.page_end = 6
    return street


def seconds_pass(street: Any, step: timedelta) -> None:
    """Let every look at the shop's clock be a step later than the one before."""
    times = [SINCE]

    def clock() -> datetime:
        times.append(times[-1] + step)
        return times[-1]

    street.shop.clock = clock


def read(line: Any, since: datetime = SINCE - timedelta(days=1)) -> tuple[set[str], set[str]]:
    batches = list(line.changed(Window(since, datetime.now(UTC) + timedelta(days=900))))
    orders = {order.id for batch in batches for order in batch.orders}
    return orders, {person.id for batch in batches for person in batch.customers}


def bulk_runs(street: Any) -> int:
    return int(street.shop.asked["graphql BulkStart"])


def test_the_pager_begins_anew_well_before_pages_end() -> None:
    assert pull.FAR + max(pull.ORDERS_A_PAGE, pull.CUSTOMERS_A_PAGE) < paging.END == 25_000


def test_pages_alone_would_lose_what_lies_behind_their_end(
    short: Any, line: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "FAR", 1_000)
    made = {short.order() for _ in range(9)}
    assert len(read(line)[0]) == 6 < len(made)


def test_orders_go_on_from_the_last_change_seen(short: Any, line: ShopifyShop) -> None:
    real = short.shop.clock
    seconds_pass(short, timedelta(seconds=10))
    made = {short.order(at=SINCE.isoformat()) for _ in range(15)}
    short.shop.clock = real
    assert read(line) == (made, set())
    assert bulk_runs(short) == 0


def test_customers_go_on_day_by_day(short: Any, line: ShopifyShop) -> None:
    real = short.shop.clock
    seconds_pass(short, timedelta(days=1))
    made = {short.customer(f"shopper-{number}") for number in range(15)}
    short.shop.clock = real
    assert read(line) == (set(), made)
    assert bulk_runs(short) == 0


@pytest.mark.parametrize("what", ["orders", "customers"])
def test_more_in_one_moment_than_pages_show_is_read_in_bulk(short: Any, line: ShopifyShop, what: str) -> None:
    now = short.shop.now()
    real, short.shop.clock = short.shop.clock, lambda: now
    made = {short.order() if what == "orders" else short.customer(f"shopper-{n}") for n in range(9)}
    short.shop.clock = real
    assert read(line) == ((made, set()) if what == "orders" else (set(), made))
    assert bulk_runs(short) == 1


def test_codes_go_on_behind_the_last_one_seen(short: Any, line: ShopifyShop) -> None:
    anna = short.customer()
    ends = datetime.now(UTC) + timedelta(days=30)
    codes = [f"CODE{number:08d}" for number in range(15)]
    for code in codes:
        line.make_coupon(Coupon(code, "amount", 500, "GBP", "Five", SINCE, ends, anna))
    assert sorted(coupon.code for coupon in line.coupons()) == codes
