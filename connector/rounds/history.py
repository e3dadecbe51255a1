"""History: a shop is read from end to end by the first import, which goes on where it stopped."""

from __future__ import annotations

import threading

import structlog

from connector.flow import importing, reconciling
from connector.house import House
from connector.port import Batch, Refused, ShopError
from connector.rounds.lines import NEVER, OURS, answered, is_removed, line, must_wait, note
from connector.rounds.members import join_everybody
from connector.store import runs, shops
from connector.store.shops import Shop

_log = structlog.get_logger()


def import_history(house: House, merchant_id: int, shop_id: int, stop: threading.Event = NEVER) -> bool:
    """Import the shop's history from where it stopped; True when it is through."""
    with house.database.alone("import", shop_id) as mine:
        return mine and _import(house, merchant_id, shop_id, stop)


def _import(house: House, merchant_id: int, shop_id: int, stop: threading.Event) -> bool:
    with house.database.merchant(merchant_id) as tx:
        shop, run = shops.get(tx, shop_id), runs.latest(tx, shop_id, "import")
        if run is None or run.state == "done" or shop.state != "connected":
            return run is not None and run.state == "done"
        if must_wait(tx, shop, house.now()):
            return False  # the sweep resumes it
    return _is_read(house, shop, run, stop) and _is_through(house, shop, stop)


def _is_read(house: House, shop: Shop, run: runs.Run, stop: threading.Event) -> bool:
    """Read the history from where it stopped; tell whether all of it is in."""
    if run.checkpoint == importing.READ:
        return True
    done = run.done
    try:
        there = line(house, shop, "backfill")
        if run.checkpoint is None:
            shown_since = there.shows_since(house.now())
            with house.database.merchant(shop.merchant_id) as tx:
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
    with house.database.merchant(shop.merchant_id) as tx:
        if is_removed(tx, shop):
            return False
        importing.is_in(tx, run, done)
    return True


def _is_through(house: House, shop: Shop, stop: threading.Event) -> bool:
    """Join who came by two ways at once, and have everyone settled; tell whether the run is through."""
    join_everybody(house, shop.merchant_id, stop=stop)
    with house.database.merchant(shop.merchant_id) as tx:
        run = runs.latest(tx, shop.id, "import")
        if run is None or stop.is_set() or is_removed(tx, shop):
            return False
        importing.finish(tx, shop.id, run, run.done, house.now())
    _log.info("imported", shop=shop.id, count=run.done)
    return True


def _take(house: House, shop: Shop, run: runs.Run, batch: Batch, done: int) -> bool:
    """Keep a batch; where one object spoils it, each by itself, and what cannot be kept is put aside to be looked at.

    False where the shop has meanwhile been removed: then nothing more is kept.
    """
    try:
        with house.database.merchant(shop.merchant_id) as tx:
            if is_removed(tx, shop):
                return False
            importing.take(tx, shop.id, run, batch, done, house.now())
            reconciling.keep_unread(tx, shop.id, batch.unread, house.now())
            if is_removed(tx, shop):
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
