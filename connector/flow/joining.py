"""Joining: one person, one member. Only a verified address (or the shop itself) joins two members."""

from collections.abc import Callable, Sequence
from datetime import datetime

from connector.store import coupons, ledger, members, outbox, people, persons, purchases, queue
from connector.store.database import Tx


def hold(tx: Tx, look: Callable[[], list[int]]) -> list[int]:
    """Lock the members that a look finds, and return them once a look with all of them locked finds the same.

    Whoever had them meanwhile may have joined or closed them: what was seen before the wait is the past.
    """
    before, found = list[int](), look()
    while found != before:
        members.lock(tx, found)
        before, found = found, look()
    return found


def join_same_person(tx: Tx, email_hash: bytes) -> list[int]:
    """Join every member with a verified customer of this address into the oldest; return who is left, nobody or one."""
    found = persons.same_person(tx, email_hash)
    if len(found) > 1:
        found = hold(tx, lambda: persons.same_person(tx, email_hash))
    for member_id in found[1:]:
        join(tx, found[0], member_id)
    return found[:1]


def join_everybody(tx: Tx, now: datetime, words: Sequence[bytes] | None = None) -> int:
    """Join whoever is known by one of these verified addresses (or any) as several members; return how many were joined.

    Two transactions do not see whom the other is bringing. Who looks again behind its own end sees what came before.
    """
    joined = [member for word in persons.shared_addresses(tx, words) for member in join_same_person(tx, word)]
    if joined:
        members.make_due(tx, now, joined)
        queue.settle(tx.connection, tx.merchant_id)
    return len(joined)


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

    None where an order stays with whoever is gone, where several customers have them now, or where another shop still has
    whoever is gone as a customer: a person is more than the few orders that tell of it.
    """
    if purchases.has_any(tx, shop_id, customer_id):
        return None
    owners = people.owners(tx, [member_id])
    if any(owner.shop_id != shop_id and not owner.removed for owner in owners):
        return None
    head = f"order:{shop_id}:"
    earned = [
        one.removeprefix(head) for one in ledger.booked(tx, [member_id])[member_id] if one.startswith(head)
    ]
    orders = purchases.known(tx, shop_id, earned).values()
    named = {order.customer_id for order in orders if order.customer_id is not None and not order.removed}
    ours = {owner.customer_id for owner in owners if owner.shop_id == shop_id}
    others = named - ours
    return others.pop() if len(others) == 1 and customer_id not in named else None


def join(tx: Tx, kept: int, gone: int) -> int:
    """Let `gone` live on as `kept`: customers, acts and coupons move; entries stay, and count for the survivor.

    Nothing is done unless both live: whoever was hung on a closed member would earn nothing ever again.
    """
    if members.lock(tx, (kept, gone)) != sorted((kept, gone)):
        return kept
    members.give(tx, gone, kept)
    ledger.give(tx, gone, kept)
    coupons.give(tx, gone, kept)
    return kept
