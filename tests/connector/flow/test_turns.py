"""A long drain lets others have their turn: the rest of it goes to the end of the queue, and nothing of it is lost."""

import asyncio
import io
import threading
from typing import Any

import pytest
from sqlalchemy import text

from connector import jobs as jobs_of_worker
from connector import rounds
from connector.rounds import messages
from connector.turn import Turn


@pytest.fixture(autouse=True)
def ten_messages_in_batches_of_two(world: Any, make: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(messages, "BATCH", 2)
    world.tell(*(make.changed(make.order(number, 10, make.NOW)) for number in range(10)), drain=False)
    with world.house.database.everyone() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))


def jobs(world: Any) -> list[str]:
    with world.house.database.everyone() as connection:
        return list(connection.execute(text("SELECT queueing_lock FROM procrastinate_jobs")).scalars())


def test_who_went_on_for_long_goes_to_the_end_of_the_queue(world: Any) -> None:
    house, where = world.house, (world.shop.merchant_id, world.shop.id)
    assert rounds.apply(house, *where, at_most=4) == 4
    assert jobs(world) == [f"apply:{world.shop.id}"], "the rest is woken for"
    assert rounds.apply(house, *where, at_most=4) == 4
    assert len(jobs(world)) == 1, "once is enough"
    assert rounds.apply(house, *where, at_most=4) == 2
    assert len(jobs(world)) == 1, "nothing is left to wake for"
    assert {row.state for row in world.rows(messages.inbox.inbox)} == {"applied"}


def test_for_the_queue_a_drain_is_over_when_it_waits_for_its_shop_and_then_goes_on(
    written: io.StringIO,
) -> None:
    shop_answers, through = threading.Event(), list[str]()

    def asks(name: str) -> None:
        with house_turn, house_turn.aside():
            assert shop_answers.wait(60)
        through.append(name)

    def breaks(name: str) -> None:
        asks(name)
        raise ValueError(name)

    async def work() -> None:
        drains = jobs_of_worker.Drains()
        await drains.run(asks, "first")
        await drains.run(breaks, "second")
        await drains.run(through.append, "asks nothing")
        assert through == ["asks nothing"], "both others wait, and hold up nobody"
        with pytest.raises(ZeroDivisionError):
            await drains.run(lambda: 1 / 0)
        shop_answers.set()
        await drains.end()
        assert sorted(through[1:]) == ["first", "second"]

    house_turn = Turn()
    asyncio.run(work())
    assert "a drain broke off" in written.getvalue()
    assert "ValueError" in written.getvalue()
