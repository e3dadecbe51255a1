"""Redeeming and adjusting: what people do with points. Each act is booked once, in one transaction."""

from datetime import datetime

import msgspec

from connector.flow import settling
from connector.loyalty.facts import Adjustment, Redemption, Shop, Standing, WantedCoupon
from connector.loyalty.redeem import CannotRedeem, bargain
from connector.loyalty.versions import in_force
from connector.secrets import coupon_code
from connector.store import coupons, ledger, merchants, outbox, people, programs, shops
from connector.store.database import Tx


class NotHere(LookupError):
    """The merchant has no such member, or the member no such customer, or the programme has not started."""


def redeem(
    tx: Tx,
    member_id: int,
    shop_id: int,
    customer_id: str,
    redeemable_key: str,
    act_key: str,
    actor: str,
    now: datetime,
) -> Redemption:
    """Exchange points for a coupon; the same `act_key` again returns the first exchange. Raises CannotRedeem, NotHere."""
    standing = _settled(tx, member_id, now)
    earlier = ledger.find_act(tx, act_key)
    if earlier is not None and isinstance(earlier[1], Redemption):
        return earlier[1]
    shop = shops.get(tx, shop_id)
    if shop.state == "removed":
        raise NotHere(f"shop {shop_id} was removed; no code can be made there")
    whose = people.known(tx, shop_id, [customer_id]).get(customer_id)
    if whose is None or whose.member_id != member_id:
        raise NotHere(f"member {member_id} has no customer {customer_id} in shop {shop_id}")
    versions = programs.versions(tx)
    if not versions:
        raise CannotRedeem("unknown_reward")
    version = in_force(versions, now)
    there = Shop(shop.id, shop.currency, shop.timezone, shop.mark_kind)
    agreed = bargain(version.terms, standing, redeemable_key, there, now, whose.currency)
    secret = merchants.code_secret(tx)
    reward = agreed.redeemable.reward
    redemption = Redemption(
        id=act_key,
        at=now,
        points=agreed.redeemable.points,
        reward_key=redeemable_key,
        reward=reward,
        shop_id=shop_id,
        customer_id=customer_id,
        version=version.number,
        code=coupon_code(secret, shop_id, f"redemption:{act_key}", redeemable_key, 0),
        coupon_ends_at=agreed.ends_at,
        actor=actor,
        reward_name=agreed.redeemable.name,
    )
    wanted = WantedCoupon(
        shop_id=shop_id,
        customer_id=customer_id,
        source=redemption.source,
        reward_key=redeemable_key,
        title=agreed.redeemable.name,
        kind=reward.kind,
        value=agreed.value,
        minimum=agreed.minimum,
        currency=agreed.currency,
        starts_at=now,
        ends_at=agreed.ends_at,
        version=version.number,
        minimum_quantity=reward.minimum_quantity,
        scope=reward.scope,
        buys=reward.buys,
        gets=reward.gets,
        combines=reward.beside,
    )
    ledger.add_act(tx, member_id, redemption)
    outbox.want(tx, "coupon", coupons.want(tx, secret, [(member_id, wanted)]), now)
    settling.settle(tx, [member_id], now)
    return redemption


def adjust(
    tx: Tx, member_id: int, points: int, reason: str, act_key: str, actor: str, now: datetime
) -> Adjustment:
    """Give or take points by hand, with a reason; the same `act_key` again books nothing."""
    _settled(tx, member_id, now)
    versions = programs.versions(tx)
    if not versions:
        raise NotHere("the programme has not started, so there are no points to adjust")
    adjustment = Adjustment(
        id=act_key, at=now, points=points, actor=actor, reason=reason, version=in_force(versions, now).number
    )
    ledger.add_act(tx, member_id, adjustment)
    settling.settle(tx, [member_id], now)
    return adjustment


def try_again(tx: Tx, kept: coupons.Kept, now: datetime) -> bool:
    """Make the coupon of a given-up redemption once more: the points are taken again, or it stays as it is."""
    found = ledger.find_redemption(tx, kept.source)
    if found is None:
        return True
    member_id, redemption = found
    standing = _settled(tx, member_id, now)
    if redemption.state == "open":
        return True
    if standing.balance < redemption.points or redemption.coupon_ends_at <= now:
        return False
    ledger.change_redemption(tx, msgspec.structs.replace(redemption, state="open", closed_at=None))
    settling.settle(tx, [member_id], now)
    return True


def _settled(tx: Tx, member_id: int, now: datetime) -> Standing:
    decisions = settling.settle(tx, [member_id], now)
    if member_id not in decisions:
        raise NotHere(f"no member {member_id}")
    return decisions[member_id].standing
