"""Bodies: what deliveries in the inbox say, packed and sealed as long as it is needed, and erased with whom it is about."""

import re
import zlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, select, update

from connector.port import Delivery
from connector.secrets import CannotOpen, KeyRing
from connector.store.database import Tx
from connector.store.tables import inbox

# How a packed body begins; what platforms send is text, and no text begins so.
_PACKED = b"\x01"
# What we keep ourselves is named after what it is about; the shop's own messages are not.
NAMELESS = case((inbox.c.way == "found", func.concat("erased:", inbox.c.id)), else_=inbox.c.delivery_id)
_ERASED = "What this message said was erased before it could be applied."


def sealed(ring: KeyRing, shop_id: int, delivery: Delivery) -> bytes:
    """Return what the delivery says as it is kept."""
    return ring.seal(_packed(delivery.body), _place(shop_id, delivery.id))


def opened(ring: KeyRing, row: Row[Any]) -> bytes:
    """Return what the delivery of this row says; raise CannotOpen."""
    return _unpacked(ring.open(row.body_sealed, _place(row.shop_id, row.delivery_id)))


def of(tx: Tx, row: Row[Any]) -> bytes | None:
    """Return what the delivery of this row holds; None once it was erased."""
    if row.body_sealed is None:
        return None
    return opened(tx.ring, row)


def erase(tx: Tx, shop_id: int, subjects: Sequence[str]) -> int:
    """Erase the bodies of deliveries about these subjects; return how many."""
    return _erase(tx, shop_id, inbox.c.subject.in_(subjects))


def rename(tx: Tx, shop_id: int, subject: str, other: str) -> None:
    """Let deliveries about one subject be about another, whose bodies are erased; what we found was named after it."""
    about = update(inbox).where(*_of(tx, shop_id), inbox.c.subject == subject, inbox.c.body_sealed.is_(None))
    tx.run(about.values(subject=other, delivery_id=NAMELESS))


def erase_unread(tx: Tx, shop_id: int, words: Sequence[str]) -> int:
    """Erase the bodies of parked messages that nobody could read, and so name no subject, where one of these words stands.

    A word is looked for as it is written, in any case, and not within a longer number.
    """
    aside = inbox.c.state == "parked", inbox.c.subject.is_(None), inbox.c.body_sealed.is_not(None)
    sought = re.compile(
        "|".join(rf"(?<![0-9]){re.escape(word.casefold())}(?![0-9])" for word in words if word)
    )
    found = [
        row.id
        for row in (tx.all(select(inbox).where(*_of(tx, shop_id), *aside)) if any(words) else [])
        if sought.search(_said(tx, row))
    ]
    return _erase(tx, shop_id, inbox.c.id.in_(found))


def _said(tx: Tx, row: Row[Any]) -> str:
    try:
        return (of(tx, row) or b"").decode(errors="replace").casefold()
    except CannotOpen:
        return ""  # its key is gone, and with it what it said


def _erase(tx: Tx, shop_id: int, *which: ColumnElement[bool]) -> int:
    """Erase the bodies of deliveries that are through, or put aside: those nobody can apply any more. Return how many."""
    held = inbox.c.body_sealed.is_not(None)
    about = update(inbox).where(*_of(tx, shop_id), *which, inbox.c.state != "waiting", held)
    aside = inbox.c.state == "parked"
    return tx.run(
        about.values(
            body_sealed=None,
            state=case((aside, "ignored"), else_=inbox.c.state),
            result=case((aside, _ERASED), else_=inbox.c.result),
        )
    ).rowcount


def _of(tx: Tx, shop_id: int):  # type: ignore[no-untyped-def]
    return inbox.c.merchant_id == tx.merchant_id, inbox.c.shop_id == shop_id


def _place(shop_id: int, delivery_id: str) -> str:
    return f"inbox.body:{shop_id}:{delivery_id}"


def _packed(body: bytes) -> bytes:
    """Pack before sealing: sealed words do not compress, and a packed body lies within its row instead of beside it."""
    return _PACKED + zlib.compress(body, 1)


def _unpacked(body: bytes) -> bytes:
    return zlib.decompress(body[1:]) if body.startswith(_PACKED) else body
