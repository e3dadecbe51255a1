"""Giving: gift cards and store credit are money, so each is given once, however often it is tried.

Shops know no key by which a second gift would be the first. So that a call goes out is written down before it does; when
nobody knows what came of it, nothing is tried for a while, then the adapter looks before it gives. Of a gift that is given
up, points come back only after a look that found nothing, and are spent again should a later look find it all the same.
"""

from datetime import datetime, timedelta

import msgspec

from connector.flow import settling
from connector.port import CodeTaken, CouponMade, Refused, ShopError, TryLater, Unauthorized
from connector.store import coupons, ledger, outbox, people, shops
from connector.store.database import Tx

# So long after the last try a shop may still be at work on it, and "it is not there" is not believed: no try, no look.
DOUBT = timedelta(minutes=10)
REMEMBERED = timedelta(days=7)  # so long every full comparison looks for what was given up
# After a restore one full reading follows the other until nothing waits: a look at each of them would always be waiting.
APART = timedelta(hours=12)


def not_before(push: outbox.Push, kept: coupons.Kept) -> datetime | None:
    """Return until when nothing may be asked about a gift; None: it may be at any time."""
    if not kept.coupon.is_gift or kept.unsure_at is None or not needs_call(push, kept):
        return None
    return kept.unsure_at + DOUBT


def needs_call(push: outbox.Push, kept: coupons.Kept) -> bool:
    """Tell whether a gift is still to be given, or looked for: what was never tried, nobody has to look for."""
    if push.kind == "coupon":
        return kept.state == "wanted"
    return kept.state not in ("wanted", "live") and kept.unsure_at is not None


def begin(tx: Tx, kept: coupons.Kept, now: datetime) -> bool:
    """Write down that the gift is about to be given; False where it changed since it was read, then the push comes back
    when its lease ends.

    Another worker has taken it on; or the customer was forgotten meanwhile, or joined with another one: calls of two dozen
    jobs may lie in between, and money must not go to a number that is gone.
    """
    there = coupons.locked(tx, kept.shop_id, kept.subject)
    if there is None or there.state != "wanted" or there.unsure_at != kept.unsure_at:
        return False
    if there.coupon != kept.coupon:
        return False
    coupons.is_unsure(tx, there, now)
    return True


def learned(
    tx: Tx, kept: coupons.Kept, sent: CouponMade | CodeTaken | ShopError | object, now: datetime
) -> None:
    """Keep the doubt about a try where its outcome is unknown; where it is known, only what was doubtful before."""
    match sent:
        case CouponMade() | CodeTaken():
            coupons.is_unsure(tx, kept, None)
        case TryLater() | Refused() | Unauthorized():
            coupons.is_unsure(tx, kept, kept.unsure_at)
        case _:
            coupons.is_unsure(tx, kept, now)


def is_anothers(tx: Tx, kept: coupons.Kept, found: CouponMade) -> bool:
    """Tell whether what the shop took for this gift is another one of ours.

    A store credit is known by its sum and the second in which it ends: two of one customer may be alike in both.
    """
    return kept.coupon.is_gift and coupons.is_of_another(tx, kept, found.remote_id)


def given(tx: Tx, kept: coupons.Kept, remote_id: str, now: datetime) -> None:
    """Note that the gift is the customer's, even where it was given up or called off: points for it are spent."""
    coupons.set_state(tx, kept.shop_id, kept.source, kept.reward_key, "live", remote_id)
    _book(tx, kept, "open", now)


def not_given(tx: Tx, kept: coupons.Kept, now: datetime) -> None:
    """Note that a gift that was given up, or called off, was never given: points for it come back."""
    there = coupons.get(tx, kept.shop_id, kept.subject)
    if there is None or there.state in ("wanted", "live"):
        return
    if there.state == "revoking":
        coupons.set_state(tx, kept.shop_id, kept.source, kept.reward_key, "revoked")
        # What gives it may have come back to life meanwhile.
        settling.due_soon(tx, [there.member_id], now)
    _book(tx, there, "refused", now)


def give_up(tx: Tx, kept: coupons.Kept, now: datetime, *, refused: bool) -> None:
    """Note that the gift is not tried any more. Unless it is sure that it was not given, it is looked for first."""
    there = coupons.get(tx, kept.shop_id, kept.subject)
    if there is None or there.state != "wanted":
        return
    unsure = there.unsure_at is not None
    state = "refused" if refused and not unsure else "parked"
    coupons.set_state(tx, kept.shop_id, kept.source, kept.reward_key, state)
    if not unsure:
        _book(tx, there, "refused", now)
    elif not people.is_nobody(there.coupon.customer_id):
        outbox.want(tx, "revoke", [(kept.shop_id, kept.subject)], now)


def look_again(tx: Tx, shop: shops.Shop, now: datetime) -> int:
    """Have the gifts that were given up lately looked for once more; return how many."""
    left = [kept.subject for kept in coupons.given_up(tx, shop.id, now - REMEMBERED)]
    if shop.restored_from is not None:
        looked = outbox.closed_since(tx, shop.id, "revoke", left, max(shop.restored_from, now - APART))
        left = [subject for subject in left if subject not in looked]
    outbox.want(tx, "revoke", [(shop.id, subject) for subject in left], now)
    return len(left)


def _book(tx: Tx, kept: coupons.Kept, state: str, now: datetime) -> None:
    """Let the exchange behind the gift, if there is one, stand so: "open" takes its points, "refused" gives them back."""
    found = ledger.find_redemption(tx, kept.source)
    if found is None or found[1].state == state:
        return
    member_id, redemption = found
    closed_at = now if state == "refused" else None
    ledger.change_redemption(tx, msgspec.structs.replace(redemption, state=state, closed_at=closed_at))
    settling.settle(tx, [member_id], now)
