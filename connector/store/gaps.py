"""How long customers stay away between two orders, measured over the merchant's own history."""

import msgspec
from sqlalchemy import Date, cast, func, or_, select

from connector.store.database import Tx
from connector.store.tables import customers, members, orders, shops

ENOUGH = 20  # gaps: fewer say nothing about a shop


class Gaps(msgspec.Struct, frozen=True):
    """How many gaps between orders there are, and the days that three in four of them stay within."""

    count: int
    three_in_four: int

    @property
    def enough(self) -> bool:
        """Are there so many that the figure says something?"""
        return self.count >= ENOUGH


def measure(tx: Tx) -> Gaps:
    """Measure every member's gaps: local days between two of their orders, on the calendar of each order's shop.

    Orders that count: paid, no test, over more than nothing, neither cancelled nor refunded in full nor sent back whole.
    """
    who = func.coalesce(members.c.survivor_id, members.c.id)
    day = cast(func.timezone(shops.c.timezone, orders.c.paid_at), Date)
    sequence = (orders.c.paid_at, orders.c.shop_id, orders.c.id)
    gap = (day - func.lag(day).over(partition_by=who, order_by=sequence)).label("gap")
    placed = (
        select(gap)
        .select_from(orders)
        .join(shops, (shops.c.merchant_id == orders.c.merchant_id) & (shops.c.id == orders.c.shop_id))
        .join(
            customers,
            (customers.c.merchant_id == orders.c.merchant_id)
            & (customers.c.shop_id == orders.c.shop_id)
            & (customers.c.id == orders.c.customer_id),
        )
        .join(
            members,
            (members.c.merchant_id == customers.c.merchant_id) & (members.c.id == customers.c.member_id),
        )
        .where(
            orders.c.merchant_id == tx.merchant_id,
            orders.c.paid_at.is_not(None),
            orders.c.cancelled_at.is_(None),
            orders.c.removed_at.is_(None),
            ~orders.c.test,
            orders.c.total > 0,
            orders.c.refunded < orders.c.total,
            or_(orders.c.kept_goods > 0, orders.c.refunded == 0),
        )
        .subquery()
    )
    three_in_four = func.percentile_disc(0.75).within_group(placed.c.gap)
    row = tx.one(
        select(func.count().label("gaps"), func.coalesce(three_in_four, 0).label("days")).where(
            placed.c.gap > 0
        )
    )
    return Gaps(row.gaps, row.days)
