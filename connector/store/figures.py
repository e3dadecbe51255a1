"""The sums behind the figures, counted by the database. Nothing here is stored.

A sale is a paid order that is no test, not cancelled, not gone from the shop and not over nothing. A person is a
member, or a guest by the keyed hash of the address they left; a sale by nobody known counts for amounts alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Literal

import msgspec
from sqlalchemy import BigInteger, ColumnElement, and_, cast, func, literal, select, text

from connector.records import GIFTS
from connector.store.database import Tx
from connector.store.tables import coupons, members, orders

_ROOM = 5  # of the advisory lock


class People(msgspec.Struct, frozen=True):
    """Persons counted over two periods that touch, and over a year.

    `at_start`, `at_end`, `new`, `kept` as in the retention rate; `known` and `returning` over the whole history;
    `buyers` and `orders` over the year.
    """

    at_start: int
    at_end: int
    new: int
    kept: int
    known: int
    returning: int
    buyers: int
    orders: int
    first_at: datetime | None


class Sold(msgspec.Struct, frozen=True):
    """What was sold in one currency. `total`: minor units, as ordered."""

    currency: str
    total: int
    orders: int


class Month(msgspec.Struct, frozen=True):
    """Orders of one month of the merchant's calendar. `first`: a person's first ever; `again`: every later one."""

    month: date
    first: int
    again: int


class Takings(msgspec.Struct, frozen=True):
    """One month's takings in one currency, less what was refunded; minor units.

    `new`: from people whose first order ever was paid in this month; `returning`: from everybody else.
    """

    month: date
    currency: str
    new: int
    returning: int


class Standing(msgspec.Struct, frozen=True):
    """Where the programme stands. `debt` is what members owe, a positive number."""

    members: int
    outstanding: int
    debt: int
    pending: int
    tiers: dict[str, int]
    live_codes: int


class Line(msgspec.Struct, frozen=True):
    """Sales of one month and currency: `month` counts from 1, `person` tells by whom.

    `orders` and `net` over the month, `of_year` and `total` over what of it lies in the year.
    """

    month: int
    currency: str
    person: Literal["new", "known", "nobody"]
    orders: int
    net: int
    of_year: int
    total: int


class Counted(msgspec.Struct, frozen=True):
    """All that is counted over sales. `firsts`: how many persons bought for the first time, by month from 1."""

    people: People
    firsts: dict[int, int]
    lines: tuple[Line, ...]


class Spans(msgspec.Struct, frozen=True):
    """What is counted over: [before, middle) and [middle, end), the year [year, end), and months by their first moments.

    The first month begins no later than the year; the last one ends with `end`. Nothing at or after `end` counts.
    """

    before: datetime
    middle: datetime
    end: datetime
    year: datetime
    months: tuple[datetime, ...]


_SALE = """
merchant_id = :merchant AND paid_at < :end AND NOT test AND cancelled_at IS NULL AND removed_at IS NULL AND total > 0"""
_SUMS = """
min(paid_at) AS first_at, count(*)::int AS orders,
count(*) FILTER (WHERE paid_at >= :year)::int AS of_year,
bool_or(paid_at >= :before AND paid_at < :middle) AS in_first, bool_or(paid_at >= :middle) AS in_second"""
_STATEMENT = """
WITH
-- One row per customer or guest of a shop: an index holds all of it, in this order, so that no order itself is read.
shoppers AS (
  SELECT shop_id, customer_id, {sums} FROM orders
   WHERE {sale} AND customer_id IS NOT NULL GROUP BY shop_id, customer_id),
guests AS MATERIALIZED (
  SELECT guest_hash, shop_id, {sums} FROM orders
   WHERE {sale} AND guest_hash IS NOT NULL AND customer_id IS NULL GROUP BY guest_hash, shop_id),
claims AS (
  SELECT c.shop_id, c.email_hash, min(c.member_id) AS member_id
    FROM customers c JOIN guests g ON g.shop_id = c.shop_id AND g.guest_hash = c.email_hash
   WHERE c.merchant_id = :merchant AND c.email_verified GROUP BY c.shop_id, c.email_hash),

-- Whole numbers group twice as fast as words: 60 bits of a hash for a guest, below zero, where members are above it.
-- No platform names a customer with 64 letters, so that the whole hash of a guest can stand among the ids of customers.
buyers AS MATERIALIZED (
  SELECT s.shop_id, s.customer_id AS buyer, c.member_id AS person, first_at, orders, of_year, in_first, in_second
    FROM shoppers s LEFT JOIN customers c
      ON c.merchant_id = :merchant AND c.shop_id = s.shop_id AND c.id = s.customer_id
  UNION ALL
  SELECT g.shop_id, encode(g.guest_hash, 'hex'),
         coalesce(k.member_id, -(('x' || left(encode(g.guest_hash, 'hex'), 15))::bit(60)::bigint)),
         first_at, orders, of_year, in_first, in_second
    FROM guests g LEFT JOIN claims k ON k.shop_id = g.shop_id AND k.email_hash = g.guest_hash),
persons AS MATERIALIZED (
  SELECT person, min(first_at) AS first_at, sum(orders) AS orders, sum(of_year) AS of_year,
         bool_or(in_first) AS in_first, bool_or(in_second) AS in_second
    FROM buyers WHERE person IS NOT NULL GROUP BY person),

-- Sales since the first month by whom: new (in the month of their first order ever), known, or nobody. Only those who
-- began in these months, and those whom nobody knows, have to be looked up.
apart AS MATERIALIZED (
  SELECT b.shop_id, b.buyer, width_bucket(p.first_at, CAST(:months AS timestamptz[])) AS began
    FROM buyers b LEFT JOIN persons p ON p.person = b.person
   WHERE b.person IS NULL OR p.first_at >= :since),
sales AS (
  SELECT shop_id, coalesce(customer_id, encode(guest_hash, 'hex')) AS buyer,
         width_bucket(paid_at, CAST(:months AS timestamptz[])) AS month, paid_at >= :year AS of_year,
         currency, total, total - refunded AS net
    FROM orders WHERE {sale} AND paid_at >= :since),
lines AS (
  SELECT month, currency,
         CASE WHEN s.buyer IS NULL OR (a.buyer IS NOT NULL AND a.began IS NULL) THEN 'nobody'
              WHEN a.began = s.month THEN 'new' ELSE 'known' END AS person,
         count(*) AS orders, sum(net)::bigint AS net, count(*) FILTER (WHERE of_year) AS of_year,
         coalesce(sum(total) FILTER (WHERE of_year), 0)::bigint AS total
    FROM sales s LEFT JOIN apart a ON a.shop_id = s.shop_id AND a.buyer = s.buyer GROUP BY 1, 2, 3),

people AS (
  SELECT count(*) FILTER (WHERE in_first) AS at_start, count(*) FILTER (WHERE in_second) AS at_end,
         count(*) FILTER (WHERE in_second AND first_at >= :middle) AS new,
         count(*) FILTER (WHERE in_first AND in_second) AS kept,
         count(*) AS known, count(*) FILTER (WHERE orders > 1) AS returning,
         count(*) FILTER (WHERE of_year > 0) AS buyers, coalesce(sum(of_year), 0)::bigint AS orders,
         min(first_at) AS first_at FROM persons),
firsts AS (
  SELECT width_bucket(first_at, CAST(:months AS timestamptz[])) AS month, count(*) AS persons
    FROM persons WHERE first_at >= :since GROUP BY 1)
SELECT json_build_object(
  'people', (SELECT row_to_json(people) FROM people),
  'firsts', (SELECT coalesce(json_object_agg(month, persons), '{{}}') FROM firsts),
  'lines', (SELECT coalesce(json_agg(lines), '[]') FROM lines))::text"""
COUNT = text(_STATEMENT.format(sale=_SALE, sums=_SUMS))


@contextmanager
def counting(tx: Tx) -> Iterator[None]:
    """Have PostgreSQL plan for counting in here; one count at a time per merchant, the others wait for it.

    Whatever it knows about the tables: without statistics (just after a restore, say) it would compare every buyer with
    every order. It takes one core, however many there are.
    """
    tx.run(select(func.pg_advisory_xact_lock(_ROOM, tx.merchant_id)))
    for name, word in _PLANNED.items():
        tx.run(text(f"SET LOCAL {name} = {word}"))
    yield
    for name in _PLANNED:
        tx.run(text(f"SET LOCAL {name} TO DEFAULT"))


_PLANNED = {
    "enable_nestloop": "off",
    "enable_mergejoin": "off",
    "enable_sort": "off",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    # A plan made for merchants as they are on average would be wrong for the largest.
    "plan_cache_mode": "force_custom_plan",
    # A million orders would otherwise be grouped on the disk.
    "work_mem": "'128MB'",
}


def count(tx: Tx, spans: Spans) -> Counted:
    """Count persons and sales, in one pass over every sale and one over those of the months."""
    return msgspec.json.decode(tx.value(COUNT.bindparams(**asked(tx, spans))), type=Counted)


def asked(tx: Tx, spans: Spans) -> dict[str, object]:
    """Return what COUNT wants to be told."""
    return {
        "merchant": tx.merchant_id,
        "before": spans.before,
        "middle": spans.middle,
        "end": spans.end,
        "year": spans.year,
        "since": spans.months[0],
        "months": list(spans.months),
    }


def is_free(tx: Tx) -> bool:
    """Tell whether nobody else counts for the merchant just now; then nobody else does until the transaction ends."""
    return bool(tx.value(select(func.pg_try_advisory_xact_lock(_ROOM, tx.merchant_id))))


def more_than(tx: Tx, many: int) -> bool:
    """Tell whether the merchant has more orders than that; looks no further."""
    some = select(literal(1)).where(orders.c.merchant_id == tx.merchant_id).limit(many + 1).subquery()
    return int(tx.value(select(func.count()).select_from(some))) > many


def standing(tx: Tx, now: datetime) -> Standing:
    """Add up what members hold, and count the codes that can be used now; of gifts nobody knows what is left."""
    lives = and_(
        members.c.merchant_id == tx.merchant_id,
        members.c.survivor_id.is_(None),
        members.c.closed_at.is_(None),
    )
    row = tx.one(
        select(
            func.count().label("members"),
            _whole(func.greatest(members.c.balance, 0)).label("outstanding"),
            _whole(func.greatest(-members.c.balance, 0)).label("debt"),
            _whole(members.c.pending).label("pending"),
        ).where(lives)
    )
    tiers = tx.all(
        select(members.c.tier, func.count().label("held"))
        .where(lives, members.c.tier.is_not(None))
        .group_by(members.c.tier)
    )
    live = tx.value(
        select(func.count())
        .select_from(coupons)
        .where(
            coupons.c.merchant_id == tx.merchant_id,
            coupons.c.state == "live",
            coupons.c.ends_at > now,
            coupons.c.kind.not_in(GIFTS),
        )
    )
    return Standing(**row._mapping, tiers={held.tier: held.held for held in tiers}, live_codes=live)


def _whole(column: ColumnElement[int]) -> ColumnElement[int]:
    """Add up; PostgreSQL would say it as a numeric, and as nothing where there is no row."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)
