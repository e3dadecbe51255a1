"""The post: a shop's outbox is drained, one push after the other."""

from __future__ import annotations

import threading

import structlog

from connector import trail
from connector.flow import giving, pushing
from connector.flow.pushing import Misunderstood
from connector.house import House
from connector.port import OutcomeUnknown, ShopAdapter, ShopError, TryLater, Unauthorized
from connector.rounds.lines import BREATH, NEVER, OURS, answered, heed, line, wake_later
from connector.store import breaker, outbox, queue, shops
from connector.store.shops import Shop

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
        for number, job in enumerate(jobs, start=1):
            with trail.on(job.push.request):
                trouble = _send_and_keep(house, shop, there, job, jobs[number:], probing=probing)
            done += 1
            if trouble:
                return done, True
    return done, False


def _send_and_keep(
    house: House, shop: Shop, there: ShopAdapter, job: pushing.Job, rest: list[pushing.Job], *, probing: bool
) -> bool:
    """Send a push and write down what came of it; True when the shop is to be left alone, and the rest given back."""
    if (gift := pushing.gift(job)) is not None:
        with house.database.merchant(shop.merchant_id) as tx:
            if not giving.begin(tx, gift, house.now()):
                return False
    sent = _send(there, job)
    _count(house, shop.platform, sent)
    trouble = isinstance(sent, TryLater | OutcomeUnknown | Unauthorized)
    with house.database.merchant(shop.merchant_id) as tx:
        pushing.keep(tx, job, sent, house.now(), probing=probing)
        if isinstance(sent, TryLater | OutcomeUnknown | Unauthorized):
            # What holds for one push holds for the shop: leave it alone, and let others have this worker.
            heed(tx, shop.id, sent, house.now())
            outbox.give_back(tx, [one.push for one in rest], house.now())
            wake_later(tx, shop.id, house.now() + BREATH, queue.push)
    if not trouble and pushing.needs_call(job) and not isinstance(sent, Misunderstood):
        answered(house, shop)
    elif not trouble and probing:
        with house.database.merchant(shop.merchant_id) as tx:
            breaker.give_back_probe(tx, shop.id, house.now())
    _log.info("pushed", shop=shop.id, kind=job.push.kind, attempt=job.push.attempts, result=_said(sent))
    return trouble


def _send(there: ShopAdapter, job: pushing.Job) -> pushing.Sent:
    try:
        return pushing.send(there, job)
    except OURS as error:
        # A fault of ours about one customer must not hold up the others; after the last try it is put aside and shown.
        _log.exception("a push went wrong", shop=job.push.shop_id, kind=job.push.kind)
        return Misunderstood(f"{type(error).__name__} while sending it")


def _count(house: House, platform: str, sent: pushing.Sent) -> None:
    house.tally.count("pushes", platform=platform)
    if isinstance(sent, ShopError):
        house.tally.count("push_failures", platform=platform, reason=type(sent).__name__)


def _said(sent: pushing.Sent) -> str:
    """Name what came of a push in one word; the shop's own text may quote a person."""
    return "nothing" if sent is None else type(sent).__name__
