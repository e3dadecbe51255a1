"""How often somebody has come within a while, counted over all processes. Only keyed hashes of who it was are kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, case, delete, literal, select, union_all, update
from sqlalchemy.dialects.postgresql import insert as upsert

from connector.secrets import KeyRing
from connector.store.tables import rates

MINUTE = timedelta(minutes=1)
LONGEST = timedelta(minutes=15)  # any limit lasts; what is older counts nobody any more


class Limit(msgspec.Struct, frozen=True):
    """At most so many of whatever `word` names while it lasts; that begins with the first of them."""

    word: str
    most: int
    lasts: timedelta = MINUTE


def count(connection: Connection, ring: KeyRing, limits: Sequence[Limit], now: datetime) -> timedelta | None:
    """Count one more under each limit; return how long to wait where one is reached, None where all hold.

    A limit is counted only where those before it hold, so that one who comes too often uses up nothing of the others'.
    One statement: two who come at the same moment at different processes are counted one after the other.
    """
    steps: list[Any] = []
    for number, limit in enumerate(limits):
        held = [
            select(step.c.count).scalar_subquery() <= before.most
            for step, before in zip(steps, limits, strict=False)
        ]
        steps.append(_one_more(ring, limit, now, held).cte(f"step_{number}"))
    asked = union_all(
        *(select(literal(number), step.c.since, step.c.count) for number, step in enumerate(steps))
    )
    waits = [
        since + limits[number].lasts - now
        for number, since, found in connection.execute(asked)
        if found > limits[number].most
    ]
    return max(waits, default=None)


def take_back(connection: Connection, ring: KeyRing, word: str) -> None:
    """Count one less of this: the last one was none of those that are to be counted."""
    connection.execute(
        update(rates).where(*_of(ring, word), rates.c.count > 0).values(count=rates.c.count - 1)
    )


def clear(connection: Connection, ring: KeyRing, word: str) -> None:
    """Begin to count anew."""
    connection.execute(delete(rates).where(*_of(ring, word)))


def drop_old(connection: Connection, now: datetime) -> None:
    """Erase what nobody is counted by any more."""
    connection.execute(delete(rates).where(rates.c.since <= now - LONGEST))


def _of(ring: KeyRing, word: str) -> tuple[Any, ...]:
    return (rates.c.word_hash == ring.word_hash("rate", word),)


def _one_more(ring: KeyRing, limit: Limit, now: datetime, held: Sequence[Any]) -> Any:
    # Without the key, a customer's number could be guessed back: there are few of them.
    word_hash = ring.word_hash("rate", limit.word)
    come = select(literal(word_hash), literal(now), literal(1)).where(and_(True, *held))
    row = upsert(rates).from_select(["word_hash", "since", "count"], come)
    # What begins long after now was begun by a machine whose clock is ahead, and would last for as long.
    goes_on = and_(rates.c.since > now - limit.lasts, rates.c.since < now + MINUTE)
    new = {
        "since": case((goes_on, rates.c.since), else_=row.excluded.since),
        "count": case((goes_on, rates.c.count + 1), else_=1),
    }
    return row.on_conflict_do_update(index_elements=["word_hash"], set_=new).returning(
        rates.c.since, rates.c.count
    )
