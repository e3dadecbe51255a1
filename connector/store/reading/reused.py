"""Codes of ours that more than one order carries: some shops let a once-only code pass again, for guests above all."""

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from connector.records import GIFTS
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
    mine = code_uses.c.merchant_id == tx.merchant_id
    # Nearly every code is used once; what is left after this is little.
    several = select(code_uses.c.code).where(mine).group_by(code_uses.c.code).having(func.count() > 1)
    last_at = func.max(orders.c.placed_at)
    rows = tx.all(
        select(
            coupons.c.shop_id,
            coupons.c.member_id,
            coupons.c.code,
            coupons.c.title,
            func.array_agg(aggregate_order_by(orders.c.number, orders.c.placed_at, orders.c.id)).label(
                "orders"
            ),
            func.bool_or(orders.c.customer_id.is_(None)).label("guest"),
            last_at.label("last_at"),
        )
        .join(
            code_uses,
            (code_uses.c.merchant_id == coupons.c.merchant_id)
            & (code_uses.c.shop_id == coupons.c.shop_id)
            & (code_uses.c.code == coupons.c.code),
        )
        .join(
            orders,
            (orders.c.merchant_id == code_uses.c.merchant_id)
            & (orders.c.shop_id == code_uses.c.shop_id)
            & (orders.c.id == code_uses.c.order_id),
        )
        .where(
            coupons.c.merchant_id == tx.merchant_id,
            coupons.c.code.in_(several),
            coupons.c.kind.not_in(GIFTS),
            orders.c.removed_at.is_(None),
            orders.c.cancelled_at.is_(None),
            ~orders.c.test,
        )
        .group_by(coupons.c.shop_id, coupons.c.member_id, coupons.c.code, coupons.c.title)
        .having((func.count() > 1) & (last_at > now - SHOWN_FOR))
        .order_by(last_at.desc(), coupons.c.code)
        .limit(size)
    )
    return tuple(
        Reused(
            row.shop_id, row.member_id, row.code, row.title, tuple(row.orders), bool(row.guest), row.last_at
        )
        for row in rows
    )
