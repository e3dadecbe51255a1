"""How long customers stay away between two orders, measured over the merchant's own history."""

import msgspec
from sqlalchemy import ColumnElement, Date, Table, cast, func, or_, select

from connector.store.database import Tx
from connector.store.tables import orders, shops

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
    """Measure every customer's gaps: days between two of their orders in a shop, on that shop's calendar.

    Orders that count: paid, no test, over more than nothing, neither cancelled nor refunded in full nor sent back whole.
    """
    zone = select(shops.c.timezone).where(*_of(tx, shops), shops.c.id == orders.c.shop_id).scalar_subquery()
    day = cast(func.timezone(zone, orders.c.paid_at), Date)
    customer = orders.c.shop_id, orders.c.customer_id
    gap = day - func.lag(day).over(partition_by=customer, order_by=(orders.c.paid_at, orders.c.id))
    placed = (
        select(gap.label("gap"))
        .where(
            *_of(tx, orders),
            orders.c.customer_id.is_not(None),
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


def _of(tx: Tx, table: Table) -> tuple[ColumnElement[bool]]:
    return (table.c.merchant_id == tx.merchant_id,)
