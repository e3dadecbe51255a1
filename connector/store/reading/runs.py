"""Imports and reconciliations, as they run and as they ended."""

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import distinct_on

from connector.store.database import Tx
from connector.store.reading.pages import SIZE, Page, cut
from connector.store.runs import Run
from connector.store.tables import coupons, marks, runs

_FIELDS = tuple(runs.c[name] for name in Run.__struct_fields__)


def imports(tx: Tx) -> dict[int, Run]:
    """Return the latest import of every shop that had one, by shop."""
    rows = tx.all(
        select(*_FIELDS)
        .ext(distinct_on(runs.c.shop_id))
        .where(runs.c.merchant_id == tx.merchant_id, runs.c.kind == "import")
        .order_by(runs.c.shop_id, runs.c.id.desc())
    )
    return {row.shop_id: Run(**row._mapping) for row in rows}


def checks(tx: Tx, after: int | None, size: int = SIZE) -> Page[Run]:
    """Return reconciliations, the newest first, going on after the one with this id."""
    chosen = select(*_FIELDS).where(runs.c.merchant_id == tx.merchant_id, runs.c.kind != "import")
    if after is not None:
        chosen = chosen.where(runs.c.id < after)
    rows = tx.all(chosen.order_by(runs.c.id.desc()).limit(size + 1))
    found = tuple(Run(**row._mapping) for row in rows)
    return cut(found, tuple(str(run.id) for run in found), size)


def marked(tx: Tx) -> bool:
    """Does a tag, a group or a code of ours stand in a shop?"""
    tagged = exists().where(marks.c.merchant_id == tx.merchant_id, marks.c.known != [])
    coded = exists().where(coupons.c.merchant_id == tx.merchant_id, coupons.c.state == "live")
    return bool(tx.value(select(tagged | coded)))
