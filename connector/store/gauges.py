"""How much lies where, over all merchants, by a handful of questions that indexes answer.

None of them reads the inbox, the orders or the ledger from end to end; what is counted one by one is counted up to MOST.
"""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, Table, column, func, select, text, true

from connector.store.tables import inbox, members, outbox, runs, shops

MOST = 200_000  # as far as messages are counted; more says the same


class Waiting(msgspec.Struct, frozen=True):
    """What waits in a box, up to MOST, and since when the oldest does."""

    count: int
    since: datetime | None


class Imports(msgspec.Struct, frozen=True):
    """Imports under way: how many, objects kept so far, and about how many there are. `total` is 0 while unknown."""

    running: int
    done: int
    total: int


class Standing(msgspec.Struct, frozen=True):
    """How many shops of a platform there are in each state, are left alone for a while, and have an open breaker."""

    platform: str
    connected: int
    reconnect: int
    removed: int
    left_alone: int
    open: int


class Gauges(msgspec.Struct, frozen=True):
    """Everything that is measured by looking. `due_since`: when the member who waits longest became due.

    `unheeded_since`: when the oldest message of `privacy_topics` came that is not acted upon, or not to its end.
    """

    inbox: Waiting
    outbox: Waiting
    parked_inbox: int
    parked_outbox: dict[str, int]
    due_since: datetime | None
    unheeded_since: datetime | None
    imports: Imports
    shops: tuple[Standing, ...]
    database_bytes: int


def read(connection: Connection, privacy_topics: tuple[str, ...], now: datetime) -> Gauges:
    """Measure everything; a few milliseconds, however many messages and orders there are."""
    due = select(func.min(members.c.due_at)).where(members.c.due_at.is_not(None), members.c.due_at <= now)
    return Gauges(
        inbox=Waiting(_count(connection, inbox, "waiting"), _oldest(connection, inbox, "received_at", "id")),
        outbox=Waiting(
            _count(connection, outbox, "waiting"), _oldest(connection, outbox, "made_at", "made_at")
        ),
        parked_inbox=_count(connection, inbox, "parked"),
        parked_outbox=_parked(connection),
        due_since=connection.execute(due).scalar(),
        unheeded_since=_unheeded(connection, privacy_topics),
        imports=_imports(connection),
        shops=_shops(connection, now),
        database_bytes=int(
            connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        ),
    )


def _count(connection: Connection, table: Table, state: str) -> int:
    some = select(true().label("one")).where(table.c.state == state).limit(MOST).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def _oldest(connection: Connection, table: Table, moment: str, by: str) -> datetime | None:
    """Return when the oldest waiting row came: the first of each shop, whom the index of those that wait leads to."""
    first = (
        select(table.c[moment].label("moment"))
        .where(table.c.shop_id == shops.c.id, table.c.state == "waiting")
        .order_by(table.c[by])
        .limit(1)
        .lateral("first")
    )
    chosen: Select[Any] = select(func.min(column("moment"))).select_from(shops)
    found: datetime | None = connection.execute(chosen.join(first, true())).scalar()
    return found


def _unheeded(connection: Connection, topics: tuple[str, ...]) -> datetime | None:
    topical = inbox.c.state.in_(("waiting", "parked")), inbox.c.topic.in_(topics)
    begun = shops.c.erasing_since.is_not(None), shops.c.forgotten_at.is_(None)
    oldest = select(func.min(inbox.c.received_at).label("since")).where(*topical)
    erasing = select(func.min(shops.c.erasing_asked_at).label("since")).where(*begun)
    both = oldest.union_all(erasing).subquery()
    found: datetime | None = connection.execute(select(func.min(both.c.since))).scalar()
    return found


def _parked(connection: Connection) -> dict[str, int]:
    parked = func.count().label("parked")
    chosen = select(outbox.c.kind, parked).where(outbox.c.state == "parked").group_by(outbox.c.kind)
    return {row.kind: row.parked for row in connection.execute(chosen)}


def _imports(connection: Connection) -> Imports:
    known = func.greatest(func.coalesce(runs.c.total, 0), runs.c.done)
    chosen = select(
        func.count(), func.coalesce(func.sum(runs.c.done), 0), func.coalesce(func.sum(known), 0)
    ).where(runs.c.kind == "import", runs.c.state.in_(("waiting", "running")))
    running, done, total = connection.execute(chosen).one()
    return Imports(int(running), int(done), int(total))


def _shops(connection: Connection, now: datetime) -> tuple[Standing, ...]:
    connected = shops.c.state == "connected"
    chosen = (
        select(
            shops.c.platform,
            *(_how_many(shops.c.state == state, state) for state in ("connected", "reconnect", "removed")),
            _how_many(connected & (shops.c.busy_until > now), "left_alone"),
            _how_many(connected & shops.c.probe_at.is_not(None), "open"),
        )
        .where(shops.c.forgotten_at.is_(None))
        .group_by(shops.c.platform)
        .order_by(shops.c.platform)
    )
    return tuple(Standing(**row._mapping) for row in connection.execute(chosen))


def _how_many(which: ColumnElement[bool], name: str) -> ColumnElement[Any]:
    return func.count().filter(which).label(name)
