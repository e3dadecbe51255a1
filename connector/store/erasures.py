"""Erasures: a shop is emptied in portions, and how far that is stands with the shop, so that one that broke off goes on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    any_,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)

from connector.secrets import random_word
from connector.store import bulk
from connector.store.database import Tx
from connector.store.people import Owner, in_shop, owners
from connector.store.shops import CLOSED
from connector.store.tables import cards, code_uses, coupons, customers, marks, metadata, orders, shops


class Erasure(msgspec.Struct, frozen=True):
    """What was asked for, and the number of rows that went so far, by table."""

    shop_name: str
    asked_at: datetime
    rows: Mapping[str, int]


def begin(tx: Tx, shop_id: int, asked_at: datetime, now: datetime, rows: Mapping[str, int]) -> None:
    """Take a shop out of use for good: nobody gets in with its tokens, and what comes to its address is another shop."""
    word = random_word(16)
    _set(
        tx,
        shop_id,
        address=f"forgotten {word}",
        addresses=[],
        sign_hash=None,
        key=random_word(16),
        state="removed",
        removed_at=func.coalesce(shops.c.removed_at, now),
        tokens_sealed=None,
        busy_until=None,
        restored_from=None,
        look_again_at=None,
        erasing_since=now,
        erasing_asked_at=asked_at,
        erased_rows=dict(rows),
        **CLOSED,
    )


def count(tx: Tx, shop_id: int, rows: Mapping[str, int]) -> None:
    """Note that so many rows more went; the caller holds the shop."""
    so_far = Counter(under_way(tx, shop_id).rows)
    so_far.update(rows)
    _set(tx, shop_id, erased_rows=dict(so_far))


def under_way(tx: Tx, shop_id: int) -> Erasure:
    """Return how far the erasing of this shop is."""
    mine = shops.c.merchant_id == tx.merchant_id, shops.c.id == shop_id
    row = tx.one(select(shops.c.name, shops.c.erasing_asked_at, shops.c.erased_rows).where(*mine))
    return Erasure(row.name, row.erasing_asked_at, row.erased_rows)


def end(tx: Tx, shop_id: int, now: datetime) -> None:
    """Note that nothing is left of a shop but its number."""
    _set(tx, shop_id, name="", forgotten_at=now)


def left(connection: Connection, now: datetime) -> list[tuple[int, int]]:
    """Return (merchant, shop) of every shop whose erasing has begun and not ended, unless that was put off."""
    chosen = select(shops.c.merchant_id, shops.c.id).where(
        shops.c.erasing_since.is_not(None),
        shops.c.forgotten_at.is_(None),
        or_(shops.c.busy_until.is_(None), shops.c.busy_until <= now),
    )
    return [(row.merchant_id, row.id) for row in connection.execute(chosen.order_by(shops.c.id))]


def portion(tx: Tx, shop_id: int, limit: int, spared: Sequence[int]) -> list[int]:
    """Return the first so many of the shop's members without the spared ones, and whose codes they used there.

    Once the orders are gone such a code looks unused, and its points would be given back.
    """
    found = set[int]()
    new = set(in_shop(tx, shop_id, limit, spared))
    while new:
        found |= new
        used = select(code_uses.c.code).where(
            code_uses.c.merchant_id == tx.merchant_id,
            code_uses.c.shop_id == shop_id,
            code_uses.c.order_id.in_(_bought(tx, shop_id, _theirs(_here(tx, shop_id, sorted(new))))),
        )
        mine = coupons.c.merchant_id == tx.merchant_id, coupons.c.shop_id == shop_id
        new = (
            set(tx.run(select(coupons.c.member_id).where(*mine, coupons.c.code.in_(used))).scalars()) - found
        )
    return sorted(found)


def people(tx: Tx, shop_id: int, member_ids: Sequence[int]) -> Counter[str]:
    """Delete what the shop has of these members and what they bought there; return the number of rows by table."""
    here = _here(tx, shop_id, member_ids)
    theirs = _theirs(here)
    bought = _bought(tx, shop_id, theirs)
    gone = Counter({"code_uses": _delete(tx, shop_id, code_uses, code_uses.c.order_id.in_(bought))})
    gone["orders"] = _delete(tx, shop_id, orders, theirs)
    ids = [owner.customer_id for owner in here]
    for table in (coupons, marks, cards):
        gone[table.name] = _delete(tx, shop_id, table, bulk.among(table.c.customer_id, ids))
    gone["customers"] = _delete(tx, shop_id, customers, bulk.among(customers.c.id, ids))
    return gone


def _here(tx: Tx, shop_id: int, member_ids: Sequence[int]) -> list[Owner]:
    return [owner for owner in owners(tx, member_ids) if owner.shop_id == shop_id]


def _theirs(here: Sequence[Owner]) -> ColumnElement[bool]:
    """Return which of their shop's orders go with these customers.

    Guest orders go with who claims them: before that, whose points they gave would be settled without them; after it,
    the next to come would claim them. Those that nobody claims go with the rest.
    """
    claims = [owner.claims for owner in here if owner.claims is not None]
    ids = [owner.customer_id for owner in here]
    return or_(bulk.among(orders.c.customer_id, ids), bulk.among(orders.c.guest_hash, claims))


def _bought(tx: Tx, shop_id: int, which: ColumnElement[bool]) -> Select[tuple[str]]:
    return select(orders.c.id).where(
        orders.c.merchant_id == tx.merchant_id, orders.c.shop_id == shop_id, which
    )


def others(tx: Tx, shop_id: int, limit: int) -> Counter[str]:
    """Delete at most so many of the rows that a shop still has; return their number by table."""
    gone = Counter[str]()
    # What refers to other rows goes before them.
    for table in reversed(metadata.sorted_tables):
        if "shop_id" in table.c and gone.total() < limit:
            part = table.alias("part")
            chosen: Select[Any] = (
                select(literal_column("part.ctid"))
                .select_from(part)
                .where(part.c.merchant_id == tx.merchant_id, part.c.shop_id == shop_id)
                .limit(limit - gone.total())
            )
            here = literal_column(f"{table.name}.ctid") == any_(func.array(chosen.scalar_subquery()))
            gone[table.name] = _delete(tx, shop_id, table, here)
    return gone


def _delete(tx: Tx, shop_id: int, table: Table, which: ColumnElement[bool]) -> int:
    mine = table.c.merchant_id == tx.merchant_id, table.c.shop_id == shop_id
    return tx.run(delete(table).where(*mine, which)).rowcount


def _set(tx: Tx, shop_id: int, **values: object) -> None:
    tx.run(update(shops).where(shops.c.merchant_id == tx.merchant_id, shops.c.id == shop_id).values(**values))
