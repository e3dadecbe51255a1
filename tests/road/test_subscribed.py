"""Modules that Comeback set up itself: from a tick in the shop's admin to the books, by messages alone."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text

from adapters.magento import keys as magento
from adapters.magento.sandbox import events, own_module
from connector import rounds
from connector.loyalty.terms import CurrencyTerms, Terms
from connector.store import shops, tables

TERMS = Terms(currency="USD", currencies=(CurrencyTerms("USD"),), hold_days=0)
LINES = [{"title": "Candle", "quantity": 2, "price": "10.00", "sku": "C-1"}]
RIGHTS = {"mageos": "MageOS_AsyncEvents::manage", "aligent": "Aligent_AsyncEvents::manage"}


@pytest.fixture
def music(street: Any) -> Any:
    street.opens(TERMS, "magento")
    return street.keepers["magento"]


def subscribes(street: Any) -> None:
    rounds.subscribe(street.house, street.merchant_id, street.shop_ids["magento"])


def known(street: Any, order: str) -> tuple[int, int]:
    """Return what is in the books of an order: its total, and what was given back."""
    street.applies("magento")
    with street.house.database.merchant(street.merchant_id) as tx:
        row = tx.one(
            select(tables.orders.c.total, tables.orders.c.refunded).where(tables.orders.c.id == order)
        )
    return row.total, row.refunded


def earned(street: Any) -> int:
    """Return the points of all entries."""
    with street.house.database.merchant(street.merchant_id) as tx:
        return int(tx.run(text("SELECT coalesce(sum(points), 0) FROM entries")).scalar_one())


def test_once_a_right_is_ticked_what_happens_is_in_the_books_without_anybody_setting_up_a_thing(
    street: Any, music: Any
) -> None:
    for maker, right in RIGHTS.items():
        hears_by_async_events(street, music, maker, right)
    events.install(street.music, None)
    hears_by_our_own_module(street, music)


def hears_by_async_events(street: Any, music: Any, maker: Any, right: str) -> None:
    events.install(street.music, maker)
    subscribes(street)
    assert music.does("events", "GET")["subscriptions"] == []
    street.music.rights = street.music.rights | {right}
    subscribes(street)
    ann = music.does("customers", email=f"{maker}@example.com", verified=True)["id"]
    before = earned(street)
    order = music.does("orders", customer_id=ann, lines=LINES, paid=True)["id"]
    music.does("quiet")
    assert known(street, order) == (20_00, 0)
    points = earned(street) - before
    assert points > 0
    music.does(f"orders/{order}/refund", amount="5.00")
    tally = music.does("quiet")
    assert known(street, order) == (20_00, 5_00)
    assert earned(street) - before == points * 3 // 4
    assert tally["failed"] == 0


def hears_by_our_own_module(street: Any, music: Any) -> None:
    own_module.install(street.music)
    street.music.rights = street.music.rights | {"Comeback_Loyalty::config"}
    subscribes(street)
    order = music.does("orders", email="guest@example.com", lines=LINES, paid=True)["id"]
    music.does("quiet")
    assert known(street, order) == (20_00, 0)
    music.does(f"orders/{order}", "DELETE")
    assert music.does("quiet")["failed"] == 0
    street.applies("magento")
    with street.house.database.merchant(street.merchant_id) as tx:
        gone = tx.one(select(tables.orders.c.removed_at).where(tables.orders.c.id == order))
    assert gone.removed_at is not None


def test_a_secret_made_anew_is_taken_over_and_what_is_on_its_way_is_still_believed(
    street: Any, music: Any
) -> None:
    events.install(street.music, "mageos")
    street.music.rights = street.music.rights | {RIGHTS["mageos"]}
    subscribes(street)
    music.does("faults", hold=True)
    first = music.does("orders", email="first@example.com", lines=LINES, paid=True)["id"]
    with street.house.database.merchant(street.merchant_id) as tx:
        shop = shops.get(tx, street.shop_ids["magento"])
    street.house.line(shop).new_secret(street.house.now())
    music.does("faults")
    music.does("release")
    assert known(street, first) == (20_00, 0)
    subscribes(street)
    token = magento.unpacked(street.house.vault(shop).read()).events.token
    with street.music.lock:
        assert {one.verification_token for one in events.table(street.music) if one.status} == {token}
    second = music.does("orders", email="second@example.com", lines=LINES, paid=True)["id"]
    assert music.does("quiet")["failed"] == 0
    assert known(street, second) == (20_00, 0)
