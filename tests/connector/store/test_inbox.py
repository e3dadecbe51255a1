"""How a message is kept: with the job that the queue itself would have enqueued."""

from __future__ import annotations

from connector.house import House
from connector.port import Delivery
from connector.store import inbox, queue
from connector.store.shops import Shop

_JOBS = """
SELECT queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at, status, attempts
  FROM procrastinate_jobs ORDER BY id
"""


def test_the_job_that_keeping_enqueues_is_the_one_that_the_queue_would(house: House, shop: Shop) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        assert inbox.keep(tx, shop.id, Delivery("d-1", "orders/paid", b"{}"), "found", house.now())
    with house.database.everyone() as connection:
        kept = connection.exec_driver_sql(_JOBS).all()
        connection.exec_driver_sql("DELETE FROM procrastinate_jobs")
        queue.apply(connection, shop.merchant_id, shop.id)
        assert connection.exec_driver_sql(_JOBS).all() == kept
    assert len(kept) == 1
