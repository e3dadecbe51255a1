"""One request's whole road: what it brought, what was booked because of it, what went out, and what came back."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, Table, and_, select

from connector.store.database import Tx
from connector.store.tables import entries, inbox, outbox, shops

MOST = 200  # stops of one kind; a whole night's reconciliation is one request too


class Arrived(msgspec.Struct, frozen=True):
    """A delivery that came with the request."""

    shop: str
    id: int
    delivery: str
    topic: str
    way: str
    subject: str | None
    received_at: datetime
    state: str
    attempts: int
    result: str | None
    applied_at: datetime | None


class Booked(msgspec.Struct, frozen=True):
    """An entry that was booked because of it; whole points."""

    member: int
    id: int
    source: str
    rule: str
    points: int
    booked_at: datetime


class Sent(msgspec.Struct, frozen=True):
    """A push that it made necessary, and how the shop answered."""

    shop: str
    id: int
    kind: str
    subject: str
    state: str
    attempts: int
    result: str | None
    made_at: datetime
    done_at: datetime | None


class Road(msgspec.Struct, frozen=True):
    """All stops of one request, each kind by its own time, at most MOST of a kind."""

    request: str
    arrived: tuple[Arrived, ...]
    booked: tuple[Booked, ...]
    sent: tuple[Sent, ...]

    def __bool__(self) -> bool:
        return bool(self.arrived or self.booked or self.sent)


def road(tx: Tx, word: str) -> Road:
    """Return the road of a request, named by its number or by the shop's own number of a delivery it brought."""
    number = _number(tx, word)
    return Road(number, _arrived(tx, number), _booked(tx, number), _sent(tx, number))


def _number(tx: Tx, word: str) -> str:
    """Return the request behind a delivery of this id; the word itself where there is none."""
    # By way of the shops: each shop's deliveries are found by an index that leads with it.
    sought = (
        select(inbox.c.request_id)
        .join_from(shops, inbox, _same(inbox))
        .where(shops.c.merchant_id == tx.merchant_id, inbox.c.delivery_id == word)
        .where(inbox.c.request_id.is_not(None))
    )
    found = tx.value(sought.limit(1))
    return str(found) if found is not None else word


def _arrived(tx: Tx, number: str) -> tuple[Arrived, ...]:
    names = (name for name in Arrived.__struct_fields__ if name not in ("shop", "delivery"))
    fields = inbox.c.delivery_id.label("delivery"), *(inbox.c[name] for name in names)
    chosen = select(shops.c.address.label("shop"), *fields).join_from(inbox, shops, _same(inbox))
    return tuple(Arrived(**row._mapping) for row in tx.all(_of(chosen, inbox, tx, number)))


def _booked(tx: Tx, number: str) -> tuple[Booked, ...]:
    names = (name for name in Booked.__struct_fields__ if name != "member")
    chosen = select(entries.c.member_id.label("member"), *(entries.c[name] for name in names))
    return tuple(Booked(**row._mapping) for row in tx.all(_of(chosen, entries, tx, number)))


def _sent(tx: Tx, number: str) -> tuple[Sent, ...]:
    names = (name for name in Sent.__struct_fields__ if name != "shop")
    chosen = select(shops.c.address.label("shop"), *(outbox.c[name] for name in names))
    chosen = chosen.join_from(outbox, shops, _same(outbox))
    return tuple(Sent(**row._mapping) for row in tx.all(_of(chosen, outbox, tx, number)))


def _of(chosen: Select[Any], table: Table, tx: Tx, number: str) -> Select[Any]:
    mine = table.c.merchant_id == tx.merchant_id, table.c.request_id == number
    return chosen.where(*mine).order_by(table.c.id).limit(MOST)


def _same(table: Table) -> ColumnElement[bool]:
    return and_(shops.c.merchant_id == table.c.merchant_id, shops.c.id == table.c.shop_id)
