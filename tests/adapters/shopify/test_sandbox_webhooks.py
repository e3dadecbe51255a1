"""What a whole shop on this machine says by webhook is what it says when asked, after a storm of shoppers too."""

from typing import Any

import msgspec
import pytest

from adapters.shopify import subscriptions
from adapters.shopify.platform import platform
from connector.port import CustomerChanged, OrderChanged, ShopAdapter, ShopRemoved, Unauthorized
from connector.records import Order


def _says(change: OrderChanged, full: Order) -> bool:
    expected = msgspec.structs.replace(full, paid_at=None) if change.lacks_paid_at else full
    return change.order == expected and change.lacks_paid_at == (full.paid_at != change.order.paid_at)


def test_what_webhooks_say_last_is_what_the_shop_says(street: Any, line: ShopAdapter) -> None:
    topics = line.subscribe(f"{street.house.public_url}/webhooks/shopify")
    assert set(topics) == set(subscriptions.TOPICS)
    ids = street.busy()
    street.quiet()
    assert {it.shop_address for it in street.house.kept} == {street.address}
    told: dict[str, list[OrderChanged]] = {}
    for delivery in street.house.kept:
        for change in platform.read(delivery):
            if isinstance(change, OrderChanged):
                told.setdefault(change.order.id, []).append(change)
    fetched = line.orders(tuple(ids.values()))
    assert set(told) == set(fetched)
    for order_id, changes in told.items():
        full = fetched[order_id]
        # Times are whole seconds, so several messages may carry the last one; one of them says it as it is.
        assert any(_says(change, full) for change in changes), order_id


def test_a_customers_webhook_is_the_customer(street: Any, line: ShopAdapter) -> None:
    line.subscribe(f"{street.house.public_url}/webhooks/shopify")
    anna = street.customer()
    street.control(f"customers/{anna}", {"last_name": "de Boer", "at": street.at(2)}, "PATCH")
    street.quiet()
    changes = [change for it in street.house.kept for change in platform.read(it)]
    told = [it for it in changes if isinstance(it, CustomerChanged)]
    full = line.customers((anna,))[anna]
    assert full.name == "Anna de Boer"
    assert full in [it.customer for it in told]
    assert all(it.lacks_marks for it in told)


def test_subscribing_again_changes_nothing_and_moving_moves_all(street: Any, line: ShopAdapter) -> None:
    line.subscribe("https://old.example.com/webhooks/shopify")
    line.subscribe("https://old.example.com/webhooks/shopify")
    before = street.control("log", method="GET")["requests"]
    assert before["graphql Subscribe"] == len(subscriptions.TOPICS)
    line.subscribe("https://new.example.com/webhooks/shopify")
    after = street.control("log", method="GET")["requests"]
    assert after["graphql Subscribe"] == 2 * len(subscriptions.TOPICS)
    assert after["graphql Unsubscribe"] == len(subscriptions.TOPICS)
    line.farewell()
    line.farewell()
    assert street.control("log", method="GET")["requests"]["graphql Unsubscribe"] == 2 * len(
        subscriptions.TOPICS
    )


def test_an_uninstall_is_told_and_then_nothing_answers(street: Any, line: ShopAdapter) -> None:
    line.subscribe(f"{street.house.public_url}/webhooks/shopify")
    street.control("uninstall")
    street.quiet()
    changes = [change for it in street.house.kept for change in platform.read(it)]
    assert ShopRemoved(street.address) in changes
    with pytest.raises(Unauthorized):
        line.facts()
    line.farewell()


def test_after_a_storm_of_shoppers_both_shapes_still_say_the_same(street: Any, line: ShopAdapter) -> None:
    line.subscribe(f"{street.house.public_url}/webhooks/shopify")
    street.control("faults", {"seed": 7, "double": 0.2, "shuffle_seconds": 0.5})
    for name in ("anna", "bert", "carla", "dirk"):
        street.customer(name)
    street.control("live", {"per_second": 60, "seed": 7})
    street.lives(40)
    street.control("quiet")
    changes = [change for it in street.house.kept for change in platform.read(it)]
    told: dict[str, list[OrderChanged]] = {}
    for change in changes:
        if isinstance(change, OrderChanged):
            told.setdefault(change.order.id, []).append(change)
    assert len(told) > 10
    for start in range(0, len(told), 100):
        fetched = line.orders(tuple(list(told)[start : start + 100]))
        for order_id, full in fetched.items():
            assert any(_says(change, full) for change in told[order_id]), order_id
