"""Codes of ours that more than one order carries: some shops let a once-only code pass again, for guests above all."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, and_, func, select

from connector.records import GIFTS
from connector.store import bulk
from connector.store.database import Tx
from connector.store.tables import code_uses, coupons, orders

SHOWN_FOR = timedelta(days=30)  # behind the last order with the code


class Reused(msgspec.Struct, frozen=True):
    """A code that should work once, and the shop's own numbers of the orders that carry it, the first one first.

    `guest`: a guest placed one of them. `last_at`: when the last one was placed.
    """

    shop_id: int
    member_id: int
    code: str
    title: str
    orders: tuple[str, ...]
    guest: bool
    last_at: datetime


def found(tx: Tx, now: datetime, size: int = 20) -> tuple[Reused, ...]:
    """Return the codes on two orders and more that were not cancelled, the latest use first."""
    # Step by step, because nearly every code is used once, and the planner, until it has counted, believes otherwise.
    mine = code_uses.c.merchant_id == tx.merchant_id
    several = select(code_uses.c.code).where(mine).group_by(code_uses.c.code).having(func.count() > 1)
    uses = _uses(tx, _ours(tx, list(tx.run(several).scalars())))
    told = [_reused(rows) for rows in uses.values() if len(rows) > 1]
    lately = [one for one in told if one.last_at > now - SHOWN_FOR]
    return tuple(sorted(lately, key=lambda one: (one.last_at, one.code), reverse=True)[:size])


def _ours(tx: Tx, codes: Sequence[str]) -> list[str]:
    if not codes:
        return []
    mine = coupons.c.merchant_id == tx.merchant_id, coupons.c.kind.not_in(GIFTS)
    return list(tx.run(select(coupons.c.code).where(*mine, bulk.among(coupons.c.code, codes))).scalars())


def _uses(tx: Tx, codes: Sequence[str]) -> dict[tuple[int, str], list[Row[Any]]]:
    """Return the orders that use these codes, by shop and code, first placed first; undone and test orders use none."""
    if not codes:
        return {}
    whose = coupons.c.shop_id, coupons.c.member_id, coupons.c.code, coupons.c.title
    here = and_(
        coupons.c.merchant_id == code_uses.c.merchant_id,
        coupons.c.shop_id == code_uses.c.shop_id,
        coupons.c.code == code_uses.c.code,
    )
    placed = and_(
        orders.c.merchant_id == code_uses.c.merchant_id,
        orders.c.shop_id == code_uses.c.shop_id,
        orders.c.id == code_uses.c.order_id,
    )
    living = orders.c.removed_at.is_(None), orders.c.cancelled_at.is_(None), ~orders.c.test
    rows = tx.all(
        select(*whose, orders.c.number, orders.c.customer_id, orders.c.placed_at)
        .join_from(code_uses, coupons, here)
        .join(orders, placed)
        .where(code_uses.c.merchant_id == tx.merchant_id, bulk.among(code_uses.c.code, codes), *living)
        .order_by(orders.c.placed_at, orders.c.id)
    )
    found: dict[tuple[int, str], list[Row[Any]]] = {}
    for row in rows:
        found.setdefault((row.shop_id, row.code), []).append(row)
    return found


def _reused(rows: Sequence[Row[Any]]) -> Reused:
    last = rows[-1]
    numbers = tuple(row.number for row in rows)
    guest = any(row.customer_id is None for row in rows)
    return Reused(last.shop_id, last.member_id, last.code, last.title, numbers, guest, last.placed_at)
