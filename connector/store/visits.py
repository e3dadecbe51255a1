"""Visits inside a platform's admin: what a cookie would hold, for browsers that send none there."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from connector.secrets import fingerprint
from connector.store.database import Tx
from connector.store.tables import visits


def read(tx: Tx, sitting: str, now: datetime) -> dict[str, Any]:
    """Return what was last kept of this sitting; nothing where it is new or long over."""
    found = select(visits.c.record).where(*_this(tx, sitting), visits.c.until > now)
    record: dict[str, Any] | None = tx.value(found)
    return record or {}


def keep(tx: Tx, sitting: str, record: dict[str, Any], now: datetime, lasts: timedelta) -> None:
    """Keep this of the sitting, in place of what was kept before."""
    row = upsert(visits).values(
        merchant_id=tx.merchant_id, sitting_hash=_hash(sitting), record=record, until=now + lasts
    )
    new = {"record": row.excluded.record, "until": row.excluded.until}
    tx.run(row.on_conflict_do_update(index_elements=["merchant_id", "sitting_hash"], set_=new))


def drop_old(tx: Tx, now: datetime) -> None:
    """Erase the visits that are over."""
    tx.run(delete(visits).where(visits.c.merchant_id == tx.merchant_id, visits.c.until <= now))


def _this(tx: Tx, sitting: str) -> tuple[Any, ...]:
    return visits.c.merchant_id == tx.merchant_id, visits.c.sitting_hash == _hash(sitting)


def _hash(sitting: str) -> bytes:
    return fingerprint(b"sitting", sitting.encode())
