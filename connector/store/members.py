"""Members: who settles alone, who is due, and who lives on as another."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, func, insert, literal, or_, select, update

from connector.store import bulk
from connector.store.database import Tx
from connector.store.tables import customers, members


def new(tx: Tx, count: int, now: datetime, due_at: datetime | None = None) -> list[int]:
    """Make so many members; return their ids."""
    if count == 0:
        return []
    moment = members.c.created_at.type
    alike = select(literal(tx.merchant_id), literal(now, moment), literal(due_at, moment))
    each = alike.select_from(func.generate_series(1, count).table_valued("number"))
    names = ("merchant_id", "created_at", "due_at")
    made = insert(members).from_select(names, each).returning(members.c.id)
    return list(tx.run(made).scalars())


def lock(tx: Tx, member_ids: Iterable[int]) -> list[int]:
    """Lock the members, one settlement at a time; return the survivors they live on as. Closed ones are left alone."""
    wanted = sorted(set(member_ids))
    mine = members.c.merchant_id == tx.merchant_id
    rows = tx.all(
        select(members.c.id, members.c.survivor_id)
        .where(mine, bulk.among(members.c.id, wanted), members.c.closed_at.is_(None))
        .order_by(members.c.id)
        .with_for_update()
    )
    moved = {row.survivor_id for row in rows if row.survivor_id is not None}
    alive = {row.id for row in rows if row.survivor_id is None}
    return sorted(alive.union(lock(tx, moved - alive)) if moved else alive)


def due(tx: Tx, now: datetime, limit: int, unread: Sequence[int] = ()) -> list[int]:
    """Lock and return members whose moment has come; who is a customer of a shop in `unread` waits."""
    come = [members.c.merchant_id == tx.merchant_id, members.c.due_at <= now]
    if unread:
        come.append(~_customer_of(unread))
    chosen = (
        select(members.c.id)
        .where(*come)
        .order_by(members.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(tx.run(chosen).scalars())


def waiting(tx: Tx, member_ids: Iterable[int], unread: Sequence[int]) -> set[int]:
    """Return who of these is a customer of a shop in `unread`."""
    if not unread:
        return set()
    mine = members.c.merchant_id == tx.merchant_id, bulk.among(members.c.id, sorted(member_ids))
    return set(tx.run(select(members.c.id).where(*mine, _customer_of(unread))).scalars())


def make_due(tx: Tx, now: datetime, member_ids: Sequence[int] | None = None) -> None:
    """Have these members (or all) settled soon. Who is due already is locked and not written again."""
    which = [*_living(tx)]
    if member_ids is not None:
        which.append(bulk.among(members.c.id, member_ids))
    # Locked all the same: whoever is settling one of them has not seen what this transaction brings, and will write
    # down when to ask again; that is waited for, and seen.
    held = select(members.c.id, members.c.due_at).where(*which).order_by(members.c.id)
    theirs = held.with_for_update(key_share=True).cte("theirs")
    late = or_(theirs.c.due_at.is_(None), theirs.c.due_at > now)
    mine = members.c.merchant_id == tx.merchant_id, members.c.id == theirs.c.id
    tx.run(update(members).where(*mine, late).values(due_at=now))


def put_off(tx: Tx, until: datetime, member_ids: Sequence[int]) -> None:
    """Have these members wait until then, due or not."""
    theirs = members.c.merchant_id == tx.merchant_id, bulk.among(members.c.id, member_ids)
    tx.run(update(members).where(*theirs).values(due_at=until))


def chunk(tx: Tx, after: int, limit: int) -> list[int]:
    """Return living members in the order of their ids, from behind `after` on."""
    chosen = (
        select(members.c.id).where(*_living(tx), members.c.id > after).order_by(members.c.id).limit(limit)
    )
    return list(tx.run(chosen).scalars())


def close(tx: Tx, member_ids: Sequence[int], now: datetime) -> None:
    """Note that these members are nobody's any more: what is booked stays, and nothing follows from it."""
    theirs = bulk.among(members.c.id, member_ids) | bulk.among(members.c.survivor_id, member_ids)
    gone = update(members).where(members.c.merchant_id == tx.merchant_id, theirs)
    tx.run(gone.values(closed_at=now, due_at=None, pending=0, tier=None, tier_until=None, order_count=0))


def merchants_due(connection: Connection, now: datetime) -> list[int]:
    """Return the merchants with members whose moment has come."""
    due_now = select(members.c.merchant_id).where(members.c.due_at <= now).distinct()
    return list(connection.execute(due_now).scalars())


def give(tx: Tx, gone: int, kept: int) -> None:
    """Let one member live on as another: customers move, and who pointed to the one points to the other."""
    tx.run(
        update(customers)
        .where(customers.c.merchant_id == tx.merchant_id, customers.c.member_id == gone)
        .values(member_id=kept)
    )
    tx.run(
        update(members)
        .where(
            members.c.merchant_id == tx.merchant_id,
            or_(members.c.id == gone, members.c.survivor_id == gone),
        )
        .values(
            survivor_id=kept, due_at=None, balance=0, pending=0, order_count=0, tier=None, tier_until=None
        )
    )


def _customer_of(shop_ids: Sequence[int]):  # type: ignore[no-untyped-def]
    theirs = customers.c.merchant_id == members.c.merchant_id, customers.c.member_id == members.c.id
    return exists().where(*theirs, customers.c.shop_id.in_(shop_ids))


def _living(tx: Tx):  # type: ignore[no-untyped-def]
    mine = members.c.merchant_id == tx.merchant_id
    return mine, members.c.survivor_id.is_(None), members.c.closed_at.is_(None)
