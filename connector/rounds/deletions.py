"""Deletions: a shop that is polled tells of none, so it is asked how many there are, and where that differs which."""

from __future__ import annotations

import threading
from datetime import timedelta

from connector.flow import reconciling
from connector.house import House
from connector.port import Counts, TryLater
from connector.rounds.lines import answered, line
from connector.rounds.seen import Seen
from connector.store import people, purchases, runs, shops
from connector.store.shops import Shop

KNOWN_BY = timedelta(hours=1)  # after it was made: looking at what changed has shown it by then


def compare(house: House, shop: Shop, run: runs.Run, stop: threading.Event) -> tuple[int, int]:
    """Have looked up what is known and no longer in the shop; return how many ids there are, and how many it misses.

    Where there are as many as are known none is missing, and no id is read: a shop with half a million orders is asked two
    questions. A reading that breaks off compares nothing: what it did not come to is not deleted.
    """
    there = line(house, shop, "backfill")
    before = run.started_at - KNOWN_BY
    counted = there.counts(before)
    with house.database.merchant(shop.merchant_id) as tx:
        known = Counts(purchases.count(tx, shop.id, before), people.count(tx, shop.id, before))
    if counted == known:
        answered(house, shop)
        return known.orders + known.customers, 0
    with Seen() as orders, Seen() as customers:
        for some in there.numbers():
            orders.add(some.orders)
            customers.add(some.customers)
            if stop.is_set():
                raise TryLater("stopped while reading; it starts again by itself", timedelta(0))
        shown_since = there.shows_since(house.now())
        answered(house, shop)
        with house.database.merchant(shop.merchant_id) as tx:
            if shops.get(tx, shop.id).state == "removed":
                return 0, 0
            gone = reconciling.compare_absent(tx, shop, run, orders, customers, shown_since, house.now())
        return orders.count + customers.count, gone
