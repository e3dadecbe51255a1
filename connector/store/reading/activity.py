"""What arrived from the shops and what was sent to them. Nothing personal stands in these lists."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Select, Table, func, select

from connector.store.database import Tx
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


class Sending(msgspec.Struct, frozen=True):
    """One push in the outbox."""

    shop_id: int
    id: int
    kind: Literal["marks", "coupon", "revoke"]
    subject: str
    state: SendingState
    attempts: int
    next_at: datetime
    result: str | None
    made_at: datetime
    done_at: datetime | None


class Wanted(msgspec.Struct, frozen=True):
    """Which lines to show: of one shop or all, in one state or all, going on after the line `after`."""

    shop_id: int | None = None
    state: str | None = None
    after: int | None = None


class Waiting(msgspec.Struct, frozen=True):
    """How much lies there. Parked: it needs a look by the merchant."""

    arrivals: int
    sendings: int
    parked: int


_ARRIVAL = tuple(inbox.c[name] for name in Arrival.__struct_fields__)
_SENDING = tuple(outbox.c[name] for name in Sending.__struct_fields__)


def arrivals(tx: Tx, wanted: Wanted, size: int = SIZE) -> Page[Arrival]:
    """Return what arrived, the newest first."""
    chosen = _only(select(*_ARRIVAL), inbox, tx, wanted).limit(size + 1)
    found = tuple(Arrival(**row._mapping) for row in tx.all(chosen))
    return cut(found, tuple(str(line.id) for line in found), size)


def sendings(tx: Tx, wanted: Wanted, size: int = SIZE) -> Page[Sending]:
    """Return what was sent or waits to be, the newest first."""
    chosen = _only(select(*_SENDING), outbox, tx, wanted).limit(size + 1)
    found = tuple(Sending(**row._mapping) for row in tx.all(chosen))
    return cut(found, tuple(str(line.id) for line in found), size)


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


def _only(chosen: Select[*tuple[Any, ...]], table: Table, tx: Tx, wanted: Wanted) -> Select[*tuple[Any, ...]]:
    chosen = chosen.where(table.c.merchant_id == tx.merchant_id)
    if wanted.shop_id is not None:
        chosen = chosen.where(table.c.shop_id == wanted.shop_id)
    if wanted.state is not None:
        chosen = chosen.where(table.c.state == wanted.state)
    if wanted.after is not None:
        chosen = chosen.where(table.c.id < wanted.after)
    return chosen.order_by(table.c.id.desc())
