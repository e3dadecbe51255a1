"""Deletions: a shop that is polled tells of none, so its ids are compared with those that are known here."""

from __future__ import annotations

import threading
from datetime import timedelta

from connector.flow import reconciling
from connector.house import House
from connector.port import TryLater
from connector.rounds.lines import answered, line
from connector.rounds.seen import Seen
from connector.store import runs, shops
from connector.store.shops import Shop


def compare(house: House, shop: Shop, run: runs.Run, stop: threading.Event) -> tuple[int, int]:
    """Have looked up what is known and no longer in the shop; return how many ids there are, and how many it misses.

    A reading that breaks off compares nothing: what it did not come to is not deleted.
    """
    there = line(house, shop, "backfill")
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
