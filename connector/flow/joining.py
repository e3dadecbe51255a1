"""Joining: one person, one member. Only a verified address (or the shop itself) joins two members."""

from datetime import datetime

from connector.store import coupons, ledger, outbox, people, purchases
from connector.store.database import Tx


def join_same_person(tx: Tx, email_hash: bytes) -> int:
    """Join every member with a verified customer of this address into the oldest; return who is left."""
    members = people.same_person(tx, email_hash)
    for member_id in members[1:]:
        join(tx, members[0], member_id)
    return members[0]


def rebind(tx: Tx, shop_id: int, gone_id: str, kept_id: str, now: datetime) -> None:
    """Let the survivor of two joined customers have what the other one's codes promised: codes are bound to a person.

    Each open code is ended, and made again for the survivor under another code. A gift that waits to be given just changes
    its receiver; one that was given is the shop's to move.
    """
    for kept in coupons.of_customer(tx, shop_id, gone_id):
        if kept.coupon.is_gift or kept.state not in ("wanted", "live"):
            continue
        if kept.coupon.ends_at is not None and kept.coupon.ends_at > now:
            coupons.set_state(tx, shop_id, kept.source, kept.reward_key, "revoking")
            outbox.want(tx, "revoke", [(shop_id, kept.subject)], now)
    coupons.move(tx, shop_id, gone_id, kept_id)
    ledger.rebind(tx, shop_id, gone_id, kept_id)


def heir(tx: Tx, shop_id: int, customer_id: str, member_id: int) -> str | None:
    """Return the customer who has all the orders of one who is gone: the shop joined them, and its message was lost.

    None where an order stays with whoever is gone, or where several customers have them now.
    """
    head = f"order:{shop_id}:"
    earned = [
        one.removeprefix(head) for one in ledger.booked(tx, [member_id])[member_id] if one.startswith(head)
    ]
    orders = purchases.known(tx, shop_id, earned).values()
    named = {order.customer_id for order in orders if order.customer_id is not None and not order.removed}
    ours = {owner.customer_id for owner in people.owners(tx, [member_id]) if owner.shop_id == shop_id}
    others = named - ours
    return others.pop() if len(others) == 1 and customer_id not in named else None


def join(tx: Tx, kept: int, gone: int) -> int:
    """Let `gone` live on as `kept`: customers, acts and coupons move; entries stay, and count for the survivor."""
    people.lock(tx, (kept, gone))
    people.give(tx, gone, kept)
    ledger.give(tx, gone, kept)
    coupons.give(tx, gone, kept)
    return kept
