"""Upkeep: every few seconds all is looked at for work that nobody was woken for, every night what is too old goes."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from connector.flow import clearing, in_person
from connector.house import House
from connector.rounds.lines import OURS
from connector.store import (
    erasures,
    inbox,
    members,
    outbox,
    pending,
    privacy,
    proofs,
    queue,
    rates,
    runs,
    shops,
    visits,
)
from connector.store.database import Connection

WINDOW_EVERY = timedelta(minutes=15)
POLL_EVERY = timedelta(seconds=30)
IDS_EVERY = timedelta(hours=1)  # a shop that is polled tells of no deletion
TRY_AGAIN = timedelta(
    hours=1
)  # so often a shop that no longer takes our token, or lacks a right, is tried with it
NIGHT = 3  # the hour, on the shop's own clock, at which all of it is read again
FULL_AT_NIGHT = timedelta(hours=20)  # so long after the last time, when it is night
FULL_AT_LATEST = timedelta(hours=36)  # and whatever the hour, where nobody worked at night
KEEP_BODIES = timedelta(days=7)
KEEP_ROWS = timedelta(days=35)  # longer than any shop repeats a message
KEEP_WINDOWS = timedelta(days=2)


_log = structlog.get_logger()


def sweep(house: House) -> None:
    """Look everywhere for work that nobody was woken for: a lost job must cost seconds, never a message."""
    now = house.now()
    with house.database.everyone() as connection:
        for merchant_id in members.merchants_due(connection, now):
            queue.settle(connection, merchant_id)
        for merchant_id, shop_id in inbox.shops_waiting(connection, now):
            queue.apply(connection, merchant_id, shop_id)
        for merchant_id, shop_id in erasures.left(connection, now):
            queue.apply(connection, merchant_id, shop_id)
        for merchant_id, shop_id in outbox.shops_waiting(connection, now):
            queue.push(connection, merchant_id, shop_id)
        lacking = set(outbox.shops_lacking(connection))
        for shop in shops.everywhere(connection):
            waits = shop.state == "reconnect" or (shop.merchant_id, shop.id) in lacking
            if waits and _is_polled(house, shop):
                queue.keep_alive(connection, shop.merchant_id, shop.id, now + TRY_AGAIN)
            if shop.look_again_at is not None:
                queue.look_again(connection, shop.merchant_id, shop.id)
            if shop.state == "connected" and shop.alone_until(now) is None:
                _wake_shop(house, connection, shop)


def _is_polled(house: House, shop: shops.Shop) -> bool:
    platform = house.platforms.get(shop.platform)
    return platform is not None and platform.polled


def _wake_shop(house: House, connection: Connection, shop: shops.Shop) -> None:
    now = house.now()
    platform = house.platforms.get(shop.platform)
    if platform is None:
        return
    imported = runs.newest(connection, shop.merchant_id, shop.id, "import")
    if imported is None or imported.state != "done":
        if imported is not None and (imported.under_way or _tried_long_ago(imported, now)):
            queue.import_history(connection, shop.merchant_id, shop.id)
        return
    every = POLL_EVERY if platform.polled else WINDOW_EVERY
    if shop.seen_until is None or shop.seen_until + every <= now:
        queue.reconcile(connection, shop.merchant_id, shop.id, "window")
    full = runs.newest(connection, shop.merchant_id, shop.id, "full")
    if shop.restored_from is not None or wants_all((full or imported).started_at, shop.timezone, now):
        queue.reconcile(connection, shop.merchant_id, shop.id, "full")
    elif platform.polled:
        ids = runs.newest(connection, shop.merchant_id, shop.id, "ids")
        if max(run.started_at for run in (imported, full, ids) if run is not None) + IDS_EVERY <= now:
            queue.reconcile(connection, shop.merchant_id, shop.id, "ids")


def _tried_long_ago(run: runs.Run, now: datetime) -> bool:
    """Whether an import that the shop refused is tried again: its customers are given nothing until it is through."""
    return run.finished_at is not None and run.finished_at + TRY_AGAIN <= now


def wants_all(last: datetime, zone: str, now: datetime) -> bool:
    """Tell whether a shop last read in full at `last` is to be read so again."""
    night = _clock(zone, now).hour == NIGHT
    return last + (FULL_AT_NIGHT if night else FULL_AT_LATEST) <= now


def _clock(zone: str, now: datetime) -> datetime:
    """Return the time on a shop's own clock; UTC where this machine does not know its zone (a shop names any)."""
    try:
        return now.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return now


def tidy(house: House) -> None:
    """Erase what is kept longer than anybody needs it; have every shop's subscriptions and our access to it looked over."""
    with house.database.everyone() as connection:
        for shop in shops.everywhere(connection):
            queue.subscribe(connection, shop.merchant_id, shop.id)
            queue.keep_alive(connection, shop.merchant_id, shop.id)
        rates.drop_old(connection, house.now())
        pending.drop_old(connection, house.now())
    broken: list[Exception] = []
    for merchant_id in house.merchants():
        try:
            _tidy(house, merchant_id)
        except OURS as error:
            # What one merchant's rows bring about must not keep those of the others; the last line has the night noticed.
            _log.error("a merchant was not tidied", merchant_id=merchant_id, error=type(error).__name__)
            broken.append(error)
    if broken:
        raise ExceptionGroup("not all was tidied", broken)


def _tidy(house: House, merchant_id: int) -> None:
    with house.database.merchant(merchant_id) as tx:
        inbox.drop_old(tx, house.now(), KEEP_BODIES, KEEP_ROWS)
        outbox.drop_old(tx, house.now(), KEEP_ROWS)
        runs.drop_old(tx, house.now(), KEEP_WINDOWS)
        visits.drop_old(tx, house.now())
        privacy.end_exports(tx, house.now() - proofs.FILE)
        for shop in shops.of_merchant(tx):
            if shop.state == "connected":
                clearing.clear_away(tx, shop.id, house.now())
            if _is_polled(house, shop) and not shop.is_erased:
                in_person.forget_gone(tx, shop, house.now())
