"""Sums over time for the charts: takings per month, points held per day. Counted by the database; nothing is kept here."""

from datetime import date, timedelta
from itertools import accumulate

import msgspec
from sqlalchemy import BigInteger, Date, case, cast, func, literal, select

from connector.loyalty import calendar
from connector.store.database import Tx
from connector.store.figures import sales
from connector.store.tables import entries


class Takings(msgspec.Struct, frozen=True):
    """One month's takings in one currency, less what was refunded; minor units.

    `new`: from people whose first order ever was paid in this month; `returning`: from everybody else.
    """

    month: date
    currency: str
    new: int
    returning: int


class Held(msgspec.Struct, frozen=True):
    """Points that members held when a day ended: all that was booked until then, added up."""

    day: date
    points: int


def takings(tx: Tx, first: date, zone: str) -> tuple[Takings, ...]:
    """Add up the takings per month since `first` and currency, the oldest first; months without any are left out."""
    sold = select(sales(tx)).cte("sold")
    began = select(sold.c.person, func.min(sold.c.paid_at).label("at")).group_by(sold.c.person).subquery()
    one = (
        select(
            func.date_trunc("month", func.timezone(zone, sold.c.paid_at)).label("month"),
            func.date_trunc("month", func.timezone(zone, began.c.at)).label("began"),
            sold.c.currency,
            sold.c.net,
        )
        .join(began, began.c.person == sold.c.person)
        .where(sold.c.paid_at >= calendar.start(first, zone))
        .subquery()
    )
    is_new = one.c.month == one.c.began
    rows = tx.all(
        select(
            one.c.month,
            one.c.currency,
            cast(func.sum(case((is_new, one.c.net), else_=0)), BigInteger).label("new"),
            cast(func.sum(case((is_new, 0), else_=one.c.net)), BigInteger).label("returning"),
        )
        .group_by(one.c.month, one.c.currency)
        .order_by(one.c.month, one.c.currency)
    )
    return tuple(Takings(row.month.date(), row.currency, row.new, row.returning) for row in rows)


def held(tx: Tx, first: date, last: date, zone: str) -> tuple[Held, ...]:
    """Return what members held at the end of each day from `first` to `last`, as the merchant's clock ends days."""
    day = cast(func.timezone(zone, entries.c.moment), Date)
    # What came before the first day is one sum with it.
    start = func.greatest(day, literal(first, Date)).label("day")
    rows = tx.all(
        select(start, cast(func.sum(entries.c.points), BigInteger).label("points"))
        .where(entries.c.merchant_id == tx.merchant_id)
        .group_by(start)
    )
    booked = {row.day: int(row.points) for row in rows}
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    sums = accumulate(booked.get(one, 0) for one in days)
    return tuple(Held(one, points) for one, points in zip(days, sums, strict=True))
