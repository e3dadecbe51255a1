"""Outcomes: what came of a push is written down, with all that follows from it for codes, points and members."""

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

import msgspec

from connector.flow import giving, settling
from connector.flow.pushing import SAME_FAULT, WAITS, Job, Misunderstood, Sent, gift, needs_call
from connector.port import (
    CodeTaken,
    CouponMade,
    Doubtful,
    Forbidden,
    LeftAlone,
    Marked,
    OutcomeUnknown,
    Refused,
    Replaces,
    ShopError,
    Shown,
    TryLater,
    Unauthorized,
)
from connector.store import cards, coupons, ledger, marks, merchants, old_codes, outbox, people
from connector.store.database import Tx

NOT_MADE = "The person was forgotten; it is not made any more."
STANDS_IN = "What stands there now is written down, to be put back one day; then it goes out."
NOT_LOOKED_FOR = "The person was forgotten; it cannot be looked for."


def keep(tx: Tx, job: Job, sent: Sent, now: datetime, *, probing: bool = False) -> None:
    """Write down what came of a push. A call that only tried a silent line takes none of the push's own tries."""
    if job.coupon is not None and isinstance(sent, CouponMade) and giving.is_anothers(tx, job.coupon, sent):
        sent = CodeTaken() if job.push.kind == "coupon" else None
    if (given := gift(job)) is not None:
        giving.learned(tx, given, sent, now)
    match sent:
        case TryLater(wait=wait) if wait is not None:
            until = now + wait
            outbox.try_later(tx, job.push, until, str(sent), counts=False)
        case TryLater() if probing:
            outbox.try_later(tx, job.push, now, str(sent), counts=False)
        case Doubtful():
            _again_or_park(tx, job, str(sent), now)
        case OutcomeUnknown() if probing:
            # Never back to the first try: from the second on it is remembered that an earlier one may have worked.
            outbox.try_later(tx, job.push, now, str(sent), counts=job.push.attempts == 1)
        case Misunderstood():
            _again_or_park_fault(tx, job, str(sent), now)
        case TryLater() | OutcomeUnknown():
            _again_or_park(tx, job, str(sent), now)
        case Unauthorized():
            # Nothing goes out until the merchant has connected the shop again; then it goes at once.
            outbox.try_later(tx, job.push, now, str(sent), counts=False)
        case Refused() | ShopError():
            _give_up(tx, job, str(sent), now, refused=True, lacks=_lacks(tx, job, sent))
        case Replaces(before) if job.mark is not None and job.mark.before != before:
            marks.replaces(tx, job.push.shop_id, job.push.subject, before)
            outbox.try_later(tx, job.push, now, STANDS_IN, counts=False)
        case Replaces():
            _again_or_park(tx, job, STANDS_IN, now)
        case Marked(stands, before):
            marks.now_stands(tx, job.push.shop_id, job.push.subject, stands)
            marks.replaces(tx, job.push.shop_id, job.push.subject, before)
            outbox.done(
                tx, job.push, job.revision, f"Carries: {', '.join(stands) or 'nothing of ours'}.", now
            )
        case LeftAlone(why) if job.card is not None:
            cards.drop(tx, job.push.shop_id, [job.push.subject])
            outbox.done(tx, job.push, job.revision, why, now)
        case LeftAlone(why, stands):
            marks.left_alone(tx, job.push.shop_id, job.push.subject, stands, why, now)
            outbox.done(tx, job.push, job.revision, why, now)
        case CouponMade(remote_id) if job.coupon is not None and job.coupon.coupon.is_gift:
            giving.given(tx, job.coupon, remote_id, now)
            outbox.done(tx, job.push, job.revision, "It was given, and is the customer's.", now)
        case Shown():
            assert job.card is not None
            cards.stands(tx, job.push.shop_id, job.card, now)
            outbox.done(tx, job.push, job.revision, "Balance and tier can be read in the shop.", now)
        case CouponMade(remote_id):
            _coupon(job, lambda kept: _set(tx, kept, "live", remote_id))
            outbox.done(tx, job.push, job.revision, "The code is live in the shop.", now)
        case CodeTaken():
            _coupon(job, lambda kept: _other_code(tx, kept))
            why = "The code belongs to somebody else; another one is made."
            outbox.try_later(tx, job.push, now, why, counts=False)
        case None if job.push.kind == "delete" and job.coupon is not None and needs_call(job):
            old_codes.gone(tx, job.coupon, now)
            why = "The old code was taken out of the shop's list, unless somebody has used it."
            outbox.done(tx, job.push, job.revision, why, now)
        case None:
            _nothing_or_revoked(tx, job, now)
        case _:
            assert_never(sent)


def _coupon(job: Job, act: Callable[[coupons.Kept], None]) -> None:
    if job.coupon is None:
        raise AssertionError("only a coupon's push is answered by a coupon")
    act(job.coupon)


def _set(tx: Tx, kept: coupons.Kept, state: str, remote_id: str | None = None) -> None:
    # Locked: settling may be withdrawing it in this moment, and live would be written over that for good.
    now_there = coupons.locked(tx, kept.shop_id, kept.subject)
    # Withdrawn while it was on its way: the revoking that follows needs to know where it stands.
    if now_there is not None and now_there.state in ("wanted", "live"):
        coupons.set_state(tx, kept.shop_id, kept.source, kept.reward_key, state, remote_id)


def _other_code(tx: Tx, kept: coupons.Kept) -> None:
    code = coupons.next_code(tx, merchants.code_secret(tx), kept)
    found = ledger.find_redemption(tx, kept.source)
    if found is not None:
        ledger.change_redemption(tx, msgspec.structs.replace(found[1], code=code))


def _nothing_or_revoked(tx: Tx, job: Job, now: datetime) -> None:
    to_make = job.push.kind == "coupon" and job.coupon is not None and job.coupon.state == "wanted"
    if job.coupon is not None and to_make and people.is_nobody(job.coupon.coupon.customer_id):
        _never_made(tx, job, job.coupon, now)
    elif job.coupon is not None and job.coupon.coupon.is_gift:
        _nothing_or_not_given(tx, job, job.coupon, now)
    elif job.push.kind == "revoke" and job.coupon is not None and job.coupon.state not in ("wanted", "live"):
        outbox.done(tx, job.push, job.revision, "The code can no longer be used.", now)
        _revoked(tx, job.coupon, now)
    else:
        outbox.drop(tx, job.push, "No longer needed.", now)
        if job.push.kind == "coupon" and job.push.attempts > 1:
            # An earlier try may have reached the shop after the code was ended there: end it once more.
            outbox.want(tx, "revoke", [(job.push.shop_id, job.push.subject)], now)


def _never_made(tx: Tx, job: Job, kept: coupons.Kept, now: datetime) -> None:
    """Give up what was still to be made for a person who was forgotten: a member may live on elsewhere, with the points."""
    if kept.coupon.is_gift:
        never_tried = kept.unsure_at is None
        outbox.drop(tx, job.push, NOT_MADE if never_tried else NOT_LOOKED_FOR, now)
        giving.give_up(tx, kept, now, refused=True)
    else:
        outbox.drop(tx, job.push, NOT_MADE, now)
        _give_up_code(tx, job, kept, now, refused=job.push.attempts == 1)


def _nothing_or_not_given(tx: Tx, job: Job, kept: coupons.Kept, now: datetime) -> None:
    if job.push.kind != "revoke" or kept.state in ("wanted", "live"):
        outbox.drop(tx, job.push, "No longer needed.", now)
    elif kept.unsure_at is None:
        outbox.done(tx, job.push, job.revision, "It was called off before it was tried.", now)
        giving.not_given(tx, kept, now)
    elif people.is_nobody(kept.coupon.customer_id):
        # Nobody looked, so nothing is known: points never come back beside a gift that may have been given.
        outbox.drop(tx, job.push, NOT_LOOKED_FOR, now)
    else:
        outbox.done(tx, job.push, job.revision, "It was looked for, and was not given.", now)
        giving.not_given(tx, kept, now)


def _revoked(tx: Tx, kept: coupons.Kept, now: datetime) -> None:
    there = coupons.locked(tx, kept.shop_id, kept.subject)
    if there is None or there.state != "revoking":
        return  # given up, or wanted again meanwhile
    coupons.set_state(tx, kept.shop_id, kept.source, kept.reward_key, "revoked")
    found = ledger.find_redemption(tx, kept.source)
    spent = ledger.booked(tx, [there.member_id])[there.member_id].get(kept.source, 0) < 0
    if found is not None and found[1].state == "open" and found[1].coupon_ends_at > now and spent:
        # Its customer was joined with another one: the points are spent, so the survivor gets a code of their own.
        make_again(tx, there, now)
    else:
        # Its order may have come back to life meanwhile; then it is wanted again, with a fresh code.
        settling.due_soon(tx, [kept.member_id], now)


def make_again(tx: Tx, kept: coupons.Kept, now: datetime) -> None:
    """Have a coupon made once more, with a fresh code: the old one was ended, or may be. A gift is found by its code."""
    if not kept.coupon.is_gift:
        _other_code(tx, kept)
    coupons.set_state(tx, kept.shop_id, kept.source, kept.reward_key, "wanted")
    outbox.want(tx, "coupon", [(kept.shop_id, kept.subject)], now)


def _again_or_park(tx: Tx, job: Job, why: str, now: datetime) -> None:
    if job.push.attempts <= len(WAITS):
        outbox.try_later(tx, job.push, now + WAITS[job.push.attempts - 1], why, counts=True)
    else:
        _give_up(tx, job, why, now, refused=False)


def _again_or_park_fault(tx: Tx, job: Job, why: str, now: datetime) -> None:
    faults = outbox.count_fault(tx, job.push, why)
    if faults >= SAME_FAULT:
        _give_up(tx, job, why, now, refused=False)
    else:
        outbox.try_later(tx, job.push, now + WAITS[faults - 1], why, counts=True)


def _lacks(tx: Tx, job: Job, error: ShopError) -> str | None:
    """Return the right with which this goes on by itself. An exchange does not: its points are the member's again."""
    exchange = job.coupon is not None and ledger.find_redemption(tx, job.coupon.source) is not None
    return error.right if isinstance(error, Forbidden) and not exchange else None


def _give_up(tx: Tx, job: Job, why: str, now: datetime, *, refused: bool, lacks: str | None = None) -> None:
    outbox.park(tx, job.push, why, now, lacks)
    if job.coupon is not None and job.coupon.coupon.is_gift:
        if job.push.kind == "coupon":
            giving.give_up(tx, job.coupon, now, refused=refused)
    elif job.coupon is not None and job.push.kind == "coupon":
        _give_up_code(tx, job, job.coupon, now, refused=refused)


def _give_up_code(tx: Tx, job: Job, kept: coupons.Kept, now: datetime, *, refused: bool) -> None:
    state = "refused" if refused else "parked"
    coupons.set_state(tx, kept.shop_id, kept.source, kept.reward_key, state)
    _points_back(tx, kept, now)
    if not refused or job.push.attempts > 1 or kept.remote_id is not None:
        # It was live once, or one of the tries worked without our hearing of it: never points and code at once.
        outbox.want(tx, "revoke", [(kept.shop_id, kept.subject)], now)


def _points_back(tx: Tx, kept: coupons.Kept, now: datetime) -> None:
    """A redemption whose coupon could not be made gives the points back at once."""
    found = ledger.find_redemption(tx, kept.source)
    if found is None:
        return
    member_id, redemption = found
    ledger.change_redemption(tx, msgspec.structs.replace(redemption, state="refused", closed_at=now))
    settling.settle(tx, [member_id], now)
