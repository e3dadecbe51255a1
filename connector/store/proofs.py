"""Proofs of what was done under privacy law: each row a keyed hash over itself and over the proof before it.

Whoever changes, drops or slips in a row afterwards cannot make the hashes fit without SECRET_KEY.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any, Literal

import msgspec
from sqlalchemy import Row, func, insert, select, update

from connector.store.database import Tx
from connector.store.tables import privacy

LAW = timedelta(days=30)  # within which a request under privacy law must be heeded
FILE = timedelta(days=7)  # for which there is a file to hand over; whoever asks again gets a new one
Topic = Literal["data_asked", "customer_forgotten", "shop_forgotten"]
_ROOM = 6  # of the advisory lock: two shops of a merchant must not both follow the same proof


class Deed(msgspec.Struct, frozen=True):
    """What was asked and done. `request_id`: the shop's own number; `tables`: rows by table; `customer_id`, `of_shop` and
    `about` (keyed hashes) only while there is an export, to find it again for these people."""

    shop_name: str
    topic: Topic
    asked_at: datetime
    tables: Mapping[str, int]
    request_id: str = ""
    customer_id: str | None = None
    of_shop: int | None = None
    about: tuple[bytes, ...] = ()


def write_down(tx: Tx, deed: Deed, now: datetime, export: bytes | None = None) -> None:
    """Keep the proof of a request, and the export that it asked for."""
    tx.run(select(func.pg_advisory_xact_lock(_ROOM, tx.merchant_id)))
    row = tx.one(
        insert(privacy)
        .values(
            merchant_id=tx.merchant_id,
            shop_name=deed.shop_name,
            topic=deed.topic,
            customer_id=deed.customer_id,
            of_shop=deed.of_shop,
            about=list(deed.about),
            request_id=deed.request_id,
            asked_at=deed.asked_at,
            due_at=deed.asked_at + LAW,
            done_at=now,
            rows=sum(deed.tables.values()),
            tables=dict(deed.tables),
            version=version("comeback"),
        )
        .returning(privacy)
    )
    earlier = privacy.c.merchant_id == tx.merchant_id, privacy.c.id < row.id, privacy.c.proof.is_not(None)
    before = tx.value(select(privacy.c.proof).where(*earlier).order_by(privacy.c.id.desc()).limit(1))
    new: dict[str, Any] = {"proof": _proof(tx, row, before)}
    if export is not None:
        new["export_sealed"] = tx.ring.seal(export, f"privacy.export:{row.id}")
    mine = privacy.c.merchant_id == tx.merchant_id, privacy.c.id == row.id
    tx.run(update(privacy).where(*mine).values(new))


def broken(tx: Tx) -> list[int]:
    """Return the numbers of rows whose proof does not fit what they say or what stands before them."""
    proven = privacy.c.merchant_id == tx.merchant_id, privacy.c.proof.is_not(None)
    found, before = list[int](), None
    for row in tx.all(select(privacy).where(*proven).order_by(privacy.c.id)):
        if row.proof != _proof(tx, row, before):
            found.append(row.id)
        before = row.proof
    return found


def _proof(tx: Tx, row: Row[Any], before: bytes | None) -> bytes:
    said = (
        [row.merchant_id, row.id, row.shop_name, row.topic, row.request_id, row.rows, row.version],
        [moment.timestamp() for moment in (row.asked_at, row.due_at, row.done_at)],
        sorted(row.tables.items()),
        (before or b"").hex(),
    )
    return tx.ring.word_hash("privacy proof", msgspec.json.encode(said).decode())
