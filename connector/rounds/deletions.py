"""Deletions: a shop that is polled tells of none, so it is asked how many there are, and where that differs which."""

from __future__ import annotations

import threading
from datetime import timedelta

import msgspec
import structlog

from connector.flow import reconciling
from connector.house import House
from connector.port import Counts, OutcomeUnknown, Refused, ShopAdapter, TryLater
from connector.rounds.lines import answered, is_removed, line
from connector.rounds.seen import Seen
from connector.store import people, purchases, runs
from connector.store.shops import Shop

KNOWN_BY = timedelta(hours=1)  # after it was made: looking at what changed has shown it by then

_log = structlog.get_logger()


def compare(house: House, shop: Shop, run: runs.Run, stop: threading.Event) -> tuple[int, int]:
    """Have looked up what is known and no longer in the shop; return how many ids there are, and how many it misses.

    Where there are as many as are known none is missing, and no id is read: a shop with half a million orders is asked two
    questions. So is one whose numbers differ by as much as when all ids were read last and none was missing: an order that
    cannot be kept would have everything read again every hour, and the night does that. A reading that breaks off compares
    nothing: what it did not come to is not deleted.
    """
    there = line(house, shop, "backfill")
    before = run.started_at - KNOWN_BY
    counted = there.counts(before)
    end_codes(shop, there)
    with house.database.merchant(shop.merchant_id) as tx:
        known = Counts(purchases.count(tx, shop.id, before), people.count(tx, shop.id, before))
        gap = _gap(counted, known)
        explained = gap in (_NO_GAP, runs.explained(tx, shop.id))
        if explained:
            runs.progress(tx, run, gap, 0, None)
    if explained:
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
            if is_removed(tx, shop):
                return 0, 0
            gone = reconciling.compare_absent(tx, shop, run, orders, customers, shown_since, house.now())
            if not gone:
                runs.progress(tx, run, gap, 0, None)
        return orders.count + customers.count, gone


def _gap(counted: Counts, known: Counts) -> str:
    """By how many a shop's numbers differ from ours; it stays as it is while orders come in and are kept."""
    gap = Counts(counted.orders - known.orders, counted.customers - known.customers)
    return msgspec.json.encode(gap).decode()


_NO_GAP = _gap(Counts(0, 0), Counts(0, 0))


def end_codes(shop: Shop, there: ShopAdapter) -> None:
    """Have codes ended whose last day is over; the right may be missing, or a rule be spoilt; all else goes on."""
    try:
        there.end_codes()
    except (Refused, OutcomeUnknown):
        _log.warning("codes cannot be ended", shop=shop.id)
