"""The breaker of a shop's line: five failures open it, one worker probes, an answer closes it; nothing is parked."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from connector import parking, rounds
from connector.port import (
    CustomerChanged,
    CustomerTouched,
    Doubtful,
    OrderChanged,
    OutcomeUnknown,
    Refused,
    TryLater,
    Unauthorized,
)
from connector.store import breaker, shops
from connector.store.tables import inbox

SECOND = timedelta(seconds=1)


def line(world: Any) -> Any:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        return shops.get(tx, world.shop.id)


def passes(world: Any, seconds: float) -> None:
    world.later(seconds / 86400)


def breaks(world: Any, make: Any, count: int = 5) -> None:
    """Thirty tags wait, and the shop answers none of the first calls."""
    world.happen(*(make.order(n, 300, make.NOW, str(n)) for n in range(1, 31)))
    world.corner.trouble = [TryLater("no answer") for _ in range(count)]
    world.corner.calls.clear()
    for _ in range(count):
        world.push()
        passes(world, 6)


def tries(world: Any) -> list[int]:
    return [row.attempts for row in world.outbox if row.state == "waiting"]


def test_five_failures_in_a_row_open_it_and_no_call_goes_out_for_a_minute(
    world: Any, start: Any, make: Any
) -> None:
    start()
    breaks(world, make)
    assert (line(world).breaker, line(world).failures) == ("open", 5)
    assert line(world).failing_since == make.NOW
    calls = len(world.corner.calls)
    for _ in range(5):
        assert world.push() == 0
        passes(world, 10)
    assert rounds.reconcile(world.house, world.shop.merchant_id, world.shop.id, "window") is None
    assert len(world.corner.calls) == calls == 5


def test_four_failures_or_five_with_an_answer_between_them_do_not_open_it(
    world: Any, start: Any, make: Any
) -> None:
    start()
    breaks(world, make, count=4)
    assert (line(world).breaker, line(world).failures) == ("closed", 4)
    world.push()
    assert line(world).failures == 0


def test_failures_further_apart_than_a_minute_are_not_in_a_row(world: Any, start: Any, make: Any) -> None:
    start()
    world.happen(*(make.order(n, 300, make.NOW, str(n)) for n in range(1, 11)))
    world.corner.trouble = [TryLater("no answer") for _ in range(8)]
    for _ in range(8):
        world.push()
        passes(world, 61)
    assert (line(world).breaker, line(world).failures) == ("closed", 1)


@pytest.mark.parametrize(
    "answer",
    [
        TryLater("429", timedelta(seconds=0.1)),
        Refused("no such customer"),
        Doubtful("one like it is there"),
    ],
)
def test_an_answer_is_no_failure_whatever_it_says(world: Any, start: Any, make: Any, answer: Any) -> None:
    start()
    world.happen(*(make.order(n, 300, make.NOW, str(n)) for n in range(1, 11)))
    world.corner.trouble = [answer for _ in range(8)]
    for _ in range(8):
        world.push()
        passes(world, 1)
    assert line(world).breaker == "closed"


def test_a_dead_token_asks_for_reconnecting_and_opens_nothing(world: Any, start: Any, make: Any) -> None:
    start()
    world.happen(make.order(1, 300, make.NOW))
    world.corner.trouble = [Unauthorized("dead")]
    world.push()
    assert (line(world).state, line(world).breaker) == ("reconnect", "closed")


def test_the_pause_doubles_from_one_minute_to_a_quarter_of_an_hour(world: Any, start: Any, make: Any) -> None:
    assert [breaker.pause(failures).total_seconds() for failures in range(5, 12)] == [
        60, 120, 240, 480, 900, 900, 900,
    ]  # fmt: skip
    start()
    breaks(world, make)
    world.corner.trouble = [TryLater("no answer") for _ in range(3)]
    passes(world, 60)
    for minutes in (2, 4, 8):
        assert world.push() == 1
        assert line(world).probe_at - world.now == timedelta(minutes=minutes)
        passes(world, minutes * 60 - 1)
        assert world.push() == 0
        passes(world, 1)


def test_a_day_of_silence_parks_nothing_and_then_all_thirty_tags_go_out(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(CustomerTouched("2"), drain=False)
    breaks(world, make)
    before = world.now
    while world.now < before + timedelta(days=1):
        world.corner.trouble = [OutcomeUnknown("no answer")] * 9
        world.push()
        world.apply()
        passes(world, 900)
    assert {row.state for row in world.outbox} == {"waiting"}
    assert max(tries(world)) <= 2
    assert [row.state for row in world.rows(inbox)].count("parked") == 0
    world.corner.trouble = []
    assert world.push() == 30
    world.apply()
    assert line(world).breaker == "closed"
    assert {len(tags) for tags in world.corner.tags.values()} == {1}
    assert {row.state for row in world.rows(inbox)} == {"applied"}


def test_exactly_one_of_eight_workers_gets_the_probe(world: Any, start: Any, make: Any) -> None:
    start()
    breaks(world, make)
    passes(world, 61)
    barrier, got = threading.Barrier(8), list[bool]()

    def takes() -> None:
        barrier.wait()
        with world.house.database.merchant(world.shop.merchant_id) as tx:
            got.append(breaker.take_probe(tx, world.shop.id, world.now))

    workers = [threading.Thread(target=takes) for _ in range(8)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sorted(got) == [False] * 7 + [True]
    assert line(world).breaker == "half_open"
    assert world.push() == 0


def test_a_probe_whose_worker_died_is_free_again_after_two_minutes(world: Any, start: Any, make: Any) -> None:
    start()
    breaks(world, make)
    passes(world, 61)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert breaker.take_probe(tx, world.shop.id, world.now)
    passes(world, 119)
    assert world.push() == 0
    passes(world, 1)
    assert world.push() == 30


def test_what_waits_to_be_sent_probes_before_the_history_does(world: Any, start: Any, make: Any) -> None:
    start()
    breaks(world, make)
    passes(world, 61)
    world.corner.calls.clear()
    assert rounds.reconcile(world.house, world.shop.merchant_id, world.shop.id, "full") is None
    assert world.corner.calls == []
    assert world.push() == 30
    assert rounds.reconcile(world.house, world.shop.merchant_id, world.shop.id, "full") is not None


def test_an_answer_wakes_what_waited_for_it(world: Any, start: Any, make: Any) -> None:
    start()
    breaks(world, make)
    passes(world, 61)
    with world.house.database.everyone() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert breaker.take_probe(tx, world.shop.id, world.now)
        breaker.answered(tx, world.shop.id, world.now)
    with world.house.database.everyone() as connection:
        woken = set(connection.execute(text("SELECT task_name FROM procrastinate_jobs")).scalars())
    assert woken == {"apply", "push"}


def test_a_fault_of_ours_that_stays_the_same_is_parked_after_three_tries(
    world: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    odd = make.order(1, 10, make.NOW)
    world.tell(
        OrderChanged(msgspec.structs.replace(odd, total=2**63)), OrderChanged(make.order(2, 20, make.NOW))
    )
    for _ in range(4):
        passes(world, 60)
        world.apply()
    first, second = sorted(world.rows(inbox), key=lambda row: row.id)
    assert (first.state, first.attempts, first.result) == ("parked", 3, "DataError while applying it")
    assert second.state == "applied"
    assert world.sums() == {"order:1:2": 20}


def test_what_is_parked_is_tried_again_or_put_away_once_however_often_it_is_asked(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.corner.puzzling = {"1", "2"}
    world.happen(make.order(1, 300, make.NOW, "1"), make.order(2, 300, make.NOW, "2"))
    for _ in range(3):
        world.push()
        passes(world, 60)
    found = parking.everything(world.house)
    assert [(one.way, one.what, one.attempts, one.why) for one in found] == [
        ("change", "marks", 3, "ValueError while sending it")
    ] * 2
    world.corner.puzzling = {"2"}
    parking.clear(world.house, discard=False)
    parking.clear(world.house, discard=False)
    for _ in range(3):
        world.push()
        passes(world, 60)
    assert world.corner.tags == {"1": {"loyalty-silver"}}
    parking.clear(world.house, discard=True)
    parking.clear(world.house, discard=True)
    assert parking.everything(world.house) == []
    assert sorted(row.state for row in world.outbox) == ["done", "dropped"]


def test_a_platform_taken_off_offer_uses_up_no_try_of_what_waits(world: Any, start: Any, make: Any) -> None:
    start()
    shop = world.shop
    world.tell(CustomerChanged(make.person()), drain=False)
    world.tell(make.changed(make.order(1, 300, make.NOW)), drain=False)
    rounds.apply(world.house, shop.merchant_id, shop.id)
    corner = world.house.platforms.pop("corner")
    for _ in range(9):  # more often than a push is tried
        assert rounds.push(world.house, shop.merchant_id, shop.id) == 0
        world.later(6 / 24 / 60)
    assert {(row.state, row.attempts) for row in world.outbox} == {("waiting", 0)}
    world.house.platforms["corner"] = corner
    rounds.push(world.house, shop.merchant_id, shop.id)
    assert world.corner.tags["7"] == {"loyalty-silver"}
