"""The sums behind the figures, counted by the database. Nothing here is stored.

A sale is a paid order that is no test, not cancelled, not gone from the shop and not over nothing. A person is a
member, or a guest by the keyed hash of the address they left; a sale by nobody known counts for amounts alone.
"""

from datetime import date, datetime

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Subquery, and_, case, cast, func, literal, select, text
from sqlalchemy.dialects.postgresql import BIT

from connector.store.database import Tx
from connector.store.tables import coupons, customers, members, orders


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


class Standing(msgspec.Struct, frozen=True):
    """Where the programme stands. `debt` is what members owe, a positive number."""

    members: int
    outstanding: int
    debt: int
    pending: int
    tiers: dict[str, int]
    live_codes: int


def people(tx: Tx, before: datetime, middle: datetime, end: datetime, year: datetime) -> People:
    """Count persons by when they bought: [before, middle), [middle, end), and since `year`."""
    bought = sales(tx)
    in_first = func.bool_or(and_(bought.c.paid_at >= before, bought.c.paid_at < middle))
    in_second = func.bool_or(and_(bought.c.paid_at >= middle, bought.c.paid_at < end))
    one = (
        select(
            func.min(bought.c.paid_at).label("first_at"),
            func.count().label("orders"),
            func.count().filter(and_(bought.c.paid_at >= year, bought.c.paid_at < end)).label("of_year"),
            in_first.label("in_first"),
            in_second.label("in_second"),
        )
        .where(bought.c.person.is_not(None), bought.c.paid_at < end)
        .group_by(bought.c.person)
        .subquery()
    )
    row = tx.one(
        select(
            func.count().filter(one.c.in_first).label("at_start"),
            func.count().filter(one.c.in_second).label("at_end"),
            func.count().filter(and_(one.c.in_second, one.c.first_at >= middle)).label("new"),
            func.count().filter(and_(one.c.in_first, one.c.in_second)).label("kept"),
            func.count().label("known"),
            func.count().filter(one.c.orders > 1).label("returning"),
            func.count().filter(one.c.of_year > 0).label("buyers"),
            _whole(one.c.of_year).label("orders"),
            func.min(one.c.first_at).label("first_at"),
        )
    )
    return People(**row._mapping)


def sold(tx: Tx, since: datetime, until: datetime) -> tuple[Sold, ...]:
    """Add up the sales of [since, until) per currency; currencies are never added together."""
    count = func.count().label("orders")
    rows = tx.all(
        select(orders.c.currency, _whole(orders.c.total).label("total"), count)
        .where(_is_sale(tx), orders.c.paid_at >= since, orders.c.paid_at < until)
        .group_by(orders.c.currency)
        .order_by(count.desc(), orders.c.currency)
    )
    return tuple(Sold(**row._mapping) for row in rows)


def months(tx: Tx, first: date, zone: str) -> tuple[Month, ...]:
    """Count the orders per month since `first`, apart for first and later ones; months without any are left out."""
    bought = sales(tx)
    local = func.timezone(zone, bought.c.paid_at)
    nth = func.row_number().over(partition_by=bought.c.person, order_by=(bought.c.paid_at, bought.c.id))
    placed = (
        select(func.date_trunc("month", local).label("month"), nth.label("nth"))
        .where(bought.c.person.is_not(None))
        .subquery()
    )
    rows = tx.all(
        select(
            placed.c.month,
            func.count().filter(placed.c.nth == 1).label("first"),
            func.count().filter(placed.c.nth > 1).label("again"),
        )
        .where(placed.c.month >= first)
        .group_by(placed.c.month)
        .order_by(placed.c.month)
    )
    return tuple(Month(row.month.date(), row.first, row.again) for row in rows)


def more_than(tx: Tx, many: int) -> bool:
    """Tell whether the merchant has more orders than that; looks no further."""
    some = select(literal(1)).where(orders.c.merchant_id == tx.merchant_id).limit(many + 1).subquery()
    return int(tx.value(select(func.count()).select_from(some))) > many


def with_room(tx: Tx) -> None:
    """Let the rest of the transaction sort in memory: a million orders would otherwise go through the disk."""
    tx.run(text("SET LOCAL work_mem = '128MB'"))


def standing(tx: Tx, now: datetime) -> Standing:
    """Add up what members hold, and count the codes that can be used now."""
    lives = and_(members.c.merchant_id == tx.merchant_id, members.c.survivor_id.is_(None))
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
        .where(coupons.c.merchant_id == tx.merchant_id, coupons.c.state == "live", coupons.c.ends_at > now)
    )
    return Standing(**row._mapping, tiers={held.tier: held.held for held in tiers}, live_codes=live)


def _whole(column: ColumnElement[int]) -> ColumnElement[int]:
    """Add up; PostgreSQL would say it as a numeric, and as nothing where there is no row."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def _is_sale(tx: Tx) -> ColumnElement[bool]:
    return and_(
        orders.c.merchant_id == tx.merchant_id,
        orders.c.paid_at.is_not(None),
        ~orders.c.test,
        orders.c.cancelled_at.is_(None),
        orders.c.removed_at.is_(None),
        orders.c.total > 0,
    )


def sales(tx: Tx) -> Subquery:
    """Every sale with its person (the member's number, or one made of the guest's hash), currency and net amount."""
    owner = customers.alias("owner")
    claimed = (
        select(func.min(owner.c.member_id))
        .where(
            owner.c.merchant_id == orders.c.merchant_id,
            owner.c.shop_id == orders.c.shop_id,
            owner.c.email_hash == orders.c.guest_hash,
            owner.c.email_verified,
        )
        .correlate(orders)
        .scalar_subquery()
    )
    # Whole numbers group twice as fast as words: 60 bits of the hash, below zero, where members are above it.
    bits = func.concat("x", func.left(func.encode(orders.c.guest_hash, "hex"), 15))
    guest = -cast(cast(bits, BIT(60)), BigInteger)
    person = case(
        (customers.c.member_id.is_not(None), customers.c.member_id),
        (orders.c.guest_hash.is_not(None), func.coalesce(claimed, guest)),
        else_=literal(None),
    )
    return (
        select(
            orders.c.id,
            orders.c.paid_at,
            person.label("person"),
            orders.c.currency,
            (orders.c.total - orders.c.refunded).label("net"),
        )
        .outerjoin(
            customers,
            and_(
                customers.c.merchant_id == orders.c.merchant_id,
                customers.c.shop_id == orders.c.shop_id,
                customers.c.id == orders.c.customer_id,
            ),
        )
        .where(_is_sale(tx))
        .subquery()
    )
