"""Win-back coupons: one per lapse, by the first version that promises one before the customer is lost."""

from collections.abc import Iterator
from datetime import datetime, timedelta

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
    found: dict[str, Given] = {}
    for version, until in spans(versions):
        win_back = version.terms.win_back
        if win_back is not None and version.starts_at <= now:
            for one in _by(sales, version, win_back, until, now):
                found.setdefault(one.sale.source, one)
    return tuple(found.values())


def _by(
    sales: list[Sale], version: Version, win_back: WinBack, until: datetime | None, now: datetime
) -> Iterator[Given]:
    """Yield what one version gave while it was in force."""
    terms = version.terms
    counting = orders.counting(sales, terms.count_zero_orders)
    # Neither a code nor a quiet is looked at that ended long ago: most orders of a long life drop out here.
    oldest = (now - timedelta(win_back.reward.valid_days + 2)).date()
    quiets = quiet_days(counting, terms)
    for n, (sale, days) in enumerate(zip(counting, quiets, strict=True)):
        following = counting[n + 1] if n + 1 < len(counting) else None
        if following is not None and (
            (following.day - sale.day).days < terms.lapse_min_days - 2 or following.day < oldest
        ):
            continue
        silence = quiet(sale, days)
        moment = max(version.starts_at, silence.lapsing_at)
        if (
            moment <= now
            and moment < silence.lost_at
            and (until is None or moment < until)
            and (following is None or following.paid_at > moment)
        ):
            yield Given(sale, win_back, version, moment)
