"""The outbox: pushes waiting to be sent. A push names what to change; the wanted state is read when it goes out."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import msgspec
from sqlalchemy import Connection, Row, TextClause, case, delete, func, select, text, update

from connector.store import bulk, queue, shops, tables
from connector.store.database import Tx
from connector.store.tables import outbox

PushKind = Literal["marks", "coupon", "revoke", "delete", "card"]
KINDS: tuple[PushKind, ...] = get_args(PushKind)


class Push(msgspec.Struct, frozen=True):
    """One thing to change in the shop. `subject`: a customer's id, or a coupon's (store.coupons.subject).

    `attempts` counts this one too; more than 1 means that an earlier one may have worked without our knowing.
    `request`: the number of what made it necessary (connector.trail).
    """

    shop_id: int
    id: int
    kind: PushKind
    subject: str
    attempts: int
    request: str = ""


# In words, as the indexes say it: PostgreSQL cannot tell of a placeholder that an index on a part of the rows serves.
_ANY = text("outbox.state = 'waiting'")
_FIRST = text("outbox.state = 'waiting' AND outbox.kind IN ('coupon', 'revoke')")
_LACKS = text("outbox.state = 'parked' AND outbox.lacks IS NOT NULL")

About = tuple[int, str]  # a shop and a subject
_NOBODY: Mapping[About, str] = {}


def want(tx: Tx, kind: PushKind, subjects: Collection[About], now: datetime) -> None:
    """Have these (shop, subject) pairs pushed, each once however often it is asked for; wakes the workers."""
    want_all(tx, {kind: subjects}, now)


def want_all(
    tx: Tx,
    wanted: Mapping[PushKind, Collection[About]],
    now: datetime,
    asked: Mapping[About, str] = _NOBODY,
) -> None:
    """Have all of these pushed; `asked` names the request behind a pair, where it is not the transaction's."""
    rows = [
        {
            "merchant_id": tx.merchant_id,
            "shop_id": shop_id,
            "kind": kind,
            "subject": subject,
            "state": "waiting",
            "next_at": now,
            "made_at": now,
            "request_id": asked.get((shop_id, subject), tx.request) or None,
        }
        for kind, subjects in wanted.items()
        for shop_id, subject in dict.fromkeys(subjects)
    ]
    if not rows:
        return
    new = bulk.insert(outbox, rows)
    tx.run(
        new.on_conflict_do_update(
            index_elements=["merchant_id", "shop_id", "kind", "subject"],
            index_where=text("state IN ('waiting', 'parked')"),
            # A parked push is tried again when what it should bring about has changed. One that waits keeps its
            # moment: it may be on its way right now, and a second one beside it could overtake it.
            set_={
                "state": "waiting",
                "next_at": case((outbox.c.state == "parked", new.excluded.next_at), else_=outbox.c.next_at),
                "revision": outbox.c.revision + 1,
                "request_id": new.excluded.request_id,
            },
        )
    )
    # Nobody is woken for a shop that cannot be called; when it comes back, what waits is hurried.
    for shop_id in shops.connected(tx, {shop_id for subjects in wanted.values() for shop_id, _ in subjects}):
        queue.push(tx.connection, tx.merchant_id, shop_id)


def claim(tx: Tx, shop_id: int, now: datetime, lease: timedelta, limit: int) -> list[tuple[Push, int]]:
    """Take pushes that are due, with their revisions, codes and gifts first; nobody else gets them before the lease ends.

    A first publication wants marks, a restore cards of every customer at once: a shopper who waits at the till for a code
    must not stand behind all of them.
    """
    first = _take(tx, shop_id, now, now + lease, limit, _FIRST)
    others = _take(tx, shop_id, now, now + lease, limit - len(first), _ANY) if len(first) < limit else []
    rows = sorted((*first, *others), key=lambda row: row.id)
    return [(_push(row), row.revision) for row in rows]


def _take(
    tx: Tx, shop_id: int, now: datetime, until: datetime, limit: int, which: TextClause
) -> Sequence[Row[Any]]:
    chosen = (
        select(outbox.c.id)
        .where(*_of(tx, shop_id), which, outbox.c.next_at <= now)
        .order_by(outbox.c.next_at, outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte(
            "chosen"
        )  # chosen once: within the update PostgreSQL may ask anew for each row, and take more than the limit
    )
    taken = (
        update(outbox)
        .where(*_of(tx, shop_id), outbox.c.id.in_(select(chosen.c.id)))
        .values(next_at=until, attempts=outbox.c.attempts + 1)
    )
    return tx.all(taken.returning(outbox))


def done(tx: Tx, push: Push, revision: int, result: str, now: datetime) -> None:
    """The push is through; where something newer was wanted meanwhile, it goes out again."""
    row = tx.first(
        update(outbox)
        .where(*_of(tx, push.shop_id), outbox.c.id == push.id)
        .values(
            state=case((outbox.c.revision != revision, "waiting"), else_="done"),
            next_at=now,
            attempts=0,
            result=result,
            done_at=now,
        )
        .returning(outbox.c.state)
    )
    if row is not None and row.state == "waiting":
        queue.push(tx.connection, tx.merchant_id, push.shop_id)


def try_later(tx: Tx, push: Push, at: datetime, why: str, *, counts: bool) -> None:
    """Leave the push for another try; a pause that the shop asked for does not count as one."""
    _set(tx, push, next_at=at, result=why, attempts=push.attempts - (0 if counts else 1))


def count_fault(tx: Tx, push: Push, why: str) -> int:
    """Count a fault of ours; return how often in a row it was this one."""
    same = case((outbox.c.result == why, outbox.c.faults + 1), else_=1)
    mine = update(outbox).where(*_of(tx, push.shop_id), outbox.c.id == push.id)
    return int(tx.value(mine.values(faults=same).returning(outbox.c.faults)))


def park(tx: Tx, push: Push, why: str, now: datetime, lacks: str | None = None) -> None:
    """Put the push aside until somebody has it tried again; `lacks`: or until this right is there, "" for one unnamed."""
    _set(tx, push, state="parked", result=why, done_at=now, lacks=lacks)


def drop(tx: Tx, push: Push, why: str, now: datetime) -> None:
    """The push is no longer needed."""
    _set(tx, push, state="dropped", result=why, done_at=now)


def rename(tx: Tx, shop_id: int, subject: str, other: str) -> None:
    """Let pushes about one subject be about another; those still to be sent are no longer needed."""
    open_ones = outbox.c.state.in_(("waiting", "parked"))
    new = {
        "subject": other,
        "state": case((open_ones, "dropped"), else_=outbox.c.state),
        "result": case((open_ones, "No longer needed."), else_=outbox.c.result),
    }
    tx.run(update(outbox).where(*_of(tx, shop_id), outbox.c.subject == subject).values(**new))


def find(tx: Tx, row_id: int) -> Push | None:
    """Return a parked push."""
    row = tx.first(
        select(outbox).where(
            outbox.c.merchant_id == tx.merchant_id, outbox.c.id == row_id, outbox.c.state == "parked"
        )
    )
    return None if row is None else _push(row)


def parked(tx: Tx) -> list[Push]:
    """Return every parked push of the merchant."""
    rows = tx.all(
        select(outbox)
        .where(outbox.c.merchant_id == tx.merchant_id, outbox.c.state == "parked")
        .order_by(outbox.c.id)
    )
    return [_push(row) for row in rows]


def lacking(tx: Tx, shop_id: int) -> list[tuple[Push, str]]:
    """Return what the shop's right is missing for, with the right."""
    rows = tx.all(select(outbox).where(*_of(tx, shop_id), _LACKS).order_by(outbox.c.id))
    return [(_push(row), row.lacks) for row in rows]


def shops_lacking(connection: Connection) -> list[tuple[int, int]]:
    """Return (merchant, shop) of every connected shop where something is put aside for want of a right."""
    there = outbox.join(tables.shops, outbox.c.shop_id == tables.shops.c.id)
    reached = select(outbox.c.merchant_id, outbox.c.shop_id).select_from(there)
    chosen = reached.where(_LACKS, tables.shops.c.state == "connected").distinct()
    return [(row.merchant_id, row.shop_id) for row in connection.execute(chosen)]


def again(tx: Tx, push: Push, now: datetime) -> None:
    """Bring a parked push back."""
    _set(tx, push, state="waiting", attempts=0, faults=0, next_at=now)
    queue.push(tx.connection, tx.merchant_id, push.shop_id)


def next_try(tx: Tx, shop_id: int) -> datetime | None:
    """Return when the earliest waiting push is due; None when none waits."""
    waiting = select(func.min(outbox.c.next_at)).where(*_of(tx, shop_id), outbox.c.state == "waiting")
    moment: datetime | None = tx.value(waiting)
    return moment


def shops_waiting(connection: Connection, now: datetime) -> list[tuple[int, int]]:
    """Return (merchant, shop) of every connected shop with pushes that are due."""
    due = outbox.c.state == "waiting", outbox.c.next_at <= now
    there = outbox.join(tables.shops, outbox.c.shop_id == tables.shops.c.id)
    reached = select(outbox.c.merchant_id, outbox.c.shop_id).select_from(there)
    chosen = reached.where(*due, tables.shops.c.state == "connected").distinct()
    return [(row.merchant_id, row.shop_id) for row in connection.execute(chosen)]


def pending(tx: Tx, shop_id: int, kinds: Sequence[PushKind]) -> set[str]:
    """Return the subjects of pushes of these kinds that wait, or were put aside."""
    chosen = select(outbox.c.subject).where(
        *_of(tx, shop_id), outbox.c.kind.in_(kinds), outbox.c.state.in_(("waiting", "parked"))
    )
    return set(tx.run(chosen).scalars())


def aside(tx: Tx, shop_id: int, kind: PushKind, subjects: Sequence[str]) -> list[str]:
    """Return those of these subjects of which a push of this kind was put aside."""
    chosen = select(outbox.c.subject).where(
        *_of(tx, shop_id),
        outbox.c.kind == kind,
        outbox.c.state == "parked",
        bulk.among(outbox.c.subject, subjects),
    )
    return list(tx.run(chosen).scalars())


def give_back(tx: Tx, pushes: Collection[Push], now: datetime) -> None:
    """Let go of claimed pushes that were not tried."""
    for push in pushes:
        _set(tx, push, next_at=now, attempts=push.attempts - 1)


def is_due(tx: Tx, shop_id: int, now: datetime) -> bool:
    """Tell whether a push of the shop could go out now."""
    due = select(outbox.c.id).where(*_of(tx, shop_id), outbox.c.state == "waiting", outbox.c.next_at <= now)
    return tx.value(due.limit(1)) is not None


def hurry(tx: Tx, shop_id: int, now: datetime) -> None:
    """Have everything that waits for this shop go out now."""
    tx.run(update(outbox).where(*_of(tx, shop_id), outbox.c.state == "waiting").values(next_at=now))
    queue.push(tx.connection, tx.merchant_id, shop_id)


def waiting_count(tx: Tx, shop_id: int, kinds: Sequence[PushKind] = KINDS) -> int:
    """Return how many pushes of these kinds wait."""
    waiting = outbox.c.state == "waiting", outbox.c.kind.in_(kinds)
    return int(tx.value(select(func.count()).where(*_of(tx, shop_id), *waiting)))


def closed_since(tx: Tx, shop_id: int, kind: PushKind, subjects: Sequence[str], since: datetime) -> set[str]:
    """Return those of these subjects of which a push of this kind came to its end, in whatever way, since then."""
    if not subjects:
        return set()
    over = outbox.c.state != "waiting", outbox.c.done_at > since
    mine = *_of(tx, shop_id), outbox.c.kind == kind, outbox.c.subject.in_(subjects)
    return set(tx.run(select(outbox.c.subject).where(*mine, *over)).scalars())


def drop_old(tx: Tx, now: datetime, rows: timedelta) -> None:
    """Forget pushes that are long done."""
    tx.run(
        delete(outbox).where(
            outbox.c.merchant_id == tx.merchant_id,
            outbox.c.state.in_(("done", "dropped")),
            outbox.c.done_at < now - rows,
        )
    )


def _push(row: Row[Any]) -> Push:
    return Push(row.shop_id, row.id, row.kind, row.subject, row.attempts, row.request_id or "")


def _of(tx: Tx, shop_id: int):  # type: ignore[no-untyped-def]
    return outbox.c.merchant_id == tx.merchant_id, outbox.c.shop_id == shop_id


def _set(tx: Tx, push: Push, **values: object) -> None:
    tx.run(update(outbox).where(*_of(tx, push.shop_id), outbox.c.id == push.id).values(**values))
