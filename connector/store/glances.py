"""The figures of large merchants as they were last counted (insight.glance)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from connector.store.database import Tx
from connector.store.tables import glances


def get(tx: Tx) -> object | None:
    """Return the record last kept; None when there is none."""
    found: object | None = tx.value(select(glances.c.record).where(glances.c.merchant_id == tx.merchant_id))
    return found


def keep(tx: Tx, at: datetime, record: object) -> None:
    """Keep a record in place of the last one."""
    row = upsert(glances).values(merchant_id=tx.merchant_id, at=at, record=record)
    tx.run(
        row.on_conflict_do_update(
            index_elements=["merchant_id"], set_={"at": row.excluded.at, "record": row.excluded.record}
        )
    )
