"""Tiers: reached by net spend within a window, held for a term and its grace.

Nothing is remembered: they follow from the orders as they stand, so a refund takes back what it no longer carries.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import accumulate

import msgspec

from connector.loyalty.calendar import add_months, start
from connector.loyalty.orders import Sale, base
from connector.loyalty.terms import MILLION, Terms, Tier
from connector.loyalty.versions import counted
from connector.money import portion


class Level(msgspec.Struct, frozen=True):
    """A tier reached by the payment of one order: the end of its term, and that of the grace, when it is over."""

    tier: Tier
    since: datetime
    term_until: datetime
    until: datetime


class Held(msgspec.Struct, frozen=True):
    """The tier held now, until when, and the next moment at which a level is over. `until` is with the grace."""

    tier: Tier | None = None
    term_until: datetime | None = None
    until: datetime | None = None
    next_end: datetime | None = None


def held(counting: list[Sale], terms: Terms, now: datetime) -> Held:
    """Return the highest tier that is held now; `counting` in the sequence of payment."""
    if not terms.tiers:
        return Held()
    running = [level for level in levels(counting, terms) if now < level.until]
    next_end = min((level.until for level in running), default=None)
    current = [level for level in running if level.since <= now]
    if not current:
        return Held(next_end=next_end)
    tier = max((level.tier for level in current), key=lambda tier: tier.threshold)
    last = max((level for level in current if level.tier == tier), key=lambda level: level.until)
    return Held(tier, last.term_until, last.until, next_end)


class Ahead(msgspec.Struct, frozen=True):
    """The next tier above the one held, and what an order paid today must come to for it, in the merchant's currency."""

    tier: Tier
    missing: int


def ahead(counting: list[Sale], terms: Terms, held: str | None, today: date) -> Ahead | None:
    """Return the next tier above the one held, by its name; None where there is none above. `today`: the shop's."""
    begins = add_months(today, -terms.tier_window_months)
    spent = sum(_amount(sale, terms) for sale in counting if sale.day > begins)
    floor = max((tier.threshold for tier in terms.tiers if tier.name == held), default=0)
    above = [tier for tier in terms.tiers if tier.threshold > floor]
    if not above:
        return None
    nearest = min(above, key=lambda tier: tier.threshold)
    return Ahead(nearest, max(nearest.threshold - spent, 0))


def levels(counting: list[Sale], terms: Terms) -> Iterator[Level]:
    """Yield the level that each order reached, for the orders that reached one."""
    for sale, spend in zip(counting, spends(counting, terms), strict=True):
        reached = [tier for tier in terms.tiers if tier.threshold <= spend]
        if reached:
            tier = max(reached, key=lambda tier: tier.threshold)
            term, grace = _ends(sale, terms)
            yield Level(tier, sale.paid_at, term, grace)


def spends(counting: list[Sale], terms: Terms) -> list[int]:
    """Return for each order what was spent in the window that ends with it, in the merchant's currency.

    All that was paid so far, less what was paid on a local day before the window: two sorted lists and their running
    sums, because shops in different time zones may put the days in another order than the moments.
    """
    amounts = [_amount(sale, terms) for sale in counting]
    moments = [sale.paid_at for sale in counting]
    so_far = [0, *accumulate(amounts)]
    by_day = sorted(zip((sale.day for sale in counting), amounts, strict=True))
    days = [day for day, _ in by_day]
    up_to_day = [0, *accumulate(amount for _, amount in by_day)]
    return [
        so_far[bisect_right(moments, sale.paid_at)]
        - up_to_day[bisect_right(days, add_months(sale.day, -terms.tier_window_months))]
        for sale in counting
    ]


def _amount(sale: Sale, terms: Terms) -> int:
    return portion(base(sale, terms), counted(terms, sale.order.currency).rate, MILLION)


def _ends(sale: Sale, terms: Terms) -> tuple[datetime, datetime]:
    after = add_months(sale.day, terms.tier_term_months) + timedelta(1)
    zone = sale.shop.timezone
    return start(after, zone), start(after + timedelta(terms.tier_grace_days), zone)
