"""What readings put aside because it cannot be read: a row of the inbox for each, one line for all where there are many."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, delete, func, select

from connector.store.database import Tx
from connector.store.tables import inbox

PREFIX = "unread:"  # of the name of such a delivery
MANY = 5  # up to so many of a kind have a line each
_FIRST = 3


class Heap(msgspec.Struct, frozen=True):
    """All of one kind in one shop that cannot be read. `id`: of the first row; `first`: the subjects of the first rows."""

    shop_id: int
    id: int
    topic: str
    count: int
    first: tuple[str, ...]


def some(tx: Tx, shop_id: int) -> bool:
    """Tell whether anything of the shop lies aside."""
    mine = select(inbox.c.id).where(*_mine(tx), inbox.c.shop_id == shop_id).limit(1)
    return tx.first(mine) is not None


def forget(tx: Tx, shop_id: int, subjects: Sequence[str]) -> None:
    """Take away the rows of what has just been read; spoilt once more, it is put aside once more."""
    if subjects:
        tx.run(delete(inbox).where(*_mine(tx), inbox.c.shop_id == shop_id, inbox.c.subject.in_(subjects)))


def heaps(tx: Tx) -> tuple[Heap, ...]:
    """Return what is too much for a line each, by shop and kind."""
    by = inbox.c.shop_id, inbox.c.topic
    much = func.count().label("much")
    many = (
        select(*by, much, func.min(inbox.c.id).label("id"))
        .where(*_mine(tx))
        .group_by(*by)
        .having(much > MANY)
        .order_by(*by)
    )
    return tuple(
        Heap(row.shop_id, row.id, row.topic, row.much, _first(tx, row.shop_id, row.topic))
        for row in tx.all(many)
    )


def in_none_of(heaps: Sequence[Heap]) -> list[ColumnElement[Any]]:
    """Return what is true of the rows that have a line of their own."""
    aside = inbox.c.state == "parked", func.left(inbox.c.delivery_id, len(PREFIX)) == PREFIX
    return [~and_(*aside, inbox.c.shop_id == one.shop_id, inbox.c.topic == one.topic) for one in heaps]


def _first(tx: Tx, shop_id: int, topic: str) -> tuple[str, ...]:
    which = *_mine(tx), inbox.c.shop_id == shop_id, inbox.c.topic == topic
    return tuple(tx.run(select(inbox.c.subject).where(*which).order_by(inbox.c.id).limit(_FIRST)).scalars())


def _mine(tx: Tx) -> tuple[ColumnElement[bool], ...]:
    named = func.left(inbox.c.delivery_id, len(PREFIX)) == PREFIX
    return inbox.c.merchant_id == tx.merchant_id, inbox.c.state == "parked", named
