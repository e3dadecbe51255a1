"""What became of points that were exchanged for a coupon: spent, or back, and why."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from connector.loyalty.facts import Redemption, ShopOrder, Why
from connector.loyalty.orders import undone
from connector.money import portion
from connector.records import GIFTS, Order

Uses = dict[tuple[int, str], list[Order]]


class Outcome(msgspec.Struct, frozen=True):
    """How many points came back, when and why. `waits_until`: when a coupon can be used no more."""

    returned: int
    moment: datetime
    why: Why
    waits_until: datetime | None = None


def uses_by_code(placed: Iterable[ShopOrder]) -> Uses:
    """Return which orders carry which code in which shop, first placed first; test orders use nothing up."""
    found: Uses = {}
    for one in sorted(placed, key=lambda one: (one.order.placed_at, one.order.id)):
        if not one.order.test:
            for code in one.order.coupon_codes:
                found.setdefault((one.shop_id, code), []).append(one.order)
    return found


def used(uses: Uses, shop_id: int, code: str) -> bool:
    """Does an order that is not undone carry the code?"""
    return any(not undone(order) for order in uses.get((shop_id, code), ()))


def outcome(redemption: Redemption, uses: Uses, now: datetime, outlives: timedelta = timedelta(0)) -> Outcome:
    """Say what came back by now. A moment lies between the redemption and now, whatever the shop's clock says.

    `outlives`: Shop.codes_outlive. Points never come back beside a code that may still pass.
    """
    gift = redemption.reward.kind in GIFTS
    orders = [] if gift else uses.get((redemption.shop_id, redemption.code), [])
    found = _of_gift(redemption) if gift else _found(redemption, orders, now, outlives)
    done_at = min(redemption.at, now)
    return msgspec.structs.replace(found, moment=min(max(found.moment, done_at), now))


def _of_gift(redemption: Redemption) -> Outcome:
    """Money that was given stays given, spent or not; only what the shop did not give brings the points back."""
    if redemption.state == "refused":
        return Outcome(redemption.points, redemption.closed_at or redemption.at, "not_given")
    return Outcome(0, redemption.at, "")


def _found(redemption: Redemption, orders: list[Order], now: datetime, outlives: timedelta) -> Outcome:
    # A code that was given up after a lost answer may live all the same: who has used it has spent the points.
    for order in orders:
        if not undone(order):
            return _part(redemption, order)
    if redemption.state == "refused":
        return Outcome(redemption.points, redemption.closed_at or redemption.at, "refused")
    if orders:
        return Outcome(
            redemption.points, max(order.cancelled_at or order.changed_at for order in orders), "order_undone"
        )
    over_at = redemption.coupon_ends_at + outlives
    if over_at <= now:
        return Outcome(redemption.points, over_at, "unused")
    return Outcome(0, redemption.at, "", over_at)


def _part(redemption: Redemption, order: Order) -> Outcome:
    """Return the part of the points that belongs to the goods given back."""
    goods = order.goods
    if order.paid_at is None or goods == 0:
        return Outcome(0, redemption.at, "")
    returned = portion(redemption.points, goods - order.kept_goods, goods)
    if returned == 0:
        return Outcome(0, redemption.at, "")
    return Outcome(returned, order.changed_at, "order_part_refunded")
