"""What Comeback knows, in figures, as the demo shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from connector.store.database import Database

_LEFT = """
    SELECT (SELECT count(*) FROM members WHERE merchant_id = %(m)s AND due_at <= %(now)s),
           (SELECT count(*) FROM outbox WHERE merchant_id = %(m)s AND state = 'waiting'),
           (SELECT count(*) FROM inbox WHERE merchant_id = %(m)s AND state = 'waiting'),
           (SELECT count(*) FROM runs WHERE merchant_id = %(m)s AND state IN ('waiting', 'running'))
"""
_SO_FAR = """
    SELECT (SELECT count(*) FROM inbox WHERE merchant_id = %(m)s AND state IN ('applied', 'ignored')),
           (SELECT count(*) FROM orders WHERE merchant_id = %(m)s),
           (SELECT coalesce(sum(points) FILTER (WHERE points > 0), 0)::bigint FROM entries WHERE merchant_id = %(m)s),
           (SELECT coalesce(sum(points) FILTER (WHERE points < 0), 0)::bigint FROM entries WHERE merchant_id = %(m)s),
           (SELECT coalesce(sum(pending), 0)::bigint FROM members WHERE merchant_id = %(m)s),
           (SELECT count(*) FROM outbox WHERE merchant_id = %(m)s AND state = 'done'),
           (SELECT count(*) FROM outbox WHERE merchant_id = %(m)s AND state = 'parked')
             + (SELECT count(*) FROM inbox WHERE merchant_id = %(m)s AND state = 'parked')
"""
_SHOP = """
    SELECT (SELECT count(*) FROM orders WHERE shop_id = %(s)s AND removed_at IS NULL),
           (SELECT count(*) FROM customers WHERE shop_id = %(s)s AND removed_at IS NULL AND forgotten_at IS NULL),
           (SELECT coalesce(sum(e.points), 0) FROM entries e
             WHERE e.points > 0 AND e.merchant_id = %(m)s AND EXISTS (
               SELECT 1 FROM customers c
                WHERE c.merchant_id = e.merchant_id AND c.member_id = e.member_id AND c.shop_id = %(s)s))
"""
_TIERS = """
    SELECT coalesce(tier, ''), count(*) FROM members m
     WHERE merchant_id = %(m)s AND survivor_id IS NULL AND EXISTS (
       SELECT 1 FROM customers c
        WHERE c.merchant_id = m.merchant_id AND c.member_id = m.id AND c.shop_id = %(s)s AND c.removed_at IS NULL)
     GROUP BY 1 ORDER BY 1
"""
_MARKS = "SELECT customer_id, wanted, left_alone FROM marks WHERE merchant_id = %(m)s AND shop_id = %(s)s"
_CODES = (
    "SELECT code, kind, value FROM coupons WHERE merchant_id = %(m)s AND shop_id = %(s)s AND state = 'live'"
    " AND kind NOT IN ('gift_card', 'store_credit')"
)
_NEWEST = "SELECT max(placed_at) FROM orders WHERE merchant_id = %(m)s"


class Left(msgspec.Struct, frozen=True):
    """What is still to be done: members to settle, pushes to send, deliveries to apply, runs under way."""

    members: int
    pushes: int
    deliveries: int
    runs: int

    @property
    def all(self) -> int:
        """All of it."""
        return self.members + self.pushes + self.deliveries + self.runs


class SoFar(msgspec.Struct, frozen=True):
    """What has happened since the beginning; `given`, `taken` and `held` (not yet given) are points."""

    deliveries: int
    orders: int
    given: int
    taken: int
    held: int
    pushes: int
    parked: int


class ShopFigures(msgspec.Struct, frozen=True):
    """One shop as Comeback knows it. `points` were issued to its customers; `marks`: what each should carry."""

    orders: int
    customers: int
    points: int
    tiers: tuple[tuple[str, int], ...]
    marks: dict[str, tuple[str, ...]]
    left_alone: int
    codes: dict[str, tuple[str, int]]


def left(database: Database, merchant_id: int, now: datetime) -> Left:
    """Count what is still to be done."""
    return Left(*_row(database, merchant_id, _LEFT, now=now))


def so_far(database: Database, merchant_id: int) -> SoFar:
    """Count what has been done."""
    return SoFar(*_row(database, merchant_id, _SO_FAR))


def newest_order(database: Database, merchant_id: int) -> datetime | None:
    """Return when the newest order was placed."""
    found: datetime | None = _row(database, merchant_id, _NEWEST)[0]
    return found


def of_shop(database: Database, merchant_id: int, shop_id: int) -> ShopFigures:
    """Count one shop."""
    orders, customers, points = _row(database, merchant_id, _SHOP, s=shop_id)
    marks = _rows(database, merchant_id, _MARKS, s=shop_id)
    return ShopFigures(
        orders=int(orders),
        customers=int(customers),
        points=int(points),
        tiers=tuple(
            (str(tier), int(count)) for tier, count in _rows(database, merchant_id, _TIERS, s=shop_id)
        ),
        marks={row[0]: tuple(row[1]) for row in marks if row[2] is None},
        left_alone=sum(row[2] is not None for row in marks),
        codes={row[0]: (row[1], row[2]) for row in _rows(database, merchant_id, _CODES, s=shop_id)},
    )


def _row(database: Database, merchant_id: int, query: str, **words: object) -> tuple[Any, ...]:
    return _rows(database, merchant_id, query, **words)[0]


def _rows(database: Database, merchant_id: int, query: str, **words: object) -> list[tuple[Any, ...]]:
    with database.merchant(merchant_id) as tx:
        return [tuple(row) for row in tx.connection.exec_driver_sql(query, words | {"m": merchant_id})]
