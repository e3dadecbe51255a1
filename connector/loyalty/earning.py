"""What an order earns, from when, and until when."""

from datetime import datetime

import msgspec

from connector.loyalty.calendar import end_after_months, later, local
from connector.loyalty.facts import EarnInputs, EarnsNothing
from connector.loyalty.orders import Sale, base
from connector.loyalty.terms import CurrencyTerms
from connector.loyalty.versions import counted


class Earning(msgspec.Struct, frozen=True):
    """The credit of one order: `points` from `available_at` on, until `ends_at` (None: for ever)."""

    sale: Sale
    kept: int  # minor units of the order's currency
    counted: CurrencyTerms
    points: int
    why: EarnsNothing
    available_at: datetime
    ends_at: datetime | None


def earning(sale: Sale) -> Earning:
    """Say what the order earns as it stands, by the version in force when it was paid."""
    terms = sale.version.terms
    one = counted(terms, sale.order.currency)
    kept = base(sale, terms)
    why = _nothing(sale, one)
    points = 0 if why else kept // one.earn_step * terms.earn_points
    available_at = _available(sale, terms.hold_days)
    return Earning(sale, kept, one, points, why, available_at, _end(sale, terms.expiry_months, available_at))


def inputs(earned: Earning, held: bool, booked: int) -> EarnInputs:
    """Return the figures behind an order's entry; `held`: its points are not available yet."""
    return EarnInputs(
        number=earned.sale.order.number,
        currency=earned.sale.order.currency,
        kept=earned.kept,
        step=earned.counted.earn_step,
        points=earned.sale.version.terms.earn_points,
        target=0 if held else earned.points,
        booked=booked,
        why="held" if held and earned.points else earned.why,
        excluding_tax=earned.sale.version.terms.base == "excluding_tax",
    )


def _nothing(sale: Sale, one: CurrencyTerms) -> EarnsNothing:
    if sale.undone:
        return "undone"
    if sale.paid_at < sale.version.counts_from:
        return "early"
    return "" if one.earn_step > 0 else "unlisted"


def _available(sale: Sale, hold_days: int) -> datetime:
    """Return the end of the hold: it runs from payment, or from a fulfilment that came before it was over."""
    zone = sale.shop.timezone
    due = later(sale.day, hold_days, zone)
    fulfilled_at = sale.order.fulfilled_at
    if fulfilled_at is not None and sale.paid_at < fulfilled_at < due:
        due = later(local(fulfilled_at, zone), hold_days, zone)
    return max(sale.paid_at, due)


def _end(sale: Sale, months: int, available_at: datetime) -> datetime | None:
    if months == 0:
        return None
    return max(available_at, end_after_months(sale.day, months, sale.shop.timezone))
