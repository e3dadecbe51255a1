"""Once more: what was put aside is tried again, because somebody asked for it."""

from datetime import datetime

from connector.flow import redeeming
from connector.store import coupons, inbox, outbox, queue
from connector.store.database import Tx


class StillImpossible(Exception):
    """Trying again would take points that the member no longer has."""


def apply_again(tx: Tx, inbox_id: int, now: datetime) -> None:
    """Bring a parked delivery back."""
    for shop_id in inbox.again(tx, inbox_id):
        queue.apply(tx.connection, tx.merchant_id, shop_id)


def push_again(tx: Tx, outbox_id: int, now: datetime) -> None:
    """Bring a parked push back; raise StillImpossible when its points were given back and are spent."""
    push = outbox.find(tx, outbox_id)
    if push is None:
        return
    if push.kind != "marks":
        kept = coupons.get(tx, push.shop_id, push.subject)
        if kept is not None and kept.state in ("parked", "refused"):
            if not redeeming.try_again(tx, kept, now):
                raise StillImpossible("The member no longer has the points for this coupon.")
            coupons.set_state(tx, kept.shop_id, kept.source, kept.reward_key, "wanted")
    outbox.again(tx, push, now)


def all_again(tx: Tx, now: datetime) -> int:
    """Bring back everything that was put aside; return how many pushes had to stay."""
    for shop_id in inbox.again(tx):
        queue.apply(tx.connection, tx.merchant_id, shop_id)
    stayed = 0
    for push in outbox.parked(tx):
        try:
            push_again(tx, push.id, now)
        except StillImpossible:
            stayed += 1
    return stayed
