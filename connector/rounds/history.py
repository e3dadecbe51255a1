"""History: a shop is read from end to end, by the first import and by every reconciliation after it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog

from connector.flow import choosing, importing, reconciling, restoring
from connector.house import House
from connector.port import (
    Batch,
    Forbidden,
    NotReady,
    Refused,
    ShopAdapter,
    ShopError,
    TryLater,
    Window,
)
from connector.records import Coupon
from connector.rounds import deletions
from connector.rounds.lines import BREATH, NEVER, OURS, answered, line, note, turned_away
from connector.rounds.members import join_everybody
from connector.rounds.seen import Seen
from connector.store import outbox, queue, runs, shops
from connector.store.database import Tx
from connector.store.shops import Shop
from webhooks import subscriptions

GIFTS_AT_ONCE = 20  # booked in one transaction
PREPARED_WITHIN = 3 * 3600.0  # seconds that a reading waits for a shop to put its history together

_log = structlog.get_logger()


def import_history(house: House, merchant_id: int, shop_id: int, stop: threading.Event = NEVER) -> bool:
    """Import the shop's history from where it stopped; True when it is through."""
    with house.database.alone("import", shop_id) as mine:
        return mine and _import(house, merchant_id, shop_id, stop)


def _import(house: House, merchant_id: int, shop_id: int, stop: threading.Event) -> bool:
    with house.database.merchant(merchant_id) as tx:
        shop, run = shops.get(tx, shop_id), runs.latest(tx, shop_id, "import")
        if run is None or run.state in ("done", "failed") or shop.state != "connected":
            return run is not None and run.state == "done"
        if _must_wait(tx, shop, house.now()):
            return False  # the sweep resumes it
    done = run.done
    try:
        there = line(house, shop, "backfill")
        if run.checkpoint is None:
            shown_since = there.shows_since(house.now())
            with house.database.merchant(merchant_id) as tx:
                runs.reaches_back(tx, run, shown_since)
        for number, batch in enumerate(there.history(run.checkpoint)):
            if number == 0:
                answered(house, shop)
            done += len(batch.orders) + len(batch.customers) + len(batch.unread)
            if not _take(house, shop, run, batch, done) or stop.is_set():
                return False
        answered(house, shop)  # a shop without any history answers too
    except ShopError as error:
        note(house, shop, error)
        _pause_import(house, shop, run, error)
        return False
    with house.database.merchant(merchant_id) as tx:
        if _is_removed(tx, shop):
            return False
        importing.finish(tx, shop_id, run, done, house.now())
    _log.info("imported", shop=shop_id, count=done)
    return True


def _take(house: House, shop: Shop, run: runs.Run, batch: Batch, done: int) -> bool:
    """Keep a batch; where one object spoils it, each by itself, and what cannot be kept is put aside to be looked at.

    False where the shop has meanwhile been removed: then nothing more is kept.
    """
    try:
        with house.database.merchant(shop.merchant_id) as tx:
            if _is_removed(tx, shop):
                return False
            importing.take(tx, shop.id, run, batch, done, house.now())
            reconciling.keep_unread(tx, shop.id, batch.unread, house.now())
            if _is_removed(tx, shop):
                raise _Removed
    except _Removed:
        return False  # it was, while the batch was written: none of it is kept
    except OURS as error:
        _log.error("a batch could not be kept", shop=shop.id, error=type(error).__name__)
        for one in importing.singly(batch):
            _take_one(house, shop, run, one)
        # Only now: who is killed between two of them must begin with the first again.
        with house.database.merchant(shop.merchant_id) as tx:
            runs.progress(tx, run, batch.checkpoint, done, batch.total)
            reconciling.keep_unread(tx, shop.id, batch.unread, house.now())
    return True


class _Removed(Exception):
    """The merchant took Comeback out of the shop."""


def _is_removed(tx: Tx, shop: Shop) -> bool:
    return shops.get(tx, shop.id).state == "removed"


def _take_one(house: House, shop: Shop, run: runs.Run, one: Batch) -> None:
    try:
        with house.database.merchant(shop.merchant_id) as tx:
            importing.take_in(tx, shop.id, one, house.now())
    except OURS:
        with house.database.merchant(shop.merchant_id) as tx:
            reconciling.put_aside(tx, shop.id, run, one, house.now())


def _pause_import(house: House, shop: Shop, run: runs.Run, error: ShopError) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        if isinstance(error, Refused):
            runs.fail(tx, run, house.now(), str(error))
        else:
            runs.pause(tx, run, str(error))  # the sweep resumes it


def _must_wait(tx: Tx, shop: Shop, now: datetime) -> bool:
    """Whether the shop cannot be asked now; where its breaker is half-open, what waits to be sent is tried first."""
    sending = shop.probe_at is not None and outbox.is_due(tx, shop.id, now)
    return sending or turned_away(tx, shop, now) is not None


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
        if turned_away(tx, shop, now) is not None if kind == "window" else _must_wait(tx, shop, now):
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
    with Seen() as orders, Seen() as customers:
        for number, batch in enumerate(_batches(there, run, window, stop)):
            if number == 0:
                answered(house, shop)
            orders.add([order.id for order in batch.orders] + _unread("order", batch))
            customers.add([customer.id for customer in batch.customers] + _unread("customer", batch))
            with house.database.merchant(shop.merchant_id) as tx:
                gone = _is_removed(tx, shop)
                differences += 0 if gone else reconciling.compare(tx, shop, run, batch, house.now())
                differences += 0 if gone else reconciling.keep_unread(tx, shop.id, batch.unread, house.now())
            if stop.is_set() or gone:
                raise TryLater("stopped while reading; it starts again by itself", timedelta(0))
        answered(house, shop)  # an answer without anything in it is one too
        if run.kind == "full":
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
                differences += _account_for(house, shop, there, found)
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
            after = reconciling.doubtful_cards(tx, shop.id, after, house.now())
            more = after != ""


def _account_for(house: House, shop: Shop, there: ShopAdapter, found: list[Coupon]) -> int:
    """After a restore, once all else is done: end codes that nothing here asks for, book those that were used."""
    with house.database.merchant(shop.merchant_id) as tx:
        if not restoring.is_quiet(tx, shop.id, house.now()):
            return 0  # the sweep has the shop read once more
        unknown = restoring.unknown(tx, shop, found)
    ended = booked = 0
    for coupon in unknown:
        if not coupon.used:
            there.revoke_coupon(coupon.code, None)
            ended += 1
            continue
        with house.database.merchant(shop.merchant_id) as tx:
            if restoring.book_again(tx, shop, coupon, house.now()):
                booked += 1
            else:
                _log.warning("a used code cannot be traced", shop=shop.id)
    booked += _gifts_again(house, shop, there)
    with house.database.merchant(shop.merchant_id) as tx:
        shops.restored(tx, shop.id, None)
    _log.info("codes accounted for", shop=shop.id, count=len(unknown), done=ended, total=booked)
    return ended + booked


def _gifts_again(house: House, shop: Shop, there: ShopAdapter) -> int:
    """Book the exchanges for gifts that were given since the backup; return how many there were."""
    assert shop.restored_from is not None
    with house.database.merchant(shop.merchant_id) as tx:
        asked = restoring.may_have_exchanged(tx, shop)
    booked, since = 0, shop.restored_from - restoring.OVERLAP
    for kind, customers in asked.items():
        try:
            found = list(there.gifts(kind, since, tuple(customers)).items()) if customers else []
        except Forbidden:
            # Without the right nothing of this kind was given; or it was taken back since, and nobody can look.
            _log.warning("gifts cannot be looked for", shop=shop.id, kind=kind)
            continue
        for start in range(0, len(found), GIFTS_AT_ONCE):
            booked += _book_gifts(house, shop, dict(found[start : start + GIFTS_AT_ONCE]))
    return booked


def _book_gifts(house: House, shop: Shop, found: dict[str, Coupon]) -> int:
    booked = 0
    with house.database.merchant(shop.merchant_id) as tx:
        for remote_id, gift in restoring.unknown_gifts(tx, shop, found).items():
            if restoring.book_gift(tx, shop, remote_id, gift, house.now()):
                booked += 1
            else:
                _log.warning("a gift cannot be traced", shop=shop.id, kind=gift.kind)
    return booked


def subscribe(house: House, merchant_id: int, shop_id: int) -> None:
    """Tell the shop where to send its webhooks; a shop that cannot be asked now is asked again by the sweep's window."""
    with house.database.merchant(merchant_id) as tx:
        shop = shops.get(tx, shop_id)
        if shop.state != "connected":
            return
        alone = turned_away(tx, shop, house.now())
        if alone is not None:
            queue.subscribe(tx.connection, merchant_id, shop_id, house.now() + alone)
            return
    try:
        adapter = line(house, shop)
        topics = subscriptions.subscribe(adapter, house.settings.public_url, shop)
        facts, withheld, shown_since = adapter.facts(), adapter.withheld(), adapter.shows_since(house.now())
        answered(house, shop)
        with house.database.merchant(merchant_id) as tx:
            if importing.reads_more(tx, shop_id, shown_since, house.now()):
                _log.info("imports again", shop=shop_id)
            shops.says_of_itself(tx, shop_id, facts, withheld)
            choosing.heed(tx, shop_id, house.platforms[shop.platform], facts, house.now())
        _log.info("subscribed", shop=shop_id, count=len(topics))
    except ShopError as error:
        note(house, shop, error)
        at = house.now() + (getattr(error, "wait", None) or timedelta(minutes=1))
        with house.database.merchant(merchant_id) as tx:
            queue.subscribe(tx.connection, merchant_id, shop_id, at)
