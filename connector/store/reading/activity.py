"""What arrived from the shops and what was sent to them. Nothing personal stands in these lists."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Column, Select, Table, func, select

from connector.store import bodies, unread
from connector.store.database import Tx
from connector.store.outbox import PushKind
from connector.store.reading import sought
from connector.store.reading.pages import SIZE, Page, cut
from connector.store.tables import inbox, outbox

ArrivalState = Literal["waiting", "applied", "ignored", "parked"]
SendingState = Literal["waiting", "done", "parked", "dropped"]
ARRIVAL_STATES: tuple[ArrivalState, ...] = ("waiting", "applied", "ignored", "parked")
SENDING_STATES: tuple[SendingState, ...] = ("waiting", "done", "parked", "dropped")


class Arrival(msgspec.Struct, frozen=True):
    """One delivery in the inbox, without its body."""

    shop_id: int
    id: int
    way: str
    topic: str
    subject: str | None
    received_at: datetime
    state: ArrivalState
    attempts: int
    next_at: datetime | None
    result: str | None
    applied_at: datetime | None
    request_id: str | None


class Sending(msgspec.Struct, frozen=True):
    """One push in the outbox."""

    shop_id: int
    id: int
    kind: PushKind
    subject: str
    state: SendingState
    attempts: int
    next_at: datetime
    result: str | None
    made_at: datetime
    done_at: datetime | None
    request_id: str | None


class Wanted(msgspec.Struct, frozen=True):
    """Which lines to show, each None for all: of a shop, in a state, of a topic, about or numbered `words`.

    They lie in [since, until), and go on after the line `after`. What is in one of `heaps` is told there, not by itself.
    """

    shop_id: int | None = None
    state: str | None = None
    after: int | None = None
    topic: str | None = None
    words: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    heaps: tuple[unread.Heap, ...] = ()


class Message(msgspec.Struct, frozen=True):
    """One delivery with all that is kept of it. `body` is None once it was erased."""

    line: Arrival
    delivery: str
    triggered_at: datetime | None
    body: bytes | None


class Waiting(msgspec.Struct, frozen=True):
    """How much lies there. Parked: it needs a look by the merchant."""

    arrivals: int
    sendings: int
    parked: int


_LATEST = 1000
_ARRIVAL = tuple(inbox.c[name] for name in Arrival.__struct_fields__)
_SENDING = tuple(outbox.c[name] for name in Sending.__struct_fields__)


def arrivals(tx: Tx, wanted: Wanted, size: int = SIZE) -> Page[Arrival]:
    """Return what arrived, the newest first."""
    chosen = _only(select(*_ARRIVAL), inbox, inbox.c.received_at, tx, wanted).limit(size + 1)
    chosen = chosen.where(*unread.in_none_of(wanted.heaps))
    if wanted.topic is not None:
        chosen = chosen.where(inbox.c.topic == wanted.topic)
    if wanted.words is not None:
        chosen = chosen.where(inbox.c.id.in_(sought.arrivals(tx, wanted.words)))
    found = tuple(Arrival(**row._mapping) for row in tx.all(chosen))
    return cut(found, tuple(str(line.id) for line in found), size)


def sendings(tx: Tx, wanted: Wanted, size: int = SIZE) -> Page[Sending]:
    """Return what was sent or waits to be, the newest first."""
    chosen = _only(select(*_SENDING), outbox, outbox.c.made_at, tx, wanted).limit(size + 1)
    if wanted.topic is not None:
        chosen = chosen.where(outbox.c.kind == wanted.topic)
    if wanted.words is not None:
        chosen = chosen.where(outbox.c.id.in_(sought.sendings(tx, wanted.words)))
    found = tuple(Sending(**row._mapping) for row in tx.all(chosen))
    return cut(found, tuple(str(line.id) for line in found), size)


def topics(tx: Tx) -> tuple[str, ...]:
    """Return what the latest messages were about, to choose from."""
    mine = select(inbox.c.topic).where(inbox.c.merchant_id == tx.merchant_id)
    latest = mine.order_by(inbox.c.id.desc()).limit(_LATEST).subquery()
    return tuple(tx.run(select(latest.c.topic).distinct().order_by(latest.c.topic)).scalars())


def message(tx: Tx, row_id: int) -> Message:
    """Return a delivery with its body; raise LookupError when the merchant has none of this number."""
    row = tx.first(select(inbox).where(inbox.c.merchant_id == tx.merchant_id, inbox.c.id == row_id))
    if row is None:
        raise LookupError(f"no delivery {row_id}")
    line = Arrival(**{name: row._mapping[name] for name in Arrival.__struct_fields__})
    return Message(line, row.delivery_id, row.triggered_at, bodies.of(tx, row))


def waiting(tx: Tx) -> Waiting:
    """Count what waits and what is parked."""
    return Waiting(
        _count(tx, inbox, "waiting"),
        _count(tx, outbox, "waiting"),
        _count(tx, inbox, "parked") + _count(tx, outbox, "parked"),
    )


def _count(tx: Tx, table: Table, state: str) -> int:
    chosen = (
        select(func.count())
        .select_from(table)
        .where(table.c.merchant_id == tx.merchant_id, table.c.state == state)
    )
    return int(tx.value(chosen))


def _only(
    chosen: Select[*tuple[Any, ...]], table: Table, moment: Column[Any], tx: Tx, wanted: Wanted
) -> Select[*tuple[Any, ...]]:
    chosen = chosen.where(table.c.merchant_id == tx.merchant_id)
    if wanted.shop_id is not None:
        chosen = chosen.where(table.c.shop_id == wanted.shop_id)
    if wanted.state is not None:
        chosen = chosen.where(table.c.state == wanted.state)
    if wanted.since is not None:
        chosen = chosen.where(moment >= wanted.since)
    if wanted.until is not None:
        chosen = chosen.where(moment < wanted.until)
    if wanted.after is not None:
        chosen = chosen.where(table.c.id < wanted.after)
    return chosen.order_by(table.c.id.desc())
