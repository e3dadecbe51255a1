"""The overview's figures at one moment, all of them together; for a large merchant kept, so that looking costs nothing.

They are counted anew from the orders and entries each time, never added to: whatever was merged, refunded, claimed or sent
late meanwhile, they are right as of their moment, and the moment is told. A merchant with few orders has them counted at
every look; with many, a worker counts them when somebody looks and they are no longer fresh.
"""

from datetime import date, datetime, timedelta

import msgspec

from connector.insight.retention import quarters
from connector.loyalty.calendar import add_months, local
from connector.store import figures, glances, queue, series
from connector.store.database import Tx
from connector.store.figures import Month, People, Sold, Standing
from connector.store.series import Held, Takings

MANY = 20_000  # orders; counting them takes a tenth of a second or two
FRESH = timedelta(minutes=5)
MONTHS = 13
DAYS = 90
_YEAR = timedelta(days=365)


class Glance(msgspec.Struct, frozen=True):
    """The figures as they stood at `at`."""

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


def count(tx: Tx, now: datetime, zone: str) -> Glance:
    """Count everything as it stands now."""
    periods, year = quarters(now), now - _YEAR
    first, today = months_until(now, zone)[0], local(now, zone)
    return Glance(
        at=now,
        people=figures.people(tx, periods.before, periods.middle, periods.end, year),
        sold=figures.sold(tx, year, now),
        months=figures.months(tx, first, zone),
        takings=series.takings(tx, first, zone),
        held=series.held(tx, today - timedelta(days=DAYS - 1), today, zone),
        standing=figures.standing(tx, now),
    )


def look(tx: Tx, now: datetime, zone: str) -> Glance | None:
    """Return the figures, counted now or within the last minutes; None while a large merchant's are first counted."""
    if not figures.more_than(tx, MANY):
        return count(tx, now, zone)
    found = _kept(tx)
    if found is None or now - found.at > FRESH:
        queue.glance(tx.connection, tx.merchant_id)
    return found


def keep(tx: Tx, now: datetime, zone: str) -> None:
    """Count and keep the figures, unless somebody did a moment ago."""
    kept = _kept(tx)
    if kept is not None and now - kept.at <= FRESH:
        return
    figures.with_room(tx)
    glances.keep(tx, now, msgspec.to_builtins(count(tx, now, zone)))


def _kept(tx: Tx) -> Glance | None:
    """Return the figures last kept; None where there are none, or where another version of Comeback kept them."""
    try:
        return msgspec.convert(glances.get(tx), Glance)
    except msgspec.ValidationError:
        return None
