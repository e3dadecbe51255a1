"""Coupons that an nth order or a lapse gives: which are wanted, which are still to be made, which to take back."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from connector.loyalty.calendar import later, local
from connector.loyalty.facts import Booked, BookedCoupon, Closed, History, WantedCoupon
from connector.loyalty.orders import Sale
from connector.loyalty.redemptions import Uses, used
from connector.loyalty.terms import NthOrder, Reward, Version
from connector.loyalty.versions import amounts, exchangeable, told_in
from connector.loyalty.winning_back import Given
from connector.records import GIFTS

Key = tuple[int, str, str]  # shop, source, reward
Offers = dict[Key, WantedCoupon]

_MAY_STILL_WORK = ("wanted", "live", "parked")
_MAY_NOT_BE_GIVEN_YET = ("wanted", "parked")  # of a gift; once it is given, it is the customer's


class Promise(msgspec.Struct, frozen=True):
    """A coupon as it is promised: by which version, for what, from when, in the shop of which order."""

    source: str
    key: str
    title: str
    reward: Reward
    sale: Sale
    moment: datetime
    version: Version


def offers(counting: list[Sale], lapses: Iterable[Given], history: History, now: datetime) -> Offers:
    """Return every coupon that the member's orders and lapses give and that has not ended, used or not."""
    promises = [*_of_orders(counting, history), *map(_of_lapse, lapses)]
    coupons = [coupon for promise in promises for coupon in _coupon(promise, history)]
    return {(one.shop_id, one.source, one.reward_key): one for one in coupons if now < one.ends_at}


def _of_orders(counting: list[Sale], history: History) -> Iterator[Promise]:
    # Orders of a shop that was erased keep their place in the row, or codes would be given anew for the others.
    closed = (act.counted_at for act in history.acts if isinstance(act, Closed))
    erased = sorted(moment for moment in closed if moment is not None)
    for place, sale in enumerate(counting, start=1):
        position = place + bisect_right(erased, sale.paid_at)
        for rule in sale.version.terms.nth_orders:
            if rule.after == position and sale.paid_at >= sale.version.counts_from:
                yield _of_order(rule, sale)


def _of_order(rule: NthOrder, sale: Sale) -> Promise:
    return Promise(sale.source, rule.key, rule.name, rule.reward, sale, sale.paid_at, sale.version)


def _of_lapse(lapse: Given) -> Promise:
    offer = lapse.win_back
    return Promise(lapse.source, offer.key, offer.name, offer.reward, lapse.sale, lapse.moment, lapse.version)


def missing(wanted: Offers, booked: Booked, uses: Uses) -> tuple[WantedCoupon, ...]:
    """Return the coupons to make: never made, or taken back before, and not used."""
    made: dict[Key, list[BookedCoupon]] = {}
    for coupon in booked.coupons:
        made.setdefault(_key(coupon), []).append(coupon)
    return tuple(
        coupon
        for key, coupon in wanted.items()
        if all(one.state == "revoked" and not _used(one, uses) for one in made.get(key, ()))
    )


def unwanted(
    wanted: Offers, given_back: Mapping[str, timedelta], booked: Booked, uses: Uses, now: datetime
) -> tuple[BookedCoupon, ...]:
    """Return the coupons to take back: they could still be used, and nothing gives them any more. Of gifts only those
    that may not have been given yet.

    `given_back`: the redemptions whose points came back with an undone order, and for how long their codes may pass after
    their end. Some shops let such a code be used again, and points and code at once are never promised.
    """
    return tuple(
        coupon
        for coupon in booked.coupons
        if coupon.state in (_MAY_NOT_BE_GIVEN_YET if coupon.kind in GIFTS else _MAY_STILL_WORK)
        and now < coupon.ends_at + given_back.get(coupon.source, timedelta(0))
        and (_key(coupon) not in wanted if _given_by_the_rules(coupon) else coupon.source in given_back)
        and not _used(coupon, uses)
    )


def _used(coupon: BookedCoupon, uses: Uses) -> bool:
    """Does an order carry the code? Orders do not name what was paid with."""
    return coupon.kind not in GIFTS and used(uses, coupon.shop_id, coupon.code)


def _given_by_the_rules(coupon: BookedCoupon) -> bool:
    return not coupon.source.startswith("redemption:")


def _key(coupon: BookedCoupon) -> Key:
    return coupon.shop_id, coupon.source, coupon.reward_key


def _coupon(promise: Promise, history: History) -> list[WantedCoupon]:
    """Return the promised coupon; none where no customer or no rate is known for its shop."""
    terms, shop, reward = promise.version.terms, promise.sale.shop, promise.reward
    customer_id = _customer_id(promise.sale, history)
    if customer_id is None:
        return []
    theirs = _currency_of(customer_id, shop.id, history)
    currency = told_in(reward, terms, shop.currency, theirs, promise.sale.order.currency)
    if not exchangeable(terms, currency):
        return []
    value, minimum = amounts(reward, terms, currency)
    return [
        WantedCoupon(
            shop_id=shop.id,
            customer_id=customer_id,
            source=promise.source,
            reward_key=promise.key,
            title=promise.title,
            kind=reward.kind,
            value=value,
            minimum=minimum,
            currency=currency,
            starts_at=promise.moment,
            ends_at=later(local(promise.moment, shop.timezone), reward.valid_days + 1, shop.timezone),
            version=promise.version.number,
            minimum_quantity=reward.minimum_quantity,
            scope=reward.scope,
            buys=reward.buys,
            gets=reward.gets,
            combines=reward.beside,
        )
    ]


def _customer_id(sale: Sale, history: History) -> str | None:
    """Return whose coupon it is: the order's customer, or a guest's first customer of that shop, if there is one."""
    if sale.order.customer_id is not None:
        return sale.order.customer_id
    own = [one for one in history.customers if one.shop_id == sale.shop.id]
    return min(own, key=lambda one: (one.created_at, one.customer_id)).customer_id if own else None


def _currency_of(customer_id: str, shop_id: int, history: History) -> str | None:
    whose = shop_id, customer_id
    return next((one.currency for one in history.customers if (one.shop_id, one.customer_id) == whose), None)
