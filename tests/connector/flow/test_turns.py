"""A long drain lets others have their turn: the rest of it goes to the end of the queue, and nothing of it is lost."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from connector import rounds
from connector.rounds import messages
from connector.turn import Turn


class Wanted(Turn):
    """A turn that somebody else always waits for."""

    wanted = True


@pytest.fixture(autouse=True)
def ten_messages_in_batches_of_two(world: Any, make: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(messages, "BATCH", 2)
    world.tell(*(make.changed(make.order(number, 10, make.NOW)) for number in range(10)), drain=False)
    with world.house.database.everyone() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))


def jobs(world: Any) -> list[str]:
    with world.house.database.everyone() as connection:
        return list(connection.execute(text("SELECT queueing_lock FROM procrastinate_jobs")).scalars())


def test_who_went_on_for_long_while_others_wait_goes_to_the_end_of_the_queue(world: Any) -> None:
    house = msgspec.structs.replace(world.house, turn=Wanted())
    where = world.shop.merchant_id, world.shop.id
    assert rounds.apply(house, *where, at_most=4) == 4
    assert jobs(world) == [f"apply:{world.shop.id}"], "the rest is woken for"
    assert rounds.apply(house, *where, at_most=4) == 4
    assert len(jobs(world)) == 1, "once is enough"
    assert rounds.apply(house, *where, at_most=4) == 2
    assert {row.state for row in world.rows(messages.inbox.inbox)} == {"applied"}


def test_while_nobody_else_waits_it_goes_on_to_the_end(world: Any) -> None:
    assert rounds.apply(world.house, world.shop.merchant_id, world.shop.id, at_most=4) == 10
    assert jobs(world) == []
