"""The plug reads a whole shop on this machine: install, history, pages, ids, bulk files."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from adapters.shopify import picture, rest, results
from adapters.shopify import shop as shops
from adapters.shopify.sandbox import bodies
from connector.money import parse
from connector.port import OrderChanged, ShopAdapter, Window
from connector.records import Order

START = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)


def same(order: Order, told: dict[str, Any]) -> None:
    """Hold a record against what the shop says of itself in its own neutral words."""
    minor = {name: parse(told[name], told["currency"]) for name in ("total", "refunded", "refunded_shipping")}
    assert {name: getattr(order, name) for name in minor} == minor
    for name in ("id", "number", "customer_id", "email", "currency", "test"):
        assert getattr(order, name) == told[name], name
    times = {name: told[name] and datetime.fromisoformat(told[name]) for name in told if name.endswith("_at")}
    if times["paid_at"] and times["paid_at"] - times["placed_at"] <= picture.AT_ONCE:
        times["paid_at"] = times["placed_at"]
    assert {name: getattr(order, name) for name in times} == times
    assert sorted(order.coupon_codes) == sorted(told["codes"])
    lines = {it["id"]: it for it in told["lines"]}
    assert len(lines) == len(order.lines)
    for found in order.lines:
        said = lines[found.id]
        assert (found.quantity, found.current_quantity) == (said["quantity"], said["current_quantity"])
        assert (found.amount, found.tax) == (parse(said["amount"], "GBP"), parse(said["tax"], "GBP"))
        assert found.kind == said["kind"]


# --- install ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("managed", [False, True])
def test_both_roads_lead_to_a_shop_that_answers(street: Any, managed: bool) -> None:
    line = street.install(managed=managed)
    facts = line.facts()
    assert (facts.address, facts.currency, facts.timezone) == (street.address, "GBP", "Europe/London")
    assert street.house.installed[0].facts.name == facts.name


def test_a_merchants_code_comes_through(street: Any) -> None:
    street.install(merchant_code="JOIN-1")
    assert street.house.installed[0].merchant_code == "JOIN-1"


def test_installing_again_gives_new_tokens(street: Any) -> None:
    street.install()
    street.install()
    first, second = street.house.installed
    assert first.tokens != second.tokens


# --- reading --------------------------------------------------------------------------------------------------------


def test_history_is_what_the_shop_says_of_itself(street: Any, line: ShopAdapter, everything: Any) -> None:
    ids = street.busy()
    customers, orders = everything(line)
    told = {it["id"]: it for it in street.truth("orders")}
    assert {it.id for it in orders} == set(told) == set(ids.values())
    for order in orders:
        same(order, told[order.id])
    people = {it["id"]: it for it in street.truth("customers")}
    assert {it.id for it in customers} == set(people)
    assert {it.email for it in customers} == {"anna@example.com", "bert@example.com"}
    assert {it.email: it.email_verified for it in customers} == {
        "anna@example.com": True,
        "bert@example.com": False,
    }
    counted = line.counts()
    assert (counted.orders, counted.customers) == (len(orders), len(customers))
    first = min(it.placed_at for it in orders)
    assert line.counts(first).orders == 0
    assert line.counts(first + timedelta(seconds=1)).orders == sum(it.placed_at == first for it in orders)


def test_pages_nodes_and_bulk_files_give_the_same_records(
    street: Any, line: ShopAdapter, everything: Any
) -> None:
    ids = street.busy()
    customers, orders = everything(line)
    in_bulk = {it.id: it for it in orders}
    assert line.orders(tuple(ids.values())) == in_bulk
    assert line.customers(tuple(it.id for it in customers)) == {it.id: it for it in customers}
    window = Window(START - timedelta(days=1), datetime.now(UTC) + timedelta(days=1))
    paged = list(line.changed(window))
    assert {it.id: it for batch in paged for it in batch.orders} == in_bulk
    assert {it.id for batch in paged for it in batch.customers} == {it.id for it in customers}


def test_many_changes_are_read_in_bulk(
    street: Any, line: ShopAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = street.busy()
    monkeypatch.setattr(shops, "MANY_ORDERS", 1)
    monkeypatch.setattr(shops, "MANY_CUSTOMERS", 1)
    window = Window(START - timedelta(days=1), datetime.now(UTC) + timedelta(days=1))
    assert {it.id for batch in line.changed(window) for it in batch.orders} == set(ids.values())


def test_only_what_changed_in_the_window_is_read(street: Any, line: ShopAdapter) -> None:
    clock = street.shop.clock
    street.shop.clock = lambda: clock() - timedelta(days=10)
    old = street.order(at=street.at(1))
    street.control(f"orders/{old}/fulfil", {"at": street.at(2)})
    street.shop.clock = clock
    new = street.order(at=street.at(9))
    since = line.orders((new,))[new].changed_at - timedelta(seconds=1)
    batches = list(line.changed(Window(since, since + timedelta(hours=1))))
    assert [it.id for batch in batches for it in batch.orders] == [new]


def test_reading_goes_on_where_it_stopped(
    street: Any, line: ShopAdapter, monkeypatch: pytest.MonkeyPatch, everything: Any
) -> None:
    ids = street.busy()
    monkeypatch.setattr(results, "ORDERS_A_BATCH", 2)
    monkeypatch.setattr(results, "CUSTOMERS_A_BATCH", 1)
    batches = list(line.history(None))
    for stop in range(len(batches)):
        before = [it.id for batch in batches[: stop + 1] for it in batch.orders]
        after = everything(line, batches[stop].checkpoint)
        assert sorted([*before, *(it.id for it in after[1])]) == sorted(ids.values())
    # Three operations in all: going on never started a new one, except behind the customers.
    assert batches[-1].total == len(ids) + 2


def test_ids_that_are_none_are_not_there(line: ShopAdapter) -> None:
    assert line.orders(("1", "x", "٣", "")) == {}
    assert line.customers(()) == {}


def test_after_a_storm_of_shoppers_history_is_still_what_the_shop_says(
    street: Any, line: ShopAdapter, everything: Any
) -> None:
    for name in ("anna", "bert", "carla", "dirk"):
        street.customer(name)
    street.control("live", {"per_second": 60, "seed": 11})
    street.lives(40)
    street.control("quiet")
    _, orders = everything(line)
    told = {it["id"]: it for it in street.truth("orders")}
    assert len(told) > 10
    assert {it.id for it in orders} == set(told)
    for order in orders:
        same(order, told[order.id])


def test_an_order_that_an_edit_makes_dearer_stays_paid(
    street: Any, line: ShopAdapter, everything: Any
) -> None:
    whole = street.order()
    deposit = street.order(at=street.at(2), paid=False)
    more = {"sku": "X", "title": "Extra", "quantity": 1, "price": "300.00"}
    for order in (whole, deposit):
        street.control(f"orders/{order}/edit", {"at": street.at(7), "lines": [], "add": [more]})
    found = {it.id: it for it in everything(line)[1]}
    assert (found[whole].paid_at, found[deposit].paid_at) == (found[whole].placed_at, None)
    assert line.orders((whole, deposit)) == found
    for told in street.truth("orders"):
        same(found[told["id"]], told)
    # The message cannot say that it was paid once; the house knows since when, or asks.
    for order, lacks in ((whole, True), (deposit, False)):
        body = bodies.order(street.shop, street.shop.orders.get(int(order)))
        change = rest.order(msgspec.json.decode(msgspec.json.encode(body)), just_made=False)
        assert isinstance(change, OrderChanged)
        assert change.lacks_paid_at == lacks


def test_where_an_order_was_placed_is_told_in_both_shapes(
    street: Any, line: ShopAdapter, everything: Any
) -> None:
    bert = street.customer("bert")
    sources = {"web": "online", "pos": "till", "shopify_draft_order": "staff", "1354745": "other"}
    placed = {street.order(source=source, customer_id=bert): channel for source, channel in sources.items()}
    found = {it.id: it for it in everything(line)[1]}
    assert {order: found[order].channel for order in placed} == placed
    assert line.orders(tuple(placed)) == found
    for order in placed:
        body = bodies.order(street.shop, street.shop.orders.get(int(order)))
        change = rest.order(msgspec.json.decode(msgspec.json.encode(body)), just_made=True)
        assert isinstance(change, OrderChanged)
        assert change.order == found[order]


def test_a_draft_becomes_an_order_that_is_paid_by_hand_later(street: Any, line: ShopAdapter) -> None:
    bert = street.customer("bert")
    draft = street.order(source="shopify_draft_order", customer_id=bert, paid=False)
    before = line.orders((draft,))[draft]
    assert (before.channel, before.paid_at, before.kept_goods) == ("staff", None, 0)
    street.control(f"orders/{draft}/pay", {"at": street.at(9)})
    after = line.orders((draft,))[draft]
    assert after.paid_at == datetime.fromisoformat(street.at(9))
    assert (after.total, after.kept_goods) == (2995, 2500)
