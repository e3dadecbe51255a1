"""The worker: woken by the queue, by the sweep where nobody woke it, and never in the shop's way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connector import jobs, places, rounds
from connector.flow import welcoming
from connector.port import CustomerChanged, Installed, ShopFacts, TryLater
from connector.rounds import upkeep
from connector.store import queue


def until(true: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def worker(world: Any) -> Any:
    stop = threading.Event()
    thread = threading.Thread(target=jobs.run_worker, args=(world.house, stop))
    thread.start()
    yield stop
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


def test_a_message_is_applied_and_its_tags_pushed_without_anybody_asking(
    world: Any, start: Any, make: Any, worker: Any
) -> None:
    start()
    world.tell(CustomerChanged(make.person()), drain=False)
    world.corner.order_book["1"] = make.order(1, 300, make.NOW)
    world.tell(*(make.changed(world.corner.order_book["1"]),), drain=False)
    assert until(lambda: world.corner.tags.get("7") == {"loyalty-silver"})
    assert world.balance() == 300


def test_work_whose_job_was_lost_is_found_by_the_sweep(world: Any, start: Any, make: Any) -> None:
    start()
    world.tell(make.changed(make.order(1, 300, make.NOW)), drain=False)
    with world.house.database.everyone() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
    jobs.sweep(world.house)
    with world.house.database.everyone() as connection:
        found = set(connection.execute(text("SELECT task_name FROM procrastinate_jobs")).scalars())
    assert "apply" in found


@pytest.mark.parametrize(
    ("hours_ago", "now", "wanted"),
    [
        (21, datetime(2026, 11, 20, 2, 30, tzinfo=UTC), True),  # 03:30 in Amsterdam
        (21, datetime(2026, 11, 20, 12, 0, tzinfo=UTC), False),
        (19, datetime(2026, 11, 20, 2, 30, tzinfo=UTC), False),
        (37, datetime(2026, 11, 20, 12, 0, tzinfo=UTC), True),
    ],
)
def test_a_shop_is_read_in_full_in_its_own_night(hours_ago: int, now: datetime, wanted: bool) -> None:
    last = now - timedelta(hours=hours_ago)
    assert upkeep.wants_all(last, "Europe/Amsterdam", now) is wanted


def test_a_shop_in_a_zone_that_nobody_knows_is_read_by_the_clock_of_utc() -> None:
    last, night = datetime(2026, 11, 19, 4, tzinfo=UTC), datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
    for zone in ("Mars/Olympus", "", "../etc/passwd", "Europe"):
        assert upkeep.wants_all(last, zone, night)
        assert not upkeep.wants_all(last, zone, night + timedelta(hours=2))


def test_a_hint_that_finds_no_place_is_not_forgotten(
    world: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shop said that something changed, and both places of this worker are taken by calls that hang."""
    start()
    monkeypatch.setattr(places, "AT_ONCE_PER_SHOP", 0)
    stop = threading.Event()
    with world.house.database.everyone() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
        queue.reconcile(connection, world.shop.merchant_id, world.shop.id, "window")
        queue.subscribe(connection, world.shop.merchant_id, world.shop.id)
    thread = threading.Thread(target=jobs.run_worker, args=(world.house, stop))
    thread.start()

    def later() -> list[str]:
        question = (
            "SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo' AND scheduled_at IS NOT NULL"
        )
        with world.house.database.everyone() as connection:
            return [str(one) for one in connection.execute(text(question)).scalars()]

    try:
        wanted = {f"reconcile:window:{world.shop.id}:later", f"subscribe:{world.shop.id}"}
        assert until(lambda: wanted <= set(later()))
    finally:
        stop.set()
        thread.join(60)


def test_the_tidying_erases_bodies_after_a_week_and_rows_after_five(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(make.changed(make.order(1, 10, make.NOW)))
    world.later(8)
    jobs.tidy(world.house)
    from connector.store.tables import inbox

    assert [row.body_sealed for row in world.rows(inbox)] == [None]
    world.later(30)
    jobs.tidy(world.house)
    assert world.rows(inbox) == []


def test_whoever_asks_for_a_reconciliation_waits_for_the_one_under_way(
    world: Any, start: Any, make: Any
) -> None:
    start()
    database, shop = world.house.database, world.shop
    with database.alone("reconcile full", shop.id):
        assert rounds.reconcile(world.house, shop.merchant_id, shop.id, "full") is None
        done: list[Any] = []
        asking = threading.Thread(
            target=lambda: done.append(
                rounds.reconcile(world.house, shop.merchant_id, shop.id, "full", patience=60)
            )
        )
        asking.start()
        time.sleep(0.5)
        assert done == []
    asking.join(60)
    assert [run.differences for run in done] == [0]


def test_a_merchant_who_cannot_be_tidied_keeps_none_of_the_others_from_it(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = ShopFacts("second.example", "Second", "EUR", "Europe/Amsterdam")
    welcoming.welcome(world.house.database, world.corner, Installed(facts, b"tokens"), world.now)
    first, second = world.house.merchants()
    tidied, drop_old = list[int](), upkeep.outbox.drop_old

    def breaks(tx: Any, *words: Any) -> None:
        if tx.merchant_id == first:
            raise ValueError("a row that nobody expected")
        drop_old(tx, *words)
        tidied.append(tx.merchant_id)

    monkeypatch.setattr(upkeep.outbox, "drop_old", breaks)
    with pytest.raises(ExceptionGroup, match="not all was tidied"):
        upkeep.tidy(world.house)
    assert tidied == [second]


def test_every_day_the_access_to_every_shop_is_looked_over(world: Any) -> None:
    jobs.tidy(world.house)
    with world.house.database.everyone() as connection:
        found = set(connection.execute(text("SELECT task_name FROM procrastinate_jobs")).scalars())
    assert {"subscribe", "keep_alive"} <= found
    shop = world.shop
    world.corner.trouble.append(TryLater("no answer"))
    rounds.keep_alive(world.house, shop.merchant_id, shop.id)
    assert world.corner.calls[-1] == "keep_alive"
