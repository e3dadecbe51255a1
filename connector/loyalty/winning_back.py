"""Win-back coupons: one per lapse, by the first version that promises one before the customer is lost."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import msgspec

from connector.loyalty import orders
from connector.loyalty.orders import Sale
from connector.loyalty.rhythm import quiet, quiet_days
from connector.loyalty.terms import Version, WinBack
from connector.loyalty.versions import spans


class Given(msgspec.Struct, frozen=True):
    """A coupon that was given when the quiet after `sale` became a lapse, or when a version found it one."""

    sale: Sale
    win_back: WinBack
    version: Version
    moment: datetime

    @property
    def source(self) -> str:
        """Where the coupon comes from: the lapse after this order."""
        return f"lapse:{self.sale.source}"


def given(sales: list[Sale], versions: tuple[Version, ...], now: datetime) -> tuple[Given, ...]:
    """Return the win-backs given by now that may not have ended yet, at most one for each lapse.

    `sales`: every paid order, in sequence. Who is lost before a version with a win-back starts gets none from it.
    """
    promised = [one.terms.win_back for one in versions if one.terms.win_back is not None]
    longest = max((win_back.reward.valid_days for win_back in promised), default=0)
    # What came to its end before this day cannot be open, whichever version gave it: most of a long life drops out here.
    oldest = (now - timedelta(longest + 2)).date()
    found: dict[str, Given] = {}
    for version, until in spans(versions):
        win_back = version.terms.win_back
        if win_back is not None and version.starts_at <= now:
            for sale, moment in _lapses(sales, version, until, oldest):
                if moment <= now:
                    found.setdefault(sale.source, Given(sale, win_back, version, moment))
    return tuple(found.values())


def _lapses(
    sales: list[Sale], version: Version, until: datetime | None, oldest: date
) -> Iterator[tuple[Sale, datetime]]:
    """Yield the orders after which a lapse fell to this version, and when: at its beginning, or as the version started."""
    terms = version.terms
    counting = orders.counting(sales, terms.count_zero_orders)
    quiets = quiet_days(counting, terms)
    for sale, following, days in zip(counting, [*counting, None][1:], quiets, strict=True):
        if following is not None and (
            following.day < oldest or (following.day - sale.day).days < terms.lapse_min_days - 2
        ):
            continue
        silence = quiet(sale, days)
        moment = max(version.starts_at, silence.lapsing_at)
        in_force = until is None or moment < until
        back = following is not None and following.paid_at <= moment
        if in_force and moment < silence.lost_at and not back:
            yield sale, moment
