"""The overview's figures at one moment, all of them together, counted at every look.

They are counted from the orders and entries themselves, never added to and never kept: whatever was merged, refunded,
claimed or sent late meanwhile, they are right as of their moment.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import assert_never

import msgspec

from connector.insight.retention import quarters
from connector.loyalty.calendar import add_months, local, start
from connector.store import figures, series
from connector.store.database import Tx
from connector.store.figures import Line, Month, People, Sold, Spans, Standing, Takings
from connector.store.series import Held

MONTHS = 13
DAYS = 90
LONG = 200_000  # orders; counting more of them takes so long that a page had better come without
_YEAR = timedelta(days=365)


class Glance(msgspec.Struct, frozen=True):
    """The figures as they stand at `at`."""

    at: datetime
    people: People
    sold: tuple[Sold, ...]
    months: tuple[Month, ...]
    takings: tuple[Takings, ...]
    held: tuple[Held, ...]
    standing: Standing


def months_until(now: datetime, zone: str) -> tuple[date, ...]:
    """Return the first days of the months that the charts show, this month last."""
    this = local(now, zone).replace(day=1)
    return tuple(add_months(this, back) for back in range(1 - MONTHS, 1))


def takes_long(tx: Tx) -> bool:
    """Tell whether the merchant has so many orders that whoever looks should see something before all are counted."""
    return figures.more_than(tx, LONG)


def count(tx: Tx, now: datetime, zone: str) -> Glance:
    """Count everything as it stands now."""
    today, shown = local(now, zone), months_until(now, zone)
    with figures.counting(tx):
        found = figures.count(tx, spans(now, zone))
        held = series.held(tx, today - timedelta(days=DAYS - 1), today, zone)
        standing = figures.standing(tx, now)
    return Glance(
        at=now,
        people=found.people,
        sold=_sold(found.lines),
        months=_months(found.lines, found.firsts, shown),
        takings=_takings(found.lines, shown),
        held=held,
        standing=standing,
    )


def spans(now: datetime, zone: str) -> Spans:
    """Return what is counted over."""
    periods = quarters(now)
    starts = tuple(start(month, zone) for month in months_until(now, zone))
    return Spans(periods.before, periods.middle, periods.end, now - _YEAR, starts)


def _sold(lines: Sequence[Line]) -> tuple[Sold, ...]:
    """Add up what was sold in the year per currency, the most orders first; currencies are never added together."""
    of: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line.of_year:
            of[line.currency].append(line)
    found = [
        Sold(currency, sum(line.total for line in mine), sum(line.of_year for line in mine))
        for currency, mine in of.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.orders, one.currency)))


def _months(lines: Sequence[Line], firsts: dict[int, int], shown: Sequence[date]) -> tuple[Month, ...]:
    """Count the orders of known persons per month; months without any are left out."""
    placed: dict[int, int] = defaultdict(int)
    for line in lines:
        if line.person != "nobody":
            placed[line.month] += line.orders
    return tuple(Month(shown[n - 1], firsts.get(n, 0), placed[n] - firsts.get(n, 0)) for n in sorted(placed))


def _takings(lines: Sequence[Line], shown: Sequence[date]) -> tuple[Takings, ...]:
    """Add up the takings per month and currency, the oldest first; months without any are left out."""
    new: dict[tuple[int, str], int] = defaultdict(int)
    known: dict[tuple[int, str], int] = defaultdict(int)
    for line in lines:
        match line.person:
            case "new":
                new[line.month, line.currency] += line.net
            case "known":
                known[line.month, line.currency] += line.net
            case "nobody":
                pass
            case _:
                assert_never(line.person)
    return tuple(
        Takings(shown[n - 1], currency, new[n, currency], known[n, currency])
        for n, currency in sorted(new.keys() | known.keys())
    )
