"""The post: a shop's outbox is drained, one push after the other."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TypeGuard

import structlog

from connector import trail
from connector.flow import giving, outcomes, pushing, together
from connector.flow.pushing import Misunderstood
from connector.house import House
from connector.port import (
    Doubtful,
    Forbidden,
    OutcomeUnknown,
    Refused,
    ShopAdapter,
    ShopError,
    TryLater,
    Unauthorized,
)
from connector.rounds.lines import BREATH, NEVER, OURS, answered, heed, line, wake_later
from connector.store import breaker, outbox, queue, shops
from connector.store.shops import Shop

TROUBLE = (TryLater, OutcomeUnknown, Unauthorized)  # what holds for one push holds for the shop
ONES_OWN = (Refused, Misunderstood, Doubtful)  # may be the fault of one of a dozen
_log = structlog.get_logger()


def push(house: House, merchant_id: int, shop_id: int, stop: threading.Event = NEVER) -> int:
    """Drain the shop's outbox, one drain at a time; return how many pushes went out."""
    done = 0
    while not stop.is_set():
        with house.database.alone("push", shop_id) as mine:
            sent, trouble = _push_all(house, merchant_id, shop_id, stop) if mine else (0, False)
        done += sent
        if sent == 0 or trouble:
            return done
    return done


def _push_all(house: House, merchant_id: int, shop_id: int, stop: threading.Event) -> tuple[int, bool]:
    """Return how many went out, and whether the last of them met trouble on the line."""
    done = 0
    there: ShopAdapter | None = None
    while not stop.is_set():
        with house.database.merchant(merchant_id) as tx:
            shop, now = shops.get(tx, shop_id), house.now()
            if shop.state != "connected":
                return done, False
            if (until := shop.alone_until(now)) is not None:
                wake_later(tx, shop_id, until, queue.push)
                return done, False
            try:
                # Before anything is claimed: without a line nothing is tried, and no try is used up.
                there = there or line(house, shop)
            except TryLater as error:
                shops.leave_alone_until(tx, shop_id, now + (error.wait or BREATH))
                wake_later(tx, shop_id, now + (error.wait or BREATH), queue.push)
                _log.warning("no line to the shop", shop=shop_id)
                return done, False
            probing = shop.probe_at is not None
            jobs = pushing.claim(tx, shop_id, now, limit=1 if probing else pushing.BATCH)
            if not jobs:
                wake_later(tx, shop_id, outbox.next_try(tx, shop_id), queue.push)
                return done, False
            if probing and not breaker.take_probe(tx, shop_id, now):
                outbox.give_back(tx, [one.push for one in jobs], now)
                wake_later(tx, shop_id, now + BREATH, queue.push)
                return done, False
        calls = together.calls(jobs, bound=house.platforms[shop.platform].binds_coupons)
        for number, call in enumerate(calls, start=1):
            with trail.on(call[0].push.request):
                rest = [job for later in calls[number:] for job in later]
                trouble = _send_and_keep(house, shop, there, call, rest, probing=probing)
            done += len(call)
            if trouble:
                return done, True
    return done, False


def _send_and_keep(
    house: House,
    shop: Shop,
    there: ShopAdapter,
    call: tuple[pushing.Job, ...],
    rest: list[pushing.Job],
    *,
    probing: bool,
) -> bool:
    """Send what goes in one call and write down what came of it; True when the shop is to be left alone, and the rest
    given back.
    """
    if (gift := pushing.gift(call[0])) is not None:
        with house.database.merchant(shop.merchant_id) as tx:
            if not giving.begin(tx, gift, house.now()):
                return False
    sent = _send(there, call)
    trouble = next((one for one in sent if _is_trouble(one)), None)
    with house.database.merchant(shop.merchant_id) as tx:
        for job, one in zip(call, sent, strict=True):
            outcomes.keep(tx, job, one, house.now(), probing=probing)
        if trouble is not None:
            # Leave the shop alone, and let others have this worker.
            heed(tx, shop.id, trouble, house.now())
            outbox.give_back(tx, [one.push for one in rest], house.now())
            wake_later(tx, shop.id, house.now() + BREATH, queue.push)
    if trouble is None:
        _heard(house, shop, call, sent, probing=probing)
    for job, one in zip(call, sent, strict=True):
        _count(house, shop.platform, one)
        _log.info("pushed", shop=shop.id, kind=job.push.kind, attempt=job.push.attempts, result=_said(one))
    return trouble is not None


def _heard(
    house: House, shop: Shop, call: tuple[pushing.Job, ...], sent: Sequence[pushing.Sent], *, probing: bool
) -> None:
    """Note that the shop answers; where it was not asked, leave it to the next push to try the line."""
    asked = zip(call, sent, strict=True)
    if any(pushing.needs_call(job) and not isinstance(one, Misunderstood) for job, one in asked):
        answered(house, shop)
    elif probing:
        with house.database.merchant(shop.merchant_id) as tx:
            breaker.give_back_probe(tx, shop.id, house.now())


def _send(there: ShopAdapter, call: tuple[pushing.Job, ...]) -> Sequence[pushing.Sent]:
    """Send what goes in one call. What is wrong with one of a dozen must not be held against the others."""
    sent = _try(there, call)
    one_answer = len(call) > 1 and all(one is sent[0] for one in sent)
    if not one_answer or isinstance(sent[0], Forbidden) or not isinstance(sent[0], ONES_OWN):
        return sent
    found: list[pushing.Sent] = []
    for job in call:
        in_vain = found and _is_trouble(found[-1])
        found.append(found[-1] if in_vain else _try(there, (job,))[0])
    return found


def _try(there: ShopAdapter, call: tuple[pushing.Job, ...]) -> Sequence[pushing.Sent]:
    first = call[0]
    try:
        return together.send(there, call)
    except OURS as error:
        # A fault of ours about one customer must not hold up the others; after the last try it is put aside and shown.
        _log.exception("a push went wrong", shop=first.push.shop_id, kind=first.push.kind)
        return [Misunderstood(f"{type(error).__name__} while sending it")] * len(call)


def _is_trouble(sent: pushing.Sent) -> TypeGuard[ShopError]:
    """Tell whether it holds for the shop: a doubt about one customer is an answer of the shop's."""
    return isinstance(sent, TROUBLE) and not isinstance(sent, Doubtful)


def _count(house: House, platform: str, sent: pushing.Sent) -> None:
    house.tally.count("pushes", platform=platform)
    if isinstance(sent, ShopError):
        house.tally.count("push_failures", platform=platform, reason=type(sent).__name__)


def _said(sent: pushing.Sent) -> str:
    """Name what came of a push in one word; the shop's own text may quote a person."""
    return "nothing" if sent is None else type(sent).__name__
