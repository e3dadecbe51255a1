"""Reconciliation: a shop is read again, by window, whole or by its numbers, and what differs is settled."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import structlog

from connector.flow import cards, reconciling
from connector.house import House
from connector.port import Batch, Forbidden, NotReady, ShopAdapter, ShopError, TryLater, Window
from connector.records import Coupon
from connector.rounds import deletions, restored
from connector.rounds.lines import BREATH, NEVER, answered, is_removed, line, must_wait, note, turned_away
from connector.rounds.members import join_everybody
from connector.rounds.seen import Seen
from connector.store import runs, shops, unread
from connector.store.shops import Shop

PREPARED_WITHIN = 3 * 3600.0  # seconds that a reading waits for a shop to put its history together

_log = structlog.get_logger()


def reconcile(
    house: House,
    merchant_id: int,
    shop_id: int,
    kind: runs.RunKind,
    stop: threading.Event = NEVER,
    patience: float = 0.0,
) -> runs.Run | None:
    """Read the shop again, waiting up to `patience` seconds while another does; None when it cannot be read now."""
    until = time.monotonic() + patience
    while True:
        # A full one may wait for hours until the shop is ready, and what changes meanwhile is looked for all the same.
        with house.database.alone(f"reconcile {kind}", shop_id) as mine:
            if mine:
                return _reconcile(house, merchant_id, shop_id, kind, stop)
        if time.monotonic() >= until or stop.wait(0.2):
            return None


def _reconcile(
    house: House, merchant_id: int, shop_id: int, kind: runs.RunKind, stop: threading.Event
) -> runs.Run | None:
    now = house.now()
    with house.database.merchant(merchant_id) as tx:
        shop, imported = shops.get(tx, shop_id), runs.latest(tx, shop_id, "import")
        if shop.state != "connected" or imported is None or imported.state != "done":
            return None
        if turned_away(tx, shop, now) is not None if kind == "window" else must_wait(tx, shop, now):
            return None
        window = reconciling.window(shop, now)
        run = runs.begin(tx, shop_id, kind, now, window.since if kind == "window" else None, window.until)
    try:
        if kind == "ids":
            done, differences = deletions.compare(house, shop, run, stop)
        else:
            done, differences = _compare(house, shop, run, window, stop)
    except ShopError as error:
        note(house, shop, error)
        with house.database.merchant(merchant_id) as tx:
            runs.fail(tx, run, house.now(), str(error))
        return None
    with house.database.merchant(merchant_id) as tx:
        runs.finish(tx, run, house.now(), done, differences)
        if kind == "window" or (
            kind == "full" and (shops.get(tx, shop_id).seen_until or window.since) < window.until
        ):
            shops.looked_until(tx, shop_id, window.until)
        _log.info("reconciled", shop=shop_id, kind=kind, count=done, differences=differences)
        return runs.latest(tx, shop_id, kind)


def _compare(
    house: House, shop: Shop, run: runs.Run, window: Window, stop: threading.Event
) -> tuple[int, int]:
    """Return how many objects were looked at, and how many differed."""
    there, differences = line(house, shop, "backfill"), 0
    with house.database.merchant(shop.merchant_id) as tx:
        some_aside = unread.some(tx, shop.id)
    with Seen() as orders, Seen() as customers:
        for number, batch in enumerate(_batches(there, run, window, stop)):
            if number == 0:
                answered(house, shop)
            orders.add([order.id for order in batch.orders] + _unread("order", batch))
            customers.add([customer.id for customer in batch.customers] + _unread("customer", batch))
            with house.database.merchant(shop.merchant_id) as tx:
                gone = is_removed(tx, shop)
                differences += 0 if gone else reconciling.compare(tx, shop, run, batch, house.now())
                differences += 0 if gone else reconciling.keep_unread(tx, shop.id, batch.unread, house.now())
                if some_aside and not gone:
                    reconciling.read_again(tx, shop.id, batch)
                if shop.shows_cards and not gone and not house.platforms[shop.platform].keeps_cards:
                    cards.look_at_changed(tx, shop.id, batch.customers, house.now())
            if stop.is_set() or gone:
                raise TryLater("stopped while reading; it starts again by itself", timedelta(0))
        answered(house, shop)  # an answer without anything in it is one too
        if run.kind == "full":
            deletions.end_codes(shop, there)  # the night's reading stands in for an hour's look
            shows_codes, found = _codes(shop, there)
            shown_since = there.shows_since(house.now())
            with house.database.merchant(shop.merchant_id) as tx:
                differences += reconciling.compare_absent(
                    tx, shop, run, orders, customers, shown_since, house.now()
                )
                if shows_codes:
                    differences += reconciling.compare_coupons(tx, shop, found, house.now())
            differences += join_everybody(house, shop.merchant_id)
            _look_at_cards(house, shop)
            if shop.restored_from is not None and shows_codes:
                differences += restored.account_for(house, shop, there, found)
        return orders.count + customers.count, differences


def _unread(kind: str, batch: Batch) -> list[str]:
    return [one.id for one in batch.unread if one.kind == kind]


def _batches(there: ShopAdapter, run: runs.Run, window: Window, stop: threading.Event) -> Iterator[Batch]:
    if run.kind != "full":
        yield from there.changed(window)
        return
    checkpoint, until = None, time.monotonic() + PREPARED_WITHIN
    while True:
        try:
            for batch in there.history(checkpoint):
                checkpoint = batch.checkpoint
                yield batch
            return
        except NotReady as error:
            # Begun anew later, the history of a large shop would never be ready in time.
            wait = (error.wait or BREATH).total_seconds()
            if time.monotonic() + wait > until or stop.wait(wait):
                raise


def _codes(shop: Shop, there: ShopAdapter) -> tuple[bool, list[Coupon]]:
    """Read the codes of ours in the shop, and tell whether it shows them: the right may be missing, and all else goes on."""
    try:
        return True, list(there.coupons())
    except Forbidden:
        _log.warning("codes cannot be looked at", shop=shop.id)
        return False, []


def _look_at_cards(house: House, shop: Shop) -> None:
    after, more = "", shop.shows_cards
    while more:
        with house.database.merchant(shop.merchant_id) as tx:
            after = cards.doubtful(tx, shop.id, after, house.now())
            more = after != ""
