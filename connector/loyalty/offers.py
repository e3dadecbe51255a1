"""Coupons that a customer's nth order gives: which are wanted, which are still to be made, which to take back."""

from datetime import datetime

from connector.loyalty.calendar import later
from connector.loyalty.facts import Booked, BookedCoupon, History, WantedCoupon
from connector.loyalty.orders import Sale
from connector.loyalty.redemptions import Uses, used
from connector.loyalty.terms import NthOrder
from connector.loyalty.versions import amounts, exchangeable

Key = tuple[int, str, str]  # shop, source, reward
Offers = dict[Key, WantedCoupon]

_MAY_STILL_WORK = ("wanted", "live", "parked")


def offers(counting: list[Sale], history: History, now: datetime) -> Offers:
    """Return every coupon that the member's orders give and that has not ended, used or not."""
    found: Offers = {}
    for position, sale in enumerate(counting, start=1):
        for rule in sale.version.terms.nth_orders:
            if rule.after == position and sale.paid_at >= sale.version.counts_from:
                for coupon in _coupon(rule, sale, history):
                    if now < coupon.ends_at:
                        found[sale.shop.id, sale.source, rule.key] = coupon
    return found


def missing(wanted: Offers, booked: Booked, uses: Uses) -> tuple[WantedCoupon, ...]:
    """Return the coupons to make: never made, or taken back before, and not used."""
    made: dict[Key, list[BookedCoupon]] = {}
    for coupon in booked.coupons:
        made.setdefault(_key(coupon), []).append(coupon)
    return tuple(
        coupon
        for key, coupon in wanted.items()
        if all(one.state == "revoked" and not used(uses, one.shop_id, one.code) for one in made.get(key, ()))
    )


def unwanted(
    wanted: Offers, given_back: set[str], booked: Booked, uses: Uses, now: datetime
) -> tuple[BookedCoupon, ...]:
    """Return the coupons to take back: they could still be used, and nothing gives them any more.

    `given_back`: the redemptions whose points came back with an undone order. Some shops let its code be used again, and
    points and code at once are never promised.
    """
    return tuple(
        coupon
        for coupon in booked.coupons
        if coupon.state in _MAY_STILL_WORK
        and now < coupon.ends_at
        and (_key(coupon) not in wanted if _of_an_order(coupon) else coupon.source in given_back)
        and not used(uses, coupon.shop_id, coupon.code)
    )


def _of_an_order(coupon: BookedCoupon) -> bool:
    return not coupon.source.startswith("redemption:")


def _key(coupon: BookedCoupon) -> Key:
    return coupon.shop_id, coupon.source, coupon.reward_key


def _coupon(rule: NthOrder, sale: Sale, history: History) -> list[WantedCoupon]:
    """Return the coupon of this rule for this order; none where no customer or no rate is known for its shop."""
    terms, shop = sale.version.terms, sale.shop
    customer_id = _customer_id(sale, history)
    if customer_id is None or not exchangeable(terms, shop.currency):
        return []
    value, minimum = amounts(rule.reward, terms, shop.currency)
    return [
        WantedCoupon(
            shop_id=shop.id,
            customer_id=customer_id,
            source=sale.source,
            reward_key=rule.key,
            title=rule.name,
            kind=rule.reward.kind,
            value=value,
            minimum=minimum,
            currency=shop.currency,
            starts_at=sale.paid_at,
            ends_at=later(sale.day, rule.reward.valid_days + 1, shop.timezone),
            version=sale.version.number,
        )
    ]


def _customer_id(sale: Sale, history: History) -> str | None:
    """Return whose coupon it is: the order's customer, or a guest's first customer of that shop, if there is one."""
    if sale.order.customer_id is not None:
        return sale.order.customer_id
    own = [one for one in history.customers if one.shop_id == sale.shop.id]
    return min(own, key=lambda one: (one.created_at, one.customer_id)).customer_id if own else None
