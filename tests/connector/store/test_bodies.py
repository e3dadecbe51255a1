"""How a body is kept: packed and sealed within its row, and opened again whichever version kept it."""

from __future__ import annotations

from sqlalchemy import select, update

from connector.house import House
from connector.port import Delivery
from connector.store import bodies, inbox, tables
from connector.store.shops import Shop

BODY = b'{"line_items": [' + b'{"title": "A kettle", "quantity": 1, "price": "12.50"}, ' * 100 + b"{}]}"


def keep(house: House, shop: Shop, body: bytes) -> bool:
    with house.database.merchant(shop.merchant_id) as tx:
        return inbox.keep(tx, shop.id, Delivery("d-1", "orders/paid", body), "found", house.now())


def test_a_body_lies_packed_and_unreadable_in_its_row_and_comes_back_whole(house: House, shop: Shop) -> None:
    assert keep(house, shop, BODY)
    with house.database.merchant(shop.merchant_id) as tx:
        row = tx.one(select(tables.inbox))
        assert len(row.body_sealed) < len(BODY) / 10
        assert b"kettle" not in row.body_sealed
        assert bodies.of(tx, row) == BODY
        assert [one.delivery.body for one in inbox.waiting(tx, shop.id, house.now(), 10)] == [BODY]


def test_a_body_that_an_earlier_version_kept_unpacked_still_opens(house: House, shop: Shop) -> None:
    assert keep(house, shop, b"{}")
    with house.database.merchant(shop.merchant_id) as tx:
        old = tx.ring.seal(BODY, f"inbox.body:{shop.id}:d-1")
        tx.run(update(tables.inbox).values(body_sealed=old))
        assert bodies.of(tx, tx.one(select(tables.inbox))) == BODY
        assert [one.delivery.body for one in inbox.waiting(tx, shop.id, house.now(), 10)] == [BODY]
