"""Closing: what a shop's orders and exchanges came to, written down as facts when the shop is erased.

Who is a member in another shop of the merchant keeps what was booked. What is not booked by then, like points in their
hold, never will be: nobody could take it back any more.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec.structs import replace

from connector.loyalty import orders, redemptions
from connector.loyalty.earning import Earning
from connector.loyalty.facts import Closed, History, Redemption
from connector.loyalty.orders import Sale
from connector.loyalty.picture import picture, returned_until
from connector.loyalty.redemptions import Outcome
from connector.loyalty.terms import Version
from connector.loyalty.versions import in_force


def closed(
    history: History, versions: tuple[Version, ...], shop_id: int, now: datetime
) -> tuple[Closed, ...]:
    """Return what one shop's part of a member's history has come to by now; the same purse follows from it for ever."""
    if not versions or now < versions[0].starts_at:
        return ()
    # Nobody will read its orders any more: what has ended is over.
    ended = tuple(replace(shop, codes_outlive=timedelta(0)) for shop in history.shops)
    seen = picture(replace(history, shops=ended), versions, redemptions.uses_by_code(history.uses), now)
    counting = orders.counting(seen.sales, in_force(versions, now).terms.count_zero_orders)
    counted = {sale.source for sale in counting}
    zone = seen.shops[shop_id].timezone
    return (
        *_orders([one for one in seen.earnings if one.sale.shop.id == shop_id], counted, now),
        *(
            _redemption(act, outcome, returned_until(act, outcome, zone, versions), now)
            for act, outcome in seen.redeemed
            if act.shop_id == shop_id
        ),
    )


def _orders(earnings: list[Earning], counted: set[str], now: datetime) -> Iterator[Closed]:
    for one in earnings:
        points = one.points if one.available_at <= now else 0
        if points or one.sale.source in counted:
            yield _order(one, points, one.sale.source in counted)


def _order(one: Earning, points: int, counts: bool) -> Closed:
    sale: Sale = one.sale
    return Closed(
        id=sale.source,
        source=sale.source,
        shop_id=sale.shop.id,
        version=sale.version.number,
        at=one.available_at,
        points=points,
        ends_at=one.ends_at,
        counted_at=sale.paid_at if counts else None,
    )


def _redemption(act: Redemption, outcome: Outcome, until: datetime, now: datetime) -> Closed:
    back = outcome.returned > 0
    return Closed(
        id=act.id,
        source=act.source,
        shop_id=act.shop_id,
        version=act.version,
        at=min(act.at, now),
        points=-act.points,
        returned=outcome.returned,
        returned_at=outcome.moment if back else None,
        returned_until=until if back else None,
    )
