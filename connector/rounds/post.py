"""The post: a shop's outbox is drained, one push after the other."""

from __future__ import annotations

import threading
from datetime import datetime

import structlog

from connector.flow import pushing
from connector.flow.pushing import Misunderstood
from connector.house import House
from connector.port import OutcomeUnknown, ShopAdapter, TryLater, Unauthorized
from connector.rounds.lines import NEVER, OURS, PAUSE, line, wake_later
from connector.store import outbox, queue, shops
from connector.store.database import Tx

_log = structlog.get_logger()


def push(house: House, merchant_id: int, shop_id: int, stop: threading.Event = NEVER) -> int:
    """Drain the shop's outbox, one drain at a time; return how many pushes went out."""
    done = 0
    while not stop.is_set():
        with house.database.alone("push", shop_id) as mine:
            sent = _push_all(house, merchant_id, shop_id, stop) if mine else 0
        done += sent
        if sent == 0:
            return done
    return done


def _push_all(house: House, merchant_id: int, shop_id: int, stop: threading.Event) -> int:
    done = 0
    there: ShopAdapter | None = None
    while not stop.is_set():
        with house.database.merchant(merchant_id) as tx:
            shop, now = shops.get(tx, shop_id), house.now()
            if shop.state != "connected":
                return done
            if shop.busy_until is not None and shop.busy_until > now:
                wake_later(tx, shop_id, shop.busy_until, queue.push)
                return done
            jobs = pushing.claim(tx, shop_id, now)
            if not jobs:
                wake_later(tx, shop_id, outbox.next_try(tx, shop_id), queue.push)
                return done
        there = there or line(house, shop)
        for number, job in enumerate(jobs, start=1):
            sent = _send(there, job)
            with house.database.merchant(merchant_id) as tx:
                pushing.keep(tx, job, sent, house.now())
                trouble = isinstance(sent, TryLater | OutcomeUnknown | Unauthorized)
                if trouble:
                    # What holds for one push holds for the shop: leave it alone, and let others have this worker.
                    _pause(tx, shop_id, sent, house.now())
                    outbox.give_back(tx, [one.push for one in jobs[number:]], house.now())
            done += 1
            if trouble:
                break
        _log.info("pushed", shop=shop_id, count=done)
    return done


def _send(there: ShopAdapter, job: pushing.Job) -> pushing.Sent:
    try:
        return pushing.send(there, job)
    except OURS as error:
        # A fault of ours about one customer must not hold up the others; after the last try it is put aside and shown.
        _log.exception("a push went wrong", push=job.push.id)
        return Misunderstood(f"{type(error).__name__} while sending it")


def _pause(tx: Tx, shop_id: int, sent: pushing.Sent, now: datetime) -> None:
    if isinstance(sent, TryLater | OutcomeUnknown) and getattr(sent, "wait", None) is None:
        shops.leave_alone_until(tx, shop_id, now + PAUSE)
