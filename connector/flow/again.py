"""Once more, or never: what was put aside is tried again or put away, because somebody asked for it."""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

from connector.flow import giving, outcomes, redeeming
from connector.store import coupons, inbox, ledger, outbox, people, queue
from connector.store.database import Tx

PUT_AWAY = "Put away by hand; nothing was done."


class StillImpossible(Exception):
    """It cannot be tried again, or put away, now; the text says why."""


def apply_again(tx: Tx, inbox_id: int, now: datetime) -> bool:
    """Bring a parked delivery back; False when there is none."""
    concerned = inbox.again(tx, inbox_id)
    for shop_id in concerned:
        queue.apply(tx.connection, tx.merchant_id, shop_id)
    return bool(concerned)


def replay(tx: Tx, inbox_id: int) -> bool:
    """Have a delivery applied once more, whatever became of it; False when it waits already or its body is gone.

    Safe to repeat: an older state is ignored, the same one books nothing.
    """
    shop_id = inbox.replay(tx, inbox_id)
    if shop_id is not None:
        queue.apply(tx.connection, tx.merchant_id, shop_id)
    return shop_id is not None


def push_again(tx: Tx, outbox_id: int, now: datetime) -> bool:
    """Bring a parked push back; False when there is none. StillImpossible: its points were given back and are spent."""
    push = outbox.find(tx, outbox_id)
    if push is None:
        return False
    if push.kind == "coupon":
        kept = coupons.get(tx, push.shop_id, push.subject)
        if kept is not None and kept.state in ("parked", "refused"):
            if kept.subject in outbox.pending(tx, push.shop_id, ("revoke",)):
                _look_again(tx, push, now)
                if kept.coupon.is_gift:
                    raise StillImpossible("It is still being looked for; try again in a few minutes.")
                raise StillImpossible("The earlier code is still being ended; try again in a moment.")
            if not redeeming.try_again(tx, kept, now):
                raise StillImpossible("The member no longer has the points for this coupon.")
            why = "The gift is tried once more." if kept.coupon.is_gift else "Tried again with a fresh code."
            outbox.drop(tx, push, why, now)
            outcomes.make_again(tx, kept, now)
            return True
    outbox.again(tx, push, now)
    return True


def _look_again(tx: Tx, push: outbox.Push, now: datetime) -> None:
    """Bring back what must come before the push, where that was put aside too: its gift's look, its code's end."""
    for one in outbox.parked(tx):
        if (one.kind, one.shop_id, one.subject) == ("revoke", push.shop_id, push.subject):
            outbox.again(tx, one, now)


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


def rights_there(tx: Tx, shop_id: int, now: datetime, missing: Collection[str] | None = None) -> int:
    """Bring back what was put aside for want of a right; return how much.

    `missing`: the rights that the shop just said are still missing; what lacks one of them, or one that the shop does not
    tell of, stays. None: the shop was connected again, and everything is tried.
    """
    back = 0
    for push, right in outbox.lacking(tx, shop_id):
        if missing is not None and (not right or right in missing):
            continue
        with suppress(StillImpossible):
            back += push_again(tx, push.id, now)
    return back


def discard_message(tx: Tx, inbox_id: int, now: datetime) -> bool:
    """Put a parked delivery away for good; False when there is none."""
    return inbox.discard(tx, PUT_AWAY, now, inbox_id) > 0


def discard_push(tx: Tx, outbox_id: int, now: datetime) -> bool:
    """Put a parked push away for good; False when there is none. The points of its code were given back already.

    StillImpossible: it is the look for a gift whose points hang on it; without it neither gift nor points might be there.
    """
    push = outbox.find(tx, outbox_id)
    if push is not None and _points_hang_on(tx, push):
        raise StillImpossible(
            "Nobody knows whether this was given. Try it again: when the look finds nothing, the points come back."
        )
    if push is not None:
        outbox.drop(tx, push, PUT_AWAY, now)
    return push is not None


def _points_hang_on(tx: Tx, push: outbox.Push) -> bool:
    kept = coupons.get(tx, push.shop_id, push.subject) if push.kind == "revoke" else None
    if kept is None or not kept.coupon.is_gift or not giving.needs_call(push, kept):
        return False
    found = ledger.find_redemption(tx, kept.source)
    return found is not None and found[1].state == "open" and not people.is_nobody(kept.coupon.customer_id)


def discard_all(tx: Tx, now: datetime) -> int:
    """Put everything that was put aside away for good, but for looks that points hang on; return how much."""
    pushes = [push for push in outbox.parked(tx) if not _points_hang_on(tx, push)]
    for push in pushes:
        outbox.drop(tx, push, PUT_AWAY, now)
    return len(pushes) + inbox.discard(tx, PUT_AWAY, now)
