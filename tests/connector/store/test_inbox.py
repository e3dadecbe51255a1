"""How a message is kept: packed and sealed within its row, and with the job that the queue itself would have enqueued."""

from __future__ import annotations

from sqlalchemy import select, update

from connector.house import House
from connector.port import Delivery
from connector.store import inbox, queue, tables
from connector.store.shops import Shop

_JOBS = """
SELECT queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at, status, attempts
  FROM procrastinate_jobs ORDER BY id
"""
BODY = b'{"line_items": [' + b'{"title": "A kettle", "quantity": 1, "price": "12.50"}, ' * 100 + b"{}]}"


def keep(house: House, shop: Shop, body: bytes, name: str = "d-1") -> bool:
    with house.database.merchant(shop.merchant_id) as tx:
        return inbox.keep(tx, shop.id, Delivery(name, "orders/paid", body), "found", house.now())


def test_the_job_that_keeping_enqueues_is_the_one_that_the_queue_would(house: House, shop: Shop) -> None:
    assert keep(house, shop, BODY)
    with house.database.everyone() as connection:
        kept = connection.exec_driver_sql(_JOBS).all()
        connection.exec_driver_sql("DELETE FROM procrastinate_jobs")
        queue.apply(connection, shop.merchant_id, shop.id)
        assert connection.exec_driver_sql(_JOBS).all() == kept
    assert len(kept) == 1


def test_a_body_lies_packed_and_unreadable_in_its_row_and_comes_back_whole(house: House, shop: Shop) -> None:
    assert keep(house, shop, BODY)
    with house.database.merchant(shop.merchant_id) as tx:
        row = tx.one(select(tables.inbox))
        assert len(row.body_sealed) < len(BODY) / 10
        assert b"kettle" not in row.body_sealed
        assert inbox.body(tx, row) == BODY
        assert [one.delivery.body for one in inbox.waiting(tx, shop.id, house.now(), 10)] == [BODY]


def test_a_body_that_an_earlier_version_kept_unpacked_still_opens(house: House, shop: Shop) -> None:
    assert keep(house, shop, b"{}")
    with house.database.merchant(shop.merchant_id) as tx:
        old = tx.ring.seal(BODY, f"inbox.body:{shop.id}:d-1")
        tx.run(update(tables.inbox).values(body_sealed=old))
        assert inbox.body(tx, tx.one(select(tables.inbox))) == BODY
        assert [one.delivery.body for one in inbox.waiting(tx, shop.id, house.now(), 10)] == [BODY]
