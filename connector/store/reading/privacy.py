"""Requests under privacy law: what was asked, what was done, and the export to hand over."""

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import select

from connector.store.database import Tx
from connector.store.reading.pages import SIZE, Page, cut
from connector.store.tables import privacy


class Request(msgspec.Struct, frozen=True):
    """One request; `exported`: there is a file to hand to the person who asked."""

    id: int
    shop_name: str
    topic: Literal["data_asked", "customer_forgotten", "shop_forgotten"]
    customer_id: str | None
    asked_at: datetime
    done_at: datetime | None
    rows: int
    exported: bool


_FIELDS = tuple(privacy.c[name] for name in Request.__struct_fields__ if name != "exported")


def requests(tx: Tx, after: int | None, size: int = SIZE) -> Page[Request]:
    """Return the requests, the newest first."""
    exported = privacy.c.export_sealed.is_not(None).label("exported")
    chosen = select(*_FIELDS, exported).where(privacy.c.merchant_id == tx.merchant_id)
    if after is not None:
        chosen = chosen.where(privacy.c.id < after)
    rows = tx.all(chosen.order_by(privacy.c.id.desc()).limit(size + 1))
    found = tuple(Request(**row._mapping) for row in rows)
    return cut(found, tuple(str(request.id) for request in found), size)


def export(tx: Tx, request_id: int) -> bytes:
    """Return the file of one request; raise LookupError where there is none."""
    sealed = tx.value(
        select(privacy.c.export_sealed).where(
            privacy.c.merchant_id == tx.merchant_id, privacy.c.id == request_id
        )
    )
    if sealed is None:
        raise LookupError(f"no export {request_id}")
    return tx.ring.open(sealed, f"privacy.export:{request_id}")
