"""After a restore: who was forgotten since the backup is forgotten again, and codes nobody remembers are accounted for.

Orders and customers come back by reading the shop again, and what follows from them with it: the same entries, and the same
codes, found in the shop as ours. Only acts of people are gone. An exchange since the backup is one: its points are back and
its code is in the shop. So a code of ours in the shop that nothing here asks for, is ended; where it was used already, the
exchange is booked again, and the points are spent. A gift of money is the customer's whatever happens here, so its exchange
is booked again too, as far as the shop still shows what was given.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from connector.flow import erasing, settling
from connector.loyalty.facts import Redemption
from connector.loyalty.terms import NthOrder, Redeemable, Reward, Terms, WinBack
from connector.loyalty.versions import amounts, exchangeable, in_force, told_in
from connector.records import GIFTS, Coupon, CouponKind
from connector.store import (
    bodies,
    coupons,
    forgotten,
    inbox,
    ledger,
    members,
    outbox,
    people,
    privacy,
    programs,
    proofs,
    purchases,
    runs,
    shops,
)
from connector.store.database import Tx
from connector.store.tombstones import Tombstone

OVERLAP = timedelta(minutes=30)  # clocks differ, and a backup takes a while


def buried(tx: Tx, shop_id: int, now: datetime) -> list[Tombstone]:
    """Return what this transaction, at this moment, forgot of a shop."""
    shop = shops.get(tx, shop_id)
    words = tuple(sorted(forgotten.at(tx, shop_id, now)))
    found = [Tombstone(now, tx.merchant_id, shop_id, words)] if words else []
    if shop.erasing_since == now:
        found.append(Tombstone(now, tx.merchant_id, shop_id, whole_shop=True))
    if shop.removed_at == now:
        found.append(Tombstone(now, tx.merchant_id, shop_id, removed=True))
    return found


def forget_again(tx: Tx, shop: shops.Shop, stones: Collection[Tombstone], now: datetime) -> int:
    """Forget once more whom these name; return how many rows that took. A shop installed again since stays connected."""
    rows = 0
    if any(stone.whole_shop for stone in stones) and not shop.is_erased:
        return erasing.erase(tx, shop.id, now, now)
    if any(stone.removed and stone.at >= shop.installed_at for stone in stones) and shop.state != "removed":
        shops.remove(tx, shop.id, now)
    words = {word for stone in stones for word in stone.words}
    if not words:
        return rows
    forgotten.remember(tx, shop.id, words, now)
    found = privacy.bury(tx, shop.id, words)
    concerned = people.members_of(tx, shop.id, found)
    subjects = [f"customer {customer_id}" for customer_id in found]
    subjects += [f"order {order_id}" for order_id in privacy.orders_of(tx, shop.id, found, [])]
    tables = {
        "customers": len(found),
        "inbox": bodies.erase(tx, shop.id, subjects),
        "privacy": privacy.erase_exports(tx, shop.id, found, words),
    }
    for customer_id in found:
        number = people.forget(tx, shop.id, customer_id, now)
        privacy.rename(tx, shop.id, customer_id, number)
    tables |= privacy.erase_reasons(tx, sorted(concerned))
    rows += sum(tables.values())
    if rows:
        proofs.write_down(tx, proofs.Deed(shop.name, "customer_forgotten", now, tables), now)
    return rows


def is_quiet(tx: Tx, shop_id: int, now: datetime) -> bool:
    """Tell whether all that was read is applied and settled, and each code and gift of it sent: what nothing asks for now,
    nothing will. Cards, marks and deletions may wait for hours, and say nothing of that.
    """
    return not (
        inbox.next_waiting(tx, shop_id)
        or outbox.waiting_count(tx, shop_id, ("coupon", "revoke"))
        or members.due(tx, now, 1, runs.unread(tx))  # who waits for another shop's history holds up nobody
    )


def unknown(tx: Tx, shop: shops.Shop, found: Iterable[Coupon]) -> list[Coupon]:
    """Return the codes of ours in the shop that began since the backup and that nothing here asks for."""
    assert shop.restored_from is not None
    since = shop.restored_from - OVERLAP
    young = [coupon for coupon in found if coupon.starts_at >= since]
    known = coupons.known_codes(tx, shop.id, [coupon.code.upper() for coupon in young])
    return [coupon for coupon in young if coupon.code.upper() not in known]


def book_again(tx: Tx, shop: shops.Shop, coupon: Coupon, now: datetime) -> bool:
    """Book the exchange behind a used code once more; False when whose or which it was cannot be told."""
    used = [one for one in purchases.with_codes(tx, [coupon.code]) if one.shop_id == shop.id]
    buyers = [one.order.customer_id for one in used if one.order.customer_id is not None] or [
        coupon.customer_id
    ]
    concerned = people.members_of(tx, shop.id, buyers[:1])
    offer = _offer(tx, shop, coupon)
    if not concerned or offer is None or not used:
        return False
    [member_id] = concerned
    theirs = msgspec.structs.replace(coupon, customer_id=buyers[0])
    _book(tx, member_id, f"restored-{coupon.code}", shop, theirs, offer, now)
    return True


def may_have_exchanged(tx: Tx, shop: shops.Shop) -> dict[CouponKind, list[str]]:
    """Return, for each kind of gift that points were good for, the customers who now hold enough of them."""
    offers = [
        one
        for version in programs.versions(tx)
        for one in version.terms.redeemables
        if one.reward.kind in GIFTS
    ]
    cheapest = {
        kind: min(one.points for one in offers if one.reward.kind == kind)
        for kind in sorted({one.reward.kind for one in offers})
    }
    return {kind: people.with_points(tx, shop.id, points) for kind, points in cheapest.items()}


def unknown_gifts(tx: Tx, shop: shops.Shop, found: Mapping[str, Coupon]) -> dict[str, Coupon]:
    """Return the gifts in the shop that nothing here knows of."""
    known = coupons.known_gifts(tx, shop.id, list(found))
    return {remote_id: one for remote_id, one in found.items() if remote_id not in known}


def book_gift(tx: Tx, shop: shops.Shop, remote_id: str, gift: Coupon, now: datetime) -> bool:
    """Book the exchange behind a gift once more; False when it was booked already, or cannot be told."""
    concerned = people.members_of(tx, shop.id, [gift.customer_id])
    offer = _gift_offer(tx, shop, gift)
    act = f"restored-{gift.kind}-{remote_id}"
    if not concerned or offer is None or ledger.find_act(tx, act) is not None:
        return False
    [member_id] = concerned
    _book(tx, member_id, act, shop, gift, offer, now)
    return True


def _book(
    tx: Tx, member_id: int, act: str, shop: shops.Shop, coupon: Coupon, offer: Redeemable, now: datetime
) -> None:
    redemption = Redemption(
        id=act,
        at=coupon.starts_at,
        points=offer.points,
        reward_key=offer.key,
        reward=offer.reward,
        shop_id=shop.id,
        customer_id=coupon.customer_id,
        version=in_force(programs.versions(tx), coupon.starts_at).number,
        code=coupon.code,
        coupon_ends_at=coupon.ends_at or now,
        actor="restore",
        reward_name=offer.name,
    )
    ledger.add_act(tx, member_id, redemption)
    settling.settle(tx, [member_id], now)


def _offer(tx: Tx, shop: shops.Shop, coupon: Coupon) -> Redeemable | None:
    """Return what was exchanged, by what the code is worth and how it is called; None where two would fit."""
    versions = programs.versions(tx)
    if not versions:
        return None
    terms = in_force(versions, coupon.starts_at).terms
    fitting = [one for one in terms.redeemables if _is_worth(one.reward, terms, shop, coupon)]
    named = [one for one in fitting if one.name == coupon.title]
    chosen = named or fitting
    return chosen[0] if len({one.points for one in chosen}) == 1 else None


def _gift_offer(tx: Tx, shop: shops.Shop, gift: Coupon) -> Redeemable | None:
    """Return what was exchanged for a gift, by its worth and its name where it has one.

    None where it may have come without an exchange: a gift stays the customer's when nothing here asks for it any more, and
    nobody pays points for what an order brought.
    """
    versions = programs.versions(tx)
    if not versions:
        return None
    terms = in_force(versions, gift.starts_at).terms
    every: list[Redeemable | NthOrder | WinBack] = [*terms.redeemables, *terms.nth_orders]
    every += [] if terms.win_back is None else [terms.win_back]
    alike = [
        one for one in every if gift.title in ("", one.name) and _is_worth(one.reward, terms, shop, gift)
    ]
    offers = [one for one in alike if isinstance(one, Redeemable)]
    told = len(offers) == len(alike) and len({one.points for one in offers}) == 1
    return offers[0] if told else None


def _is_worth(reward: Reward, terms: Terms, shop: shops.Shop, coupon: Coupon) -> bool:
    currency = told_in(reward, terms, shop.currency, coupon.currency)
    if not exchangeable(terms, currency):
        return False
    worth = (reward.kind, *amounts(reward, terms, currency))
    units = (reward.minimum_quantity, reward.gets)
    return (worth, units) == (
        (coupon.kind, coupon.value, coupon.minimum),
        (coupon.minimum_quantity, coupon.gets),
    )
