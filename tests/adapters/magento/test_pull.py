"""A whole shop is read, page by page, without a gap: from a checkpoint, in a window, by number."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta
from typing import Any

import pytest
import requests
from msgspec.structs import replace

from adapters.magento import keys, pull, wire
from adapters.magento.line import Line
from adapters.magento.pull import BITE
from adapters.magento.sandbox import aftermath, checkout, people, rest
from connector.port import Batch, ShopLine, Window


def _orders(batches: list[Batch]) -> list[int]:
    return [int(order.id) for batch in batches for order in batch.orders]


def _customers(batches: list[Batch]) -> list[int]:
    return [int(customer.id) for batch in batches for customer in batch.customers]


@pytest.fixture
def full(sandbox: Any) -> Any:
    """Seven customers and eleven orders, three to a page."""
    for number in range(7):
        sandbox.later(days=1)
        customer = sandbox.customer(f"shopper{number}")
        sandbox.order(customer, sent=number % 2 == 0)
    for _ in range(4):
        sandbox.later(days=1)
        sandbox.order(None, paid=False)
    sandbox.shop.maximum_page_size = 3
    return sandbox


def test_the_whole_history_comes_once_customers_first(full: Any) -> None:
    batches = list(full.line().history(None))
    assert (_customers(batches), _orders(batches)) == (list(range(1, 8)), list(range(1, 12)))
    kinds = ["customers" if batch.customers else "orders" for batch in batches]
    assert kinds == ["customers"] * 3 + ["orders"] * 4
    assert {batch.total for batch in batches} == {18}


@pytest.mark.parametrize("done", range(1, 7))
def test_an_import_goes_on_just_behind_its_checkpoint(full: Any, done: int) -> None:
    first = list(itertools.islice(full.line().history(None), done))
    rest = list(full.line().history(first[-1].checkpoint))
    assert _customers(first) + _customers(rest) == list(range(1, 8))
    assert _orders(first) + _orders(rest) == list(range(1, 12))


def test_full_pages_of_a_history_are_kept_together_and_no_bite_is_too_large(
    full: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "MOST", 3)
    monkeypatch.setattr(pull, "BITE", 6)
    batches = list(full.line().history(None))
    assert [len(batch.customers) for batch in batches if batch.customers] == [6, 1]
    assert [len(batch.orders) for batch in batches if batch.orders] == [6, 5]
    assert (_customers(batches), _orders(batches)) == (list(range(1, 8)), list(range(1, 12)))
    paid = {int(order.id): order.paid_at is not None for batch in batches for order in batch.orders}
    assert paid == {number: number < 8 for number in range(1, 12)}
    assert _orders(list(full.line().history(batches[2].checkpoint))) == list(range(7, 12))


def test_a_finished_import_asks_for_nothing_more(full: Any) -> None:
    last = list(full.line().history(None))[-1]
    assert list(full.line().history(last.checkpoint)) == []


def test_who_registers_during_the_import_comes_with_their_first_order(full: Any) -> None:
    history = full.line().history(None)
    seen = [next(history) for _ in range(4)]
    newcomer = full.customer("late")
    order = full.order(newcomer)
    rest = list(history)
    batch = next(batch for batch in rest if order in _orders([batch]))
    assert newcomer not in _customers(seen)
    assert [customer.id for customer in batch.customers] == [str(newcomer)]


def test_however_many_registered_during_the_import_no_address_is_longer_than_servers_take(
    full: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "LONGEST", 4096)
    newcomer = full.customer("late")
    bite = (*(str(number) for number in range(1_000_000, 1_000_000 + BITE)), str(newcomer))
    assert list(full.line().customers(bite)) == [str(newcomer)]
    assert full.line().orders(bite[:BITE]) == {}


def test_invoices_and_shipments_date_the_orders(sandbox: Any) -> None:
    order = sandbox.order(sandbox.customer("ann"), paid=False)
    sandbox.later(hours=5)
    aftermath.invoice(sandbox.shop, sandbox.row(order), {}, sandbox.stamp)
    paid = sandbox.now
    sandbox.later(days=2)
    aftermath.ship(sandbox.shop, sandbox.row(order), {}, sandbox.stamp)
    found = sandbox.line().orders((str(order),))[str(order)]
    assert (found.paid_at, found.fulfilled_at, found.changed_at) == (paid, sandbox.now, sandbox.now)
    assert (found.total, found.kept_goods) == (4000, 4000)


def test_refunds_and_cancellations_show_in_what_is_kept(sandbox: Any) -> None:
    customer = sandbox.customer("ann")
    half, gone = sandbox.order(customer, shipping="4.95"), sandbox.order(customer, paid=False)
    line = sandbox.row(half).lines[0].id
    sandbox.later(days=1)
    aftermath.refund(sandbox.shop, sandbox.row(half), {line: 1}, 495, 0, 0, sandbox.stamp)
    aftermath.cancel(sandbox.shop, sandbox.row(gone), sandbox.stamp)
    found = sandbox.line().orders((str(half), str(gone)))
    refunded, cancelled = found[str(half)], found[str(gone)]
    assert (refunded.total, refunded.refunded, refunded.refunded_shipping) == (4495, 2495, 495)
    assert refunded.kept_goods == 2000
    assert (cancelled.cancelled_at, cancelled.kept_goods) == (sandbox.now, 0)


def test_a_window_has_what_changed_in_it_and_nothing_from_its_end_on(full: Any) -> None:
    begin = full.now + timedelta(hours=1)
    full.later(hours=2)
    inside = full.order(full.customer("inside"))
    end = full.now + timedelta(seconds=1)
    full.later(seconds=1)
    full.order(full.customer("outside"))
    found = list(full.line().changed(Window(begin, end)))
    assert (set(_orders(found)), set(_customers(found))) == ({inside}, {8})


def test_a_window_looks_back_a_little_for_what_was_saved_late(full: Any) -> None:
    full.later(hours=1)
    order = full.order(None)
    begin = full.now + timedelta(seconds=90)
    assert _orders(list(full.line().changed(Window(begin, begin + timedelta(minutes=5))))) == [order]


def test_one_second_may_hold_more_than_a_page(full: Any) -> None:
    full.later(hours=3)
    crowd = {full.order(None, paid=False) for _ in range(10)}
    full.later(seconds=1)
    after = {full.order(None, paid=False) for _ in range(2)}
    found = _orders(
        list(full.line().changed(Window(full.now - timedelta(hours=1), full.now + timedelta(hours=1))))
    )
    assert set(found) == crowd | after


@pytest.mark.parametrize("seed", range(5))
def test_orders_that_change_while_they_are_read_are_in_this_window_or_the_next(full: Any, seed: int) -> None:
    chance = random.Random(seed)
    begin = full.now + timedelta(hours=1)
    for _ in range(15):
        full.later(seconds=chance.choice([0, 0, 1, 30]) + 7200 * (full.now < begin))
        full.order(None, paid=False)
    first = set(full.shop.orders.rows) - set(range(1, 12))
    end = full.now + timedelta(seconds=1)
    full.later(minutes=1)
    seen: set[int] = set()
    for batch in full.line().changed(Window(begin, end)):
        seen |= set(_orders([batch]))
        touched = full.row(chance.choice(sorted(first)))
        full.shop.orders.put(replace(touched, changed_at=full.stamp))
    for batch in full.line().changed(Window(end, full.now + timedelta(seconds=1))):
        seen |= set(_orders([batch]))
    assert first <= seen


def test_only_what_exists_is_found_by_its_number(full: Any) -> None:
    line = full.line()
    assert sorted(line.orders(("1", "11", "12", "nonsense", "99999999999999"))) == ["1", "11"]
    assert sorted(line.customers(("7", "8"))) == ["7"]
    assert line.orders(()) == {}


def test_the_shop_counts_for_itself(full: Any) -> None:
    counts = full.line().counts()
    assert (counts.orders, counts.customers) == (11, 7)
    third = full.line().orders(("3",))["3"].placed_at
    assert full.line().counts(third).orders == 2, "made before the third one"


def test_a_deleted_customers_orders_stand_there_without_them(full: Any) -> None:
    people.remove(full.shop, 1)
    order = full.line().orders(("1",))["1"]
    assert (order.customer_id, order.email) == (None, "shopper0@example.com")
    assert full.line().customers(("1",)) == {}


def test_the_shop_states_its_facts(sandbox: Any) -> None:
    facts = sandbox.line().facts()
    assert (facts.address, facts.currency) == (sandbox.address, "USD")
    assert (facts.timezone, facts.language) == ("America/New_York", "en")
    assert facts.name


@pytest.mark.parametrize(("confirms", "verified"), [(True, [True, False]), (False, [False, False])])
def test_customers_are_proven_as_the_merchant_said(
    sandbox: Any, confirms: bool, verified: list[bool]
) -> None:
    ids = (str(sandbox.customer("ann")), str(sandbox.customer("bob", verified=False)))
    found = sandbox.line(confirms_email=confirms).customers(ids)
    assert [found[each].email_verified for each in ids] == verified
    assert (found[ids[0]].marks, found[ids[0]].language) == (("General",), "en")


@pytest.mark.parametrize("minutes", [-30, 30])
def test_by_polling_alone_an_order_is_seen_at_once_whatever_the_shops_clock_says(
    sandbox: Any, minutes: int
) -> None:
    """The shop is asked in windows of our time, and stamps what happens with its own."""
    ours = sandbox.now
    sandbox.later(minutes=minutes)
    customer = sandbox.customer("ann")
    order = sandbox.order(customer)
    window = Window(ours - timedelta(minutes=10), ours + timedelta(seconds=30))
    found = list(sandbox.line().changed(window))
    assert (set(_customers(found)), set(_orders(found))) == ({customer}, {order})


def test_a_shop_whose_clock_is_half_an_hour_behind_refuses_our_signature_once_and_is_understood(
    sandbox: Any,
) -> None:
    sandbox.later(minutes=-30)
    client = sandbox.client()
    assert client.read("store/storeConfigs", list[wire.StoreConfig])
    assert -1860 < client.ahead.total_seconds() < -1740


def test_a_clock_that_agrees_with_ours_widens_nothing(sandbox: Any) -> None:
    ours = sandbox.now
    early = sandbox.order(None)
    sandbox.shop.orders.put(replace(sandbox.row(early), changed_at=_stamp(ours - timedelta(minutes=13))))
    window = Window(ours - timedelta(minutes=10), ours + timedelta(seconds=1))
    assert _orders(list(sandbox.line().changed(window))) == []


def _stamp(when: Any) -> str:
    return str(when.strftime("%Y-%m-%d %H:%M:%S"))


def test_the_last_page_of_a_2_3_shop_that_never_ends_is_never_asked_for(full: Any) -> None:
    full.shop.extras["version"] = "2.3"
    batches = list(full.line().history(None))
    assert (_customers(batches), _orders(batches)) == (list(range(1, 8)), list(range(1, 12)))
    window = Window(full.now - timedelta(days=400), full.now + timedelta(seconds=1))
    found = list(full.line().changed(window))
    assert (sorted(set(_orders(found))), len(set(_customers(found)))) == (list(range(1, 12)), 7)


def test_the_shops_limit_on_a_page_is_met_once_and_not_by_every_job(full: Any, vault: Any) -> None:
    full.shop.maximum_page_size = 4
    vault.tokens = keys.packed(full.keys)
    sizes: list[int] = []
    for _ in range(2):
        line = Line(full.env, ShopLine(full.address, "shop-key"), vault)
        sizes.append(len(next(line.history(None)).customers))
        assert keys.unpacked(vault.tokens).rows == 4
    assert sizes == [4, 4]
    log = requests.get(f"{full.address}_sandbox/log", timeout=60).json()
    assert log["refusals"] == 1


def test_a_refund_by_a_module_that_leaves_the_order_alone_is_seen_in_its_window_and_stays_seen(
    sandbox: Any,
) -> None:
    order = sandbox.order(sandbox.customer("ann"), shipping="4.95")
    sandbox.later(days=2)
    begin = sandbox.now - timedelta(minutes=1)
    line = sandbox.row(order).lines[0].id
    given = aftermath.refund(
        sandbox.shop, sandbox.row(order), {line: 1}, 495, 0, 0, sandbox.stamp, saves=False
    )
    assert given.total == 2495
    window = Window(begin, sandbox.now + timedelta(seconds=1))
    (found,) = [order for batch in sandbox.line().changed(window) for order in batch.orders]
    assert (found.refunded, found.refunded_shipping, found.kept_goods) == (2495, 495, 2000)
    assert sandbox.line().orders((str(order),)) == {str(order): found}
    assert [one for batch in sandbox.line().history(None) for one in batch.orders] == [found]


def test_without_the_right_to_credit_memos_all_else_is_read(full: Any) -> None:
    full.shop.rights = full.shop.rights - {"Magento_Sales::sales_creditmemo"}
    assert _orders(list(full.line().history(None))) == list(range(1, 12))
    window = Window(full.now - timedelta(days=400), full.now + timedelta(seconds=1))
    assert set(_orders(list(full.line().changed(window)))) == set(range(1, 12))


def test_an_order_whose_customer_was_deleted_says_so_without_having_moved(sandbox: Any) -> None:
    customer = sandbox.customer("ann")
    order, guests = sandbox.order(customer), sandbox.order(None)
    before = sandbox.line().orders((str(order),))[str(order)]
    sandbox.later(days=1)
    people.remove(sandbox.shop, customer)
    found = sandbox.line().orders((str(order), str(guests)))
    assert (found[str(order)].customer_id, found[str(order)].orphaned) == (None, True)
    assert found[str(order)].changed_at == before.changed_at
    assert (found[str(guests)].customer_id, found[str(guests)].orphaned) == (None, False)
    window = Window(sandbox.now - timedelta(minutes=5), sandbox.now + timedelta(minutes=5))
    assert _orders(list(sandbox.line().changed(window))) == [], (
        "no window shows it; its number is still there"
    )
    ids = [one for numbers in sandbox.line().numbers() for one in (numbers.orders, numbers.customers) if one]
    assert ids == [(str(order), str(guests))], "the customer's is not"


def test_an_order_is_read_alike_whether_the_shops_prices_hold_the_tax_or_not(sandbox: Any) -> None:
    """Two at 60.50, a tenth off, 21 % of tax: 108.90. One comes back."""
    found = []
    for net in (False, True):
        wish = checkout.Wish("Candle", 2, "60.50", discount="12.10")
        basket = checkout.Basket((wish,), email="ann@example.com", tax_rate="21", net_prices=net)
        placed = checkout.place(sandbox.shop, basket, sandbox.stamp)
        aftermath.invoice(sandbox.shop, placed, {}, sandbox.stamp)
        row = sandbox.row(placed.id)
        aftermath.refund(sandbox.shop, row, {row.lines[0].id: 1}, 0, 0, 0, sandbox.stamp)
        told = sandbox.client().read(f"orders/{placed.id}", dict[str, Any])
        order = sandbox.line().orders((str(placed.id),))[str(placed.id)]
        off = told["base_discount_amount"], told["base_discount_tax_compensation_amount"]
        found.append((off, order.total, order.refunded, order.kept_goods, order.excluding_tax(order.goods)))
    assert found[0] == ((-12.1, 2.1), 10890, 5445, 5445, 9000)
    assert found[1] == ((-10, 0), 10890, 5445, 5445, 9000)
