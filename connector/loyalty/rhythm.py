"""Each customer's own rhythm: how long they stay away as a rule, and when staying away becomes a lapse and a loss."""

from bisect import insort
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

import msgspec

from connector.loyalty.calendar import later
from connector.loyalty.facts import Stage
from connector.loyalty.orders import Sale
from connector.loyalty.terms import Terms

UNMEASURED = 60  # days: the usual gap of a version that carries none


class Quiet(msgspec.Struct, frozen=True):
    """The quiet after one order: from when it is a lapse, from when a loss, unless an order is paid before."""

    sale: Sale
    days: int
    lapsing_at: datetime
    lost_at: datetime


class Life(msgspec.Struct, frozen=True):
    """Where a member is in their life as a customer. `quiet` follows their last order."""

    stage: Stage = "none"
    quiet: Quiet | None = None


def life(counting: list[Sale], terms: Terms, now: datetime) -> Life:
    """Return the stage at this moment; `counting` in the sequence of payment, orders paid after now not yet."""
    paid = [sale for sale in counting if sale.paid_at <= now]
    if not paid:
        return Life()
    *_, days = quiet_days(paid, terms)
    last = quiet(paid[-1], days)
    return Life(_stage(len(paid), last, terms, now), last)


def quiet(sale: Sale, days: int) -> Quiet:
    """Return the quiet of so many days after this order; both moments are the first of a local day of its shop."""
    zone = sale.shop.timezone
    return Quiet(sale, days, later(sale.day, days, zone), later(sale.day, 2 * days, zone))


def quiet_days(counting: list[Sale], terms: Terms) -> Iterator[int]:
    """Yield for each order how long the quiet after it may last: twice the member's own median gap up to then.

    A gap is the local day of an order less that of the order before it, each on its own shop's calendar; two orders on
    one day are one occasion. Who has no gap yet is measured by the usual one of the shop.
    """
    if counting:
        yield max(terms.lapse_min_days, terms.usual_gap or UNMEASURED)
    gaps: list[int] = []
    for before, sale in pairwise(counting):
        days = (sale.day - before.day).days
        if days > 0:
            insort(gaps, days)
        own = 2 * _median(gaps) if gaps else terms.usual_gap or UNMEASURED
        yield max(terms.lapse_min_days, own)


def _median(gaps: list[int]) -> int:
    """Return the middle of the sorted gaps; of an even number the mean of the middle two, rounded down."""
    middle = len(gaps) // 2
    return gaps[middle] if len(gaps) % 2 else (gaps[middle - 1] + gaps[middle]) // 2


def _stage(orders: int, last: Quiet, terms: Terms, now: datetime) -> Stage:
    if now >= last.lost_at:
        return "lost"
    if now >= last.lapsing_at:
        return "lapsing"
    if orders == 1:
        return "new"
    if orders >= terms.loyal_from:
        return "loyal"
    return "second_order" if orders == 2 else "regular"
