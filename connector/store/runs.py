"""Runs over a whole shop: the import of its history, and reconciliations, with how far they are."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import Connection, delete, exists, insert, select, update

from connector.store.database import Tx
from connector.store.tables import runs, shops

RunKind = Literal["import", "window", "full", "ids"]
RunState = Literal["waiting", "running", "done", "failed"]


class Run(msgspec.Struct, frozen=True):
    """One run. `checkpoint` is where to go on; `total` an estimate, None while unknown."""

    shop_id: int
    id: int
    kind: RunKind
    state: RunState
    checkpoint: str | None
    done: int
    total: int | None
    differences: int
    since: datetime | None
    until: datetime | None
    started_at: datetime
    finished_at: datetime | None
    message: str | None

    @property
    def under_way(self) -> bool:
        """Whether it goes on by itself: it works, or waits for its turn."""
        return self.state in ("waiting", "running")


_FIELDS = tuple(runs.c[name] for name in Run.__struct_fields__)


def begin(
    tx: Tx,
    shop_id: int,
    kind: RunKind,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Run:
    """Write down that a run begins."""
    row = insert(runs).values(
        merchant_id=tx.merchant_id,
        shop_id=shop_id,
        kind=kind,
        state="running",
        since=since,
        until=until,
        started_at=now,
    )
    return Run(**tx.one(row.returning(*_FIELDS))._mapping)


def latest(tx: Tx, shop_id: int, kind: RunKind) -> Run | None:
    """Return the newest run of this kind."""
    return newest(tx.connection, tx.merchant_id, shop_id, kind)


def newest(connection: Connection, merchant_id: int, shop_id: int, kind: RunKind) -> Run | None:
    """Return the newest run of this kind, in a transaction across merchants."""
    row = connection.execute(
        select(*_FIELDS)
        .where(runs.c.merchant_id == merchant_id, runs.c.shop_id == shop_id, runs.c.kind == kind)
        .order_by(runs.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else Run(**row._mapping)


def unread(tx: Tx) -> list[int]:
    """Return the shops that are being read for the first time, or whose first reading stopped: most of them is not here.

    Not a shop that has been removed: no more of it will come.
    """
    theirs = runs.c.merchant_id == shops.c.merchant_id, runs.c.shop_id == shops.c.id, runs.c.kind == "import"
    begun, read = exists().where(*theirs), exists().where(*theirs, runs.c.state == "done")
    there = shops.c.merchant_id == tx.merchant_id, shops.c.state != "removed"
    return list(tx.run(select(shops.c.id).where(*there, begun, ~read).order_by(shops.c.id)).scalars())


def explained(tx: Tx, shop_id: int) -> str | None:
    """Return by what the numbers differed when ids were compared last and none was missing; None where some were."""
    done = runs.c.kind == "ids", runs.c.state == "done"
    mine = runs.c.merchant_id == tx.merchant_id, runs.c.shop_id == shop_id
    found: str | None = tx.value(
        select(runs.c.checkpoint).where(*mine, *done).order_by(runs.c.id.desc()).limit(1)
    )
    return found


def progress(tx: Tx, run: Run, checkpoint: str, done: int, total: int | None) -> None:
    """Write down how far the run is, with the work it has done."""
    _set(tx, run, state="running", checkpoint=checkpoint, done=done, total=total, message=None)


def reaches_back(tx: Tx, run: Run, since: datetime | None) -> None:
    """Write down from when on the shop shows its orders to this run; None: all of them."""
    _set(tx, run, since=since)


def pause(tx: Tx, run: Run, message: str) -> None:
    """Write down why the run waits; it goes on by itself."""
    _set(tx, run, state="waiting", message=message)


def finish(tx: Tx, run: Run, now: datetime, done: int, differences: int = 0) -> None:
    """Write down that the run is through."""
    _set(tx, run, state="done", finished_at=now, done=done, differences=differences, message=None)


def fail(tx: Tx, run: Run, now: datetime, message: str) -> None:
    """Write down that the run cannot go on, and what to do."""
    _set(tx, run, state="failed", finished_at=now, message=message)


def drop_old(tx: Tx, now: datetime, rows: timedelta) -> None:
    """Forget windows and comparisons of ids that found nothing; a polled shop has thousands of them a day."""
    dull = runs.c.kind.in_(("window", "ids")), runs.c.differences == 0, runs.c.state != "running"
    tx.run(delete(runs).where(runs.c.merchant_id == tx.merchant_id, *dull, runs.c.started_at < now - rows))


def _set(tx: Tx, run: Run, **values: object) -> None:
    tx.run(
        update(runs)
        .where(runs.c.merchant_id == tx.merchant_id, runs.c.shop_id == run.shop_id, runs.c.id == run.id)
        .values(**values)
    )
