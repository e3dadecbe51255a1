"""Requests under privacy law: what was asked, what was done, and the export to hand over."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Row, case, select

from connector.store.database import Tx
from connector.store.proofs import FILE, LAW
from connector.store.reading.pages import SIZE, Page, cut
from connector.store.tables import inbox, privacy, shops


class Request(msgspec.Struct, frozen=True):
    """One request; `exported`: there is a file to hand to the person who asked, until `file_until` (None: never was)."""

    id: int
    shop_name: str
    topic: Literal["data_asked", "customer_forgotten", "shop_forgotten"]
    customer_id: str | None
    request_id: str
    asked_at: datetime
    due_at: datetime | None
    done_at: datetime | None
    rows: int
    exported: bool
    file_until: datetime | None


_MADE = ("exported", "file_until")
_FIELDS = tuple(privacy.c[name] for name in Request.__struct_fields__ if name not in _MADE)


def requests(tx: Tx, after: int | None, now: datetime, size: int = SIZE) -> Page[Request]:
    """Return the requests, the newest first."""
    until = case((privacy.c.topic == "data_asked", privacy.c.done_at + FILE)).label("file_until")
    exported = (privacy.c.export_sealed.is_not(None) & (privacy.c.done_at + FILE > now)).label("exported")
    chosen = select(*_FIELDS, exported, until).where(privacy.c.merchant_id == tx.merchant_id)
    if after is not None:
        chosen = chosen.where(privacy.c.id < after)
    rows = tx.all(chosen.order_by(privacy.c.id.desc()).limit(size + 1))
    found = tuple(Request(**row._mapping) for row in rows)
    return cut(found, tuple(str(request.id) for request in found), size)


ERASING = "shop being erased"
"""The topic of a request that no message stands for any more: the shop is out of use, and its rows are going."""


class Open(msgspec.Struct, frozen=True):
    """A request that came and is not done yet. `parked`: it was put aside and needs a look."""

    id: int
    shop_id: int
    topic: str
    received_at: datetime
    due_at: datetime
    days_left: int
    parked: bool


def unfinished(tx: Tx, topics: Sequence[str], now: datetime) -> tuple[Open, ...]:
    """Return the shops that are being erased, and the messages on these topics that wait or were put aside; oldest first."""
    open_ones = inbox.c.merchant_id == tx.merchant_id, inbox.c.state.in_(("waiting", "parked"))
    rows = tx.all(
        select(inbox).where(*open_ones, inbox.c.topic.in_(topics)).order_by(inbox.c.received_at).limit(SIZE)
    )
    return (*_erasing(tx, now), *(_open(row, row.received_at + LAW, now) for row in rows))


def _erasing(tx: Tx, now: datetime) -> Iterator[Open]:
    begun = shops.c.erasing_since.is_not(None), shops.c.forgotten_at.is_(None)
    fields = shops.c.id, shops.c.erasing_asked_at, shops.c.busy_until
    chosen = select(*fields).where(shops.c.merchant_id == tx.merchant_id, *begun)
    for row in tx.all(chosen.order_by(shops.c.erasing_asked_at)):
        due_at, put_off = row.erasing_asked_at + LAW, row.busy_until is not None
        yield Open(row.id, row.id, ERASING, row.erasing_asked_at, due_at, (due_at - now).days, put_off)


def _open(row: Row[Any], due_at: datetime, now: datetime) -> Open:
    left = (due_at - now).days
    return Open(row.id, row.shop_id, row.topic, row.received_at, due_at, left, row.state == "parked")


def export(tx: Tx, request_id: int, now: datetime) -> bytes:
    """Return the file of one request; raise LookupError where there is none, or none any more."""
    mine = privacy.c.merchant_id == tx.merchant_id, privacy.c.id == request_id
    sealed = tx.value(select(privacy.c.export_sealed).where(*mine, privacy.c.done_at + FILE > now))
    if sealed is None:
        raise LookupError(f"no export {request_id}")
    return tx.ring.open(sealed, f"privacy.export:{request_id}")
