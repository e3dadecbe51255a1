"""Sums over time for a chart: points held per day. Counted by the database; nothing is kept here."""

from datetime import date, timedelta
from itertools import accumulate

import msgspec
from sqlalchemy import BigInteger, Date, cast, func, literal, select

from connector.store.database import Tx
from connector.store.tables import entries, members


class Held(msgspec.Struct, frozen=True):
    """Points that members held when a day ended: all that was booked until then, added up."""

    day: date
    points: int


def held(tx: Tx, first: date, last: date, zone: str) -> tuple[Held, ...]:
    """Return what members held at the end of each day from `first` to `last`, as the merchant's clock ends days.

    Points of members whom no shop knows any more are nobody's and not counted.
    """
    day = cast(func.timezone(zone, entries.c.moment), Date)
    # What came before the first day is one sum with it.
    start = func.greatest(day, literal(first, Date)).label("day")
    closed = select(members.c.id).where(
        members.c.merchant_id == tx.merchant_id, members.c.closed_at.is_not(None)
    )
    rows = tx.all(
        select(start, cast(func.sum(entries.c.points), BigInteger).label("points"))
        .where(entries.c.merchant_id == tx.merchant_id, entries.c.member_id.not_in(closed))
        .group_by(start)
    )
    booked = {row.day: int(row.points) for row in rows}
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    sums = accumulate(booked.get(one, 0) for one in days)
    return tuple(Held(one, points) for one, points in zip(days, sums, strict=True))
