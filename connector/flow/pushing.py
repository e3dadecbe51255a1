"""Pushing: what should stand in the shop is brought there, one push at a time, safe to repeat.

`claim` (a transaction) takes pushes under a lease, `together.send` talks to the shop outside any transaction, and
`outcomes.keep` (a transaction) writes down what came of it. A worker killed in between leaves a lease that ends; the push
then simply goes out again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from connector.flow import giving
from connector.port import (
    CodeTaken,
    CouponMade,
    LeftAlone,
    Marked,
    Replaces,
    ShopAdapter,
    ShopError,
    Shown,
)
from connector.records import Card
from connector.store import cards, coupons, marks, outbox, people, programs
from connector.store.database import Tx

LEASE = timedelta(minutes=2)
CARDS_A_CALL = 12  # as many as the plug takes
BATCH = 2 * CARDS_A_CALL
WAITS = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
)
"""Pauses after a failure; after the last one a push is parked."""
LOOKED_FOR = "Nobody knows whether it was given; it is looked for in a few minutes."
SAME_FAULT = 3
"""So often a fault of ours is tried when it stays the same; then the message or push is parked."""


class Misunderstood(ShopError):
    """A fault of ours on the way; it may be mended by the next version, so it is tried again like a shop's."""


class Job(msgspec.Struct, frozen=True):
    """A claimed push with what is to be brought about, read when it was claimed. None of it: nothing to do any more."""

    push: outbox.Push
    revision: int
    mark: marks.Mark | None = None
    coupon: coupons.Kept | None = None
    card: Card | None = None


Sent = Marked | Replaces | LeftAlone | CouponMade | CodeTaken | Shown | None | ShopError


def claim(tx: Tx, shop_id: int, now: datetime, limit: int = BATCH) -> list[Job]:
    """Take the next pushes of a shop; a gift of which nobody knows whether it was given is left for a while."""
    taken = outbox.claim(tx, shop_id, now, LEASE, limit)
    shown = cards.get(tx, shop_id, [push.subject for push, _ in taken if push.kind == "card"])
    jobs = []
    for push, revision in taken:
        job = _job(tx, push, revision, shown)
        until = None if job.coupon is None else giving.not_before(push, job.coupon)
        if until is None or until <= now:
            jobs.append(job)
        else:
            outbox.try_later(tx, push, until, LOOKED_FOR, counts=False)
    return jobs


def _job(tx: Tx, push: outbox.Push, revision: int, shown: Mapping[str, Card]) -> Job:
    if push.kind == "card":
        return Job(push, revision, card=shown.get(push.subject))
    if push.kind == "marks":
        mark = marks.get(tx, push.shop_id, push.subject)
        if mark is not None and push.attempts > 1:
            # An earlier try may have written a mark and lost the answer: any word of ours may stand there.
            ours = programs.words(tx)
            mark = msgspec.structs.replace(mark, known=tuple(sorted({*mark.known, *ours})))
        return Job(push, revision, mark=mark)
    return Job(push, revision, coupon=coupons.get(tx, push.shop_id, push.subject))


def needs_call(job: Job) -> bool:
    """Tell whether there is still something to say to the shop."""
    if job.coupon is None:
        return job.mark is not None or job.card is not None
    nobodys = people.is_nobody(job.coupon.coupon.customer_id)
    if nobodys and (job.push.kind == "coupon" or job.coupon.coupon.is_gift):
        return False  # the shop would be asked about a number that it never gave
    if job.coupon.coupon.is_gift:
        return giving.needs_call(job.push, job.coupon)
    if job.push.kind == "delete":
        return job.coupon.state in ("live", "revoked")
    return (job.push.kind == "coupon") == (job.coupon.state in ("wanted", "live"))


def gift(job: Job) -> coupons.Kept | None:
    """Return the gift that the job is about to give: it must be written down before (`giving.begin`)."""
    giving_now = job.coupon is not None and job.coupon.coupon.is_gift and job.push.kind == "coupon"
    return job.coupon if giving_now and needs_call(job) else None


def send(adapter: ShopAdapter, job: Job) -> Sent:
    """Talk to the shop; what goes wrong there is an answer too."""
    if not needs_call(job):
        return None
    try:
        if job.mark is not None:
            mark = job.mark
            return adapter.mark(mark.customer_id, mark.wanted, mark.known, mark.tier, mark.before)
        assert job.coupon is not None
        if job.push.kind == "coupon":
            return adapter.make_coupon(job.coupon.coupon)
        if job.coupon.coupon.is_gift:
            return adapter.find_gift(job.coupon.coupon)
        if job.push.kind == "delete":
            adapter.delete_coupons((job.coupon.coupon.code,))
        else:
            adapter.revoke_coupon(job.coupon.coupon.code, job.coupon.remote_id)
    except ShopError as error:
        return error
    return None
