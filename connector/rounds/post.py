"""The post: a shop's outbox is drained, one push after the other."""

from __future__ import annotations

import threading

import structlog

from connector.flow import pushing
from connector.house import House
from connector.port import ShopAdapter
from connector.rounds.lines import NEVER, line, wake_later
from connector.store import outbox, queue, shops

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
        for job in jobs:
            sent = pushing.send(there, job)
            with house.database.merchant(merchant_id) as tx:
                pushing.keep(tx, job, sent, house.now())
            done += 1
        _log.info("pushed", shop=shop_id, count=len(jobs))
    return done
