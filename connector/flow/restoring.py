"""After a restore: who was forgotten since the backup is forgotten again, and codes nobody remembers are accounted for.

Orders and customers come back by reading the shop again, and what follows from them with it: the same entries, and the same
codes, found in the shop as ours. Only acts of people are gone. An exchange since the backup is one: its points are back and
its code is in the shop. So a code of ours in the shop that nothing here asks for, is ended; where it was used already, the
exchange is booked again, and the points are spent.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from connector.flow import erasing, settling
from connector.loyalty.facts import Redemption
from connector.loyalty.terms import Redeemable
from connector.loyalty.versions import amounts, in_force
from connector.records import Coupon
from connector.store import (
    coupons,
    inbox,
    ledger,
    outbox,
    people,
    privacy,
    programs,
    proofs,
    purchases,
    shops,
)
from connector.store.database import Tx
from connector.store.tombstones import Tombstone

OVERLAP = timedelta(minutes=30)  # clocks differ, and a backup takes a while


def buried(tx: Tx, shop_id: int, now: datetime) -> list[Tombstone]:
    """Return what this transaction, at this moment, forgot of a shop."""
    shop = shops.get(tx, shop_id)
    words = tuple(sorted(people.forgotten_at(tx, shop_id, now)))
    found = [Tombstone(now, tx.merchant_id, shop_id, words)] if words else []
    if shop.forgotten_at == now:
        found.append(Tombstone(now, tx.merchant_id, shop_id, whole_shop=True))
    if shop.removed_at == now:
        found.append(Tombstone(now, tx.merchant_id, shop_id, removed=True))
    return found


def forget_again(tx: Tx, shop: shops.Shop, stones: Collection[Tombstone], now: datetime) -> int:
    """Forget once more whom these name; return how many rows that took. A shop installed again since stays connected."""
    rows = 0
    if any(stone.whole_shop for stone in stones) and shop.forgotten_at is None:
        tables = erasing.erase(tx, shop.id, now)
        proofs.write_down(tx, proofs.Deed(shop.name, "shop_forgotten", now, tables), now)
        return sum(tables.values())
    if any(stone.removed and stone.at >= shop.installed_at for stone in stones) and shop.state != "removed":
        shops.remove(tx, shop.id, now)
    words = {word for stone in stones for word in stone.words}
    if not words:
        return rows
    people.remember_to_forget(tx, shop.id, words, now)
    found = privacy.bury(tx, shop.id, words)
    members = people.members_of(tx, shop.id, found)
    subjects = [f"customer {customer_id}" for customer_id in found]
    subjects += [f"order {order_id}" for order_id in privacy.orders_of(tx, shop.id, found, [])]
    tables = {
        "customers": len(found),
        "inbox": inbox.erase_bodies(tx, shop.id, subjects),
        "privacy": privacy.erase_exports(tx, found),
    }
    for customer_id in found:
        number = people.forget(tx, shop.id, customer_id, now)
        privacy.rename(tx, shop.id, customer_id, number)
    tables |= privacy.erase_reasons(tx, sorted(members))
    rows += sum(tables.values())
    if rows:
        proofs.write_down(tx, proofs.Deed(shop.name, "customer_forgotten", now, tables), now)
    return rows


def is_quiet(tx: Tx, shop_id: int, now: datetime) -> bool:
    """Tell whether all that was read is applied, settled and sent: what nothing asks for now, nothing will."""
    return not (
        inbox.next_waiting(tx, shop_id) or outbox.waiting_count(tx, shop_id) or people.due(tx, now, 1)
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
    members = people.members_of(tx, shop.id, buyers[:1])
    offer = _offer(tx, shop, coupon)
    if not members or offer is None or not used:
        return False
    [member_id] = members
    redemption = Redemption(
        id=f"restored-{coupon.code}",
        at=coupon.starts_at,
        points=offer.points,
        reward_key=offer.key,
        reward=offer.reward,
        shop_id=shop.id,
        customer_id=buyers[0],
        version=in_force(programs.versions(tx), coupon.starts_at).number,
        code=coupon.code,
        coupon_ends_at=coupon.ends_at or now,
        actor="restore",
        reward_name=offer.name,
    )
    ledger.add_act(tx, member_id, redemption)
    settling.settle(tx, [member_id], now)
    return True


def _offer(tx: Tx, shop: shops.Shop, coupon: Coupon) -> Redeemable | None:
    """Return what was exchanged, by what the code is worth and how it is called; None where two would fit."""
    versions = programs.versions(tx)
    if not versions:
        return None
    terms = in_force(versions, coupon.starts_at).terms
    fitting = [
        one
        for one in terms.redeemables
        if (one.reward.kind, *amounts(one.reward, terms, shop.currency))
        == (coupon.kind, coupon.value, coupon.minimum)
        and (one.reward.minimum_quantity, one.reward.gets) == (coupon.minimum_quantity, coupon.gets)
    ]
    named = [one for one in fitting if one.name == coupon.title]
    chosen = named or fitting
    return chosen[0] if len({one.points for one in chosen}) == 1 else None
