"""Together: what a shop takes in one call. Cards by the dozen, two codes of one worth, old codes that are let go.

What goes wrong with such a call is an answer for each of its pushes; all of them are safe to repeat.
"""

from collections.abc import Hashable, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from connector.flow import pushing
from connector.flow.pushing import BATCH, CARDS_A_CALL, Job, Sent
from connector.port import CodeRefused, CodeResult, Refused, ShopAdapter, ShopError

CODES_A_CALL = 2  # side by side; with more, one that fails would have too many others tried again
_NO_TIME = datetime.min.replace(tzinfo=UTC)


def calls(jobs: Sequence[Job], *, bound: bool) -> list[tuple[Job, ...]]:
    """Return the jobs by call, cards behind all else. `bound`: codes are bound to a customer, so each goes by itself."""
    found: list[list[Job]] = []
    open_: dict[Hashable, list[Job]] = {}
    for job in sorted(jobs, key=lambda job: job.card is not None):
        key, most = _kind(job, bound=bound)
        group = open_.get(key)
        if group is None or len(group) == most:
            group = open_[key] = []
            found.append(group)
        group.append(job)
    return [tuple(group) for group in found]


def send(adapter: ShopAdapter, call: Sequence[Job]) -> Sequence[Sent]:
    """Talk to the shop once, about all of the call; return an answer for each job."""
    first = call[0]
    try:
        if first.card is not None:
            return adapter.show(tuple(job.card for job in call if job.card is not None))
        if len(call) == 1:
            return [pushing.send(adapter, first)]
        codes = tuple(job.coupon.coupon.code for job in call if job.coupon is not None)
        if first.push.kind == "delete":
            adapter.delete_coupons(codes)
            return [None] * len(call)
        assert first.coupon is not None
        return [_told(one) for one in adapter.make_codes(first.coupon.coupon, codes)]
    except ShopError as error:
        return [error] * len(call)


def _kind(job: Job, *, bound: bool) -> tuple[Hashable, int]:
    """Return what the job may go together with, and how many of it."""
    if job.card is not None:
        return "card", CARDS_A_CALL
    if job.coupon is None or job.coupon.coupon.is_gift or not pushing.needs_call(job):
        return (job.push.kind, job.push.subject), 1
    if job.push.kind == "delete":
        return "delete", BATCH
    if job.push.kind == "coupon" and not bound:
        # Whose they are and what they were given for is the house's to know.
        worth = replace(job.coupon.coupon, code="", customer_id="", title="", starts_at=_NO_TIME)
        return worth, CODES_A_CALL
    return (job.push.kind, job.push.subject), 1


def _told(result: CodeResult) -> Sent:
    return Refused(result.why) if isinstance(result, CodeRefused) else result
