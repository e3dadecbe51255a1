"""The inbox: deliveries kept as they came, until they are applied."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, cast

import msgspec
from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from connector import trail
from connector.port import Delivery
from connector.secrets import CannotOpen, KeyRing
from connector.store import bodies, bulk, heard, queue
from connector.store.database import Database, Tx
from connector.store.tables import inbox

Way = Literal["webhook", "found"]
State = Literal["waiting", "applied", "ignored", "parked"]


Kept = Literal["kept", "repeat", "elsewhere"]

# All of it in one function of the database (migration 0011), so that a shop that waits for its 200 waits for one round trip.
# It announces itself first: a drain that is finishing waits for it (queue.listen), so that no row misses its job.
_KEEP = """
SELECT comeback_keep(%(merchant)s, %(shop)s, %(platform)s, %(address)s, %(delivery)s, %(way)s, %(topic)s, %(body)s,
  %(triggered)s, %(now)s, %(request)s, %(heard)s)
"""


class Sender(msgspec.Struct, frozen=True):
    """Whose a webhook is, by the address it states."""

    merchant_id: int
    shop_id: int
    platform: str
    address: str


class Waiting(msgspec.Struct, frozen=True):
    """A delivery that is to be applied. `request`: the number it came with; empty where none is known.

    `shut`: why what it says cannot be opened; its body is empty then.
    """

    id: int
    way: Way
    attempts: int
    faults: int
    result: str | None
    delivery: Delivery
    received_at: datetime
    request: str = ""
    shut: CannotOpen | None = None

    @property
    def sent_at(self) -> datetime:
        """When the shop sent it, as far as it says."""
        return min(self.delivery.triggered_at or self.received_at, self.received_at)


def keep(tx: Tx, shop_id: int, delivery: Delivery, way: Way, now: datetime) -> bool:
    """Keep the delivery and wake the worker; False when it was kept before."""
    words = _words(tx.ring, tx.merchant_id, shop_id, delivery, way, now, tx.request)
    (kept,) = tx.connection.exec_driver_sql(_KEEP, words).one()
    return bool(kept == "kept")


class Aside(msgspec.Struct, frozen=True):
    """A delivery that is kept parked, what it is about, and why."""

    delivery: Delivery
    subject: str
    why: str


def keep_aside(tx: Tx, shop_id: int, found: Sequence[Aside], now: datetime) -> int:
    """Keep what we found and cannot apply, parked; return how many were not kept before."""
    rows = [
        {
            "merchant_id": tx.merchant_id,
            "shop_id": shop_id,
            "delivery_id": one.delivery.id,
            "way": "found",
            "topic": one.delivery.topic,
            "subject": one.subject,
            "body_sealed": bodies.sealed(tx.ring, shop_id, one.delivery),
            "received_at": now,
            "state": "parked",
            "attempts": 1,
            "result": one.why,
            "applied_at": now,
            "request_id": tx.request or None,
        }
        for one in found
    ]
    if not rows:
        return 0
    new = upsert(inbox).values(rows).on_conflict_do_nothing().returning(inbox.c.id)
    return len(tx.run(new).all())


def keep_of(database: Database, sender: Sender, delivery: Delivery, now: datetime) -> Kept:
    """Keep a webhook of this sender in a transaction of its own, and wake the worker.

    Nothing is kept where the shop has meanwhile been removed or is not the sender any more: "elsewhere".
    """
    merchant, shop = sender.merchant_id, sender.shop_id
    words = _words(database.ring, merchant, shop, delivery, "webhook", now, trail.current())
    words.update(platform=sender.platform, address=sender.address)
    (kept,) = database.at_once(_KEEP, words)
    return cast(Kept, kept)


def _words(
    ring: KeyRing, merchant_id: int, shop_id: int, delivery: Delivery, way: Way, now: datetime, request: str
) -> dict[str, object]:
    return {
        "merchant": merchant_id,
        "shop": shop_id,
        "platform": None,
        "address": None,
        "delivery": delivery.id,
        "way": way,
        "topic": delivery.topic,
        "body": bodies.sealed(ring, shop_id, delivery),
        "triggered": delivery.triggered_at,
        "now": now,
        "request": request or None,
        "heard": heard.before(now) if way == "webhook" else None,
    }


def waiting(tx: Tx, shop_id: int, now: datetime, limit: int) -> list[Waiting]:
    """Return deliveries to apply now, first come first."""
    ready = inbox.c.next_at.is_(None) | (inbox.c.next_at <= now)
    rows = tx.all(
        select(inbox)
        .where(*_of(tx, shop_id), inbox.c.state == "waiting", ready)
        .order_by(inbox.c.id)
        .limit(limit)
    )
    return [_waiting(tx.ring, row) for row in rows]


def _waiting(ring: KeyRing, row: Row[Any]) -> Waiting:
    said, shut = b"", None
    try:
        said = bodies.opened(ring, row)
    except CannotOpen as error:
        shut = error  # told instead of raised: the others of its batch are not to suffer for it
    return Waiting(
        id=row.id,
        way=row.way,
        attempts=row.attempts,
        faults=row.faults,
        result=row.result,
        received_at=row.received_at,
        request=row.request_id or "",
        delivery=Delivery(id=row.delivery_id, topic=row.topic, body=said, triggered_at=row.triggered_at),
        shut=shut,
    )


def replay(tx: Tx, row_id: int) -> int | None:
    """Have a delivery applied once more whose body is still there; return its shop, None when it cannot be."""
    found: int | None = tx.value(
        update(inbox)
        .where(
            inbox.c.merchant_id == tx.merchant_id,
            inbox.c.id == row_id,
            inbox.c.state != "waiting",
            inbox.c.body_sealed.is_not(None),
        )
        .values(state="waiting", attempts=0, faults=0, next_at=None)
        .returning(inbox.c.shop_id)
    )
    return found


def hurry(tx: Tx, shop_id: int) -> None:
    """Have everything that waits for this shop applied now."""
    tx.run(update(inbox).where(*_of(tx, shop_id), inbox.c.state == "waiting").values(next_at=None))
    queue.apply(tx.connection, tx.merchant_id, shop_id)


def still_waiting(tx: Tx, shop_id: int, ids: Sequence[int]) -> set[int]:
    """Lock those of the deliveries that nobody has applied meanwhile, and nobody is applying; return their ids."""
    chosen = (
        select(inbox.c.id)
        .where(*_of(tx, shop_id), bulk.among(inbox.c.id, ids), inbox.c.state == "waiting")
        .order_by(inbox.c.id)
        .with_for_update(skip_locked=True)
    )
    return set(tx.run(chosen).scalars())


def next_try(tx: Tx, shop_id: int) -> datetime | None:
    """Return when the earliest delivery that waits for another try is due."""
    moment: datetime | None = tx.value(
        select(func.min(inbox.c.next_at)).where(*_of(tx, shop_id), inbox.c.state == "waiting")
    )
    return moment


def next_waiting(tx: Tx, shop_id: int) -> int | None:
    """Return the oldest delivery that waits, whenever it is to be tried; None when none does."""
    oldest: int | None = tx.value(
        select(func.min(inbox.c.id)).where(*_of(tx, shop_id), inbox.c.state == "waiting")
    )
    return oldest


def shops_waiting(connection: Connection, now: datetime) -> list[tuple[int, int]]:
    """Return (merchant, shop) of every shop with deliveries to apply now."""
    ready = inbox.c.next_at.is_(None) | (inbox.c.next_at <= now)
    chosen = select(inbox.c.merchant_id, inbox.c.shop_id).where(inbox.c.state == "waiting", ready).distinct()
    return [(row.merchant_id, row.shop_id) for row in connection.execute(chosen)]


def more_wait_than(connection: Connection, limit: int) -> bool:
    """Tell whether more deliveries wait, of all shops, than this."""
    chosen = select(inbox.c.id).where(inbox.c.state == "waiting").offset(limit).limit(1)
    return connection.execute(chosen).first() is not None


class Done(msgspec.Struct, frozen=True):
    """What became of a delivery. `erase`: its body is dropped."""

    id: int
    state: State
    result: str
    subject: str | None = None
    erase: bool = False


def finish(tx: Tx, shop_id: int, done: Sequence[Done], now: datetime) -> None:
    """Write down what became of these deliveries, in the transaction that made it so."""
    if not done:
        return
    # A shop's order number may hold a NUL, which PostgreSQL cannot keep.
    rows = [
        {"id": one.id, "state": one.state, "result": one.result.replace("\0", ""), "subject": one.subject}
        for one in done
    ]
    given = bulk.records(inbox, list(rows[0]), rows).subquery()
    new = {name: given.c[name] for name in ("state", "result", "subject")}
    mine = update(inbox).where(*_of(tx, shop_id))
    tx.run(mine.where(inbox.c.id == given.c.id).values(**new, applied_at=now, next_at=None))
    erased = [one.id for one in done if one.erase]
    if erased:
        tx.run(mine.where(inbox.c.id.in_(erased)).values(body_sealed=None, delivery_id=bodies.NAMELESS))


def try_later(
    tx: Tx, shop_id: int, row_id: int, attempts: int, at: datetime, why: str, faults: int = 0
) -> None:
    """Leave the delivery for another try; `faults` of ours in a row were this one."""
    _set(tx, shop_id, row_id, attempts=attempts, faults=faults, next_at=at, result=why)


def park(tx: Tx, shop_id: int, row_id: int, attempts: int, why: str, now: datetime) -> None:
    """Put the delivery aside, so that the others go on; people can have it tried again."""
    _set(tx, shop_id, row_id, state="parked", attempts=attempts, result=why, applied_at=now)


def again(tx: Tx, row_id: int | None = None) -> list[int]:
    """Bring one parked delivery (or all of them) back; return the shops concerned."""
    which = [
        inbox.c.merchant_id == tx.merchant_id,
        inbox.c.state == "parked",
        inbox.c.body_sealed.is_not(None),
    ]
    if row_id is not None:
        which.append(inbox.c.id == row_id)
    back = update(inbox).where(*which).values(state="waiting", attempts=0, faults=0, next_at=None)
    return sorted(set(tx.run(back.returning(inbox.c.shop_id)).scalars()))


def discard(tx: Tx, why: str, now: datetime, row_id: int | None = None) -> int:
    """Put one parked delivery (or all of them) away for good; return how many."""
    which = [inbox.c.merchant_id == tx.merchant_id, inbox.c.state == "parked"]
    if row_id is not None:
        which.append(inbox.c.id == row_id)
    gone = update(inbox).where(*which).values(state="ignored", result=why, applied_at=now)
    return tx.run(gone).rowcount


def close(tx: Tx, shop_id: int, why: str, now: datetime) -> None:
    """Put away for good what waits for this shop, and what it says."""
    waits = update(inbox).where(*_of(tx, shop_id), inbox.c.state == "waiting")
    tx.run(waits.values(state="ignored", result=why, applied_at=now, next_at=None, body_sealed=None))


def drop_old(tx: Tx, now: datetime, said: timedelta, rows: timedelta) -> None:
    """Erase bodies that nobody needs any more, and forget rows that can no longer be repeated."""
    settled = inbox.c.state.in_(("applied", "ignored"))
    mine = inbox.c.merchant_id == tx.merchant_id
    tx.run(
        update(inbox)
        .where(mine, settled, inbox.c.body_sealed.is_not(None), inbox.c.received_at < now - said)
        .values(body_sealed=None)
    )
    tx.run(delete(inbox).where(mine, settled, inbox.c.received_at < now - rows))


def _of(tx: Tx, shop_id: int):  # type: ignore[no-untyped-def]
    return inbox.c.merchant_id == tx.merchant_id, inbox.c.shop_id == shop_id


def _set(tx: Tx, shop_id: int, row_id: int, **values: object) -> None:
    tx.run(update(inbox).where(*_of(tx, shop_id), inbox.c.id == row_id).values(**values))
