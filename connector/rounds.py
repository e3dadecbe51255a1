"""One round of each road, as workers and commands run it: transactions here, talk with the shop between them.

The only place that catches what goes wrong on a shop's line: there it becomes a later try, never a lost message.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from connector.flow import applying, importing, pushing, reconciling, settling
from connector.house import House
from connector.port import Refused, ShopAdapter, ShopError, TryLater, Unauthorized, Window
from connector.records import Customer, Order
from connector.store import inbox, outbox, queue, runs, shops
from connector.store.database import Connection, Tx
from connector.store.shops import NoTokens, Shop
from webhooks import subscriptions

BATCH = 100  # deliveries applied in one transaction
ASK_AT_ONCE = 100  # ids in one question to a shop
TRIES = len(pushing.WAITS)
PUT_OFF = timedelta(hours=1)  # until a member who could not be settled is tried again
# What a fault of ours raises; what a database that is away raises is none of it, and ends the round.
_OURS = (ValueError, LookupError, TypeError, ArithmeticError, AssertionError)

Wake = Callable[[Connection, int, int, datetime | None], None]

_log = structlog.get_logger()
_never = threading.Event()


# --- apply ---


def apply(house: House, merchant_id: int, shop_id: int, stop: threading.Event = _never) -> int:
    """Drain the shop's inbox, one drain at a time; return how many deliveries were dealt with."""
    done = 0
    while not stop.is_set():
        with house.database.alone("apply", shop_id) as mine:
            if not mine:
                return done
            done += _apply_all(house, merchant_id, shop_id, stop)
        # Whoever came while we held the lock has gone away; what they came for must not be left lying.
        with house.database.everyone() as connection:
            if (merchant_id, shop_id) not in inbox.shops_waiting(connection, house.now()):
                return done
    return done


def _apply_all(house: House, merchant_id: int, shop_id: int, stop: threading.Event) -> int:
    done = 0
    with house.database.everyone() as connection:
        queue.listen(connection, shop_id)
    while not stop.is_set():
        with house.database.merchant(merchant_id) as tx:
            shop = shops.get(tx, shop_id)
            waiting = inbox.waiting(tx, shop_id, house.now(), BATCH)
            if not waiting:
                _wake_later(tx, shop_id, inbox.next_try(tx, shop_id), queue.apply)
                return done
            reads = [applying.read(house.platforms[shop.platform], one) for one in waiting]
        _apply_batch(house, shop, reads)
        done += len(reads)
    return done


def _apply_batch(house: House, shop: Shop, reads: list[applying.Read]) -> None:
    """Apply a batch in one go; where one delivery spoils it, each by itself."""
    try:
        fetched = _fetch(house, shop, reads)
    except ShopError as error:
        _without_asking(house, shop, reads, error)
        return
    try:
        _apply(house, shop, reads, fetched)
    except _OURS as error:
        # A fault in one message (or in our understanding of it) must not hold up the others.
        if len(reads) == 1:
            _postpone(house, shop, reads[0], f"{type(error).__name__} while applying it", error)
            return
        for one in reads:
            _apply_batch(house, shop, [one])


def _apply(house: House, shop: Shop, reads: list[applying.Read], fetched: applying.Fetched) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        ours = inbox.still_waiting(tx, shop.id, [one.waiting.id for one in reads])
        applying.apply(tx, shop, [one for one in reads if one.waiting.id in ours], fetched, house.now())
    _log.info("applied", shop=shop.id, count=len(ours))


def _fetch(house: House, shop: Shop, reads: list[applying.Read]) -> applying.Fetched:
    """Ask the shop for what the messages only name. What merely completes the picture may fail."""
    with house.database.merchant(shop.merchant_id) as tx:
        wish = applying.wish(tx, shop.id, reads)
    if not wish and not wish.useful:
        return applying.Fetched()
    line = _line(house, shop)
    orders: dict[str, Order] = {}
    for ids in _chunks(wish.orders):
        orders |= line.orders(ids)
    with house.database.merchant(shop.merchant_id) as tx:
        named = [order.customer_id for order in orders.values() if order.customer_id is not None]
        useful = (wish.useful | applying.unknown_customers(tx, shop.id, named)) - wish.customers
    customers: dict[str, Customer] = {}
    for ids in _chunks(wish.customers):
        customers |= line.customers(ids)
    with suppress(ShopError):
        for ids in _chunks(useful):
            customers |= line.customers(ids)
    return applying.Fetched(wish.orders, wish.customers, orders, customers)


def _without_asking(house: House, shop: Shop, reads: list[applying.Read], error: ShopError) -> None:
    """The shop cannot be asked now: apply what needs no answer, leave the rest for later."""
    _note(house, shop, error)
    for one in reads:
        with house.database.merchant(shop.merchant_id) as tx:
            needs = bool(applying.wish(tx, shop.id, [one]))
        if needs and shop.state == "removed":
            with house.database.merchant(shop.merchant_id) as tx:
                why = "The shop was removed before this could be looked up."
                inbox.done(tx, shop.id, one.waiting.id, "ignored", why, None, house.now())
        elif needs:
            _postpone(house, shop, one, str(error), error)
        else:
            _apply(house, shop, [one], applying.Fetched())


def _postpone(house: House, shop: Shop, one: applying.Read, why: str, error: Exception) -> None:
    """Leave a delivery for a later try, or park it after the last one."""
    now, attempts = house.now(), one.waiting.attempts
    waits = getattr(error, "wait", None)
    patient = waits is not None or isinstance(error, Unauthorized)
    with house.database.merchant(shop.merchant_id) as tx:
        if patient:
            inbox.try_later(tx, shop.id, one.waiting.id, attempts, now + (waits or timedelta(minutes=5)), why)
        elif attempts >= TRIES or isinstance(error, Refused):
            inbox.park(tx, shop.id, one.waiting.id, attempts + 1, why, now)
        else:
            at = now + pushing.WAITS[attempts]
            inbox.try_later(tx, shop.id, one.waiting.id, attempts + 1, at, why)
    _log.warning(
        "postponed", shop=shop.id, delivery=one.waiting.id, attempts=attempts + 1, error=type(error).__name__
    )


# --- settle, push ---


def settle(house: House, merchant_id: int, stop: threading.Event = _never) -> int:
    """Settle every member of the merchant whose moment has come; return how many."""
    done, limit = 0, settling.BATCH
    while not stop.is_set():
        try:
            with house.database.merchant(merchant_id) as tx:
                settled = settling.settle_due(tx, house.now(), limit)
        except _OURS as error:
            # One member whose story we do not understand must not hold up the others.
            if limit == 1:
                _put_off(house, merchant_id, error)
            limit = 1
            continue
        done += settled
        if settled == 0:
            break
    return done


def _put_off(house: House, merchant_id: int, error: Exception) -> None:
    with house.database.merchant(merchant_id) as tx:
        member_id = settling.put_off(tx, house.now(), PUT_OFF)
    _log.error("not settled", merchant=merchant_id, member=member_id, error=type(error).__name__)


def push(house: House, merchant_id: int, shop_id: int, stop: threading.Event = _never) -> int:
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
    line: ShopAdapter | None = None
    while not stop.is_set():
        with house.database.merchant(merchant_id) as tx:
            shop, now = shops.get(tx, shop_id), house.now()
            if shop.state != "connected":
                return done
            if shop.busy_until is not None and shop.busy_until > now:
                _wake_later(tx, shop_id, shop.busy_until, queue.push)
                return done
            jobs = pushing.claim(tx, shop_id, now)
            if not jobs:
                _wake_later(tx, shop_id, outbox.next_try(tx, shop_id), queue.push)
                return done
        line = line or _line(house, shop)
        for job in jobs:
            sent = pushing.send(line, job)
            with house.database.merchant(merchant_id) as tx:
                pushing.keep(tx, job, sent, house.now())
            done += 1
        _log.info("pushed", shop=shop_id, count=len(jobs))
    return done


# --- import, reconcile ---


def import_history(house: House, merchant_id: int, shop_id: int, stop: threading.Event = _never) -> bool:
    """Import the shop's history from where it stopped; True when it is through."""
    with house.database.alone("import", shop_id) as mine:
        return mine and _import(house, merchant_id, shop_id, stop)


def _import(house: House, merchant_id: int, shop_id: int, stop: threading.Event) -> bool:
    with house.database.merchant(merchant_id) as tx:
        shop, run = shops.get(tx, shop_id), runs.latest(tx, shop_id, "import")
    if run is None or run.state in ("done", "failed") or shop.state != "connected":
        return run is not None and run.state == "done"
    done = run.done
    try:
        for batch in _line(house, shop).history(run.checkpoint):
            done += len(batch.orders) + len(batch.customers)
            with house.database.merchant(merchant_id) as tx:
                importing.take(tx, shop_id, run, batch, done, house.now())
            if stop.is_set():
                return False
    except ShopError as error:
        _note(house, shop, error)
        _pause_import(house, shop, run, error)
        return False
    with house.database.merchant(merchant_id) as tx:
        importing.finish(tx, shop_id, run, done, house.now())
    _log.info("imported", shop=shop_id, count=done)
    return True


def _pause_import(house: House, shop: Shop, run: runs.Run, error: ShopError) -> None:
    wait = getattr(error, "wait", None) or timedelta(seconds=30)
    with house.database.merchant(shop.merchant_id) as tx:
        if isinstance(error, Refused):
            runs.fail(tx, run, house.now(), str(error))
        else:
            # The sweep resumes it.
            runs.pause(tx, run, str(error))
            shops.leave_alone_until(tx, shop.id, house.now() + wait)


def reconcile(
    house: House, merchant_id: int, shop_id: int, kind: runs.RunKind, stop: threading.Event = _never
) -> runs.Run | None:
    """Read the shop again, and have what differs settled; None when it cannot be read now, or is being read."""
    with house.database.alone("reconcile", shop_id) as mine:
        return _reconcile(house, merchant_id, shop_id, kind, stop) if mine else None


def _reconcile(
    house: House, merchant_id: int, shop_id: int, kind: runs.RunKind, stop: threading.Event
) -> runs.Run | None:
    now = house.now()
    with house.database.merchant(merchant_id) as tx:
        shop, imported = shops.get(tx, shop_id), runs.latest(tx, shop_id, "import")
        if shop.state != "connected" or imported is None or imported.state != "done":
            return None
        window = reconciling.window(shop, now)
        run = runs.begin(tx, shop_id, kind, now, window.since if kind == "window" else None, window.until)
    try:
        done, differences = _compare(house, shop, run, window, stop)
    except ShopError as error:
        _note(house, shop, error)
        with house.database.merchant(merchant_id) as tx:
            runs.fail(tx, run, house.now(), str(error))
        return None
    with house.database.merchant(merchant_id) as tx:
        runs.finish(tx, run, house.now(), done, differences)
        shops.looked_until(tx, shop_id, window.until)
        _log.info("reconciled", shop=shop_id, kind=kind, count=done, differences=differences)
        return runs.latest(tx, shop_id, kind)


def _compare(
    house: House, shop: Shop, run: runs.Run, window: Window, stop: threading.Event
) -> tuple[int, int]:
    """Return how many objects were looked at, and how many differed."""
    line = _line(house, shop)
    seen_orders, seen_customers, differences = set[str](), set[str](), 0
    for batch in line.history(None) if run.kind == "full" else line.changed(window):
        seen_orders |= {order.id for order in batch.orders}
        seen_customers |= {customer.id for customer in batch.customers}
        with house.database.merchant(shop.merchant_id) as tx:
            differences += reconciling.compare(tx, shop, run, batch, house.now())
        if stop.is_set():
            raise TryLater("stopped while reading; it starts again by itself")
    if run.kind == "full":
        found = list(line.coupons())
        with house.database.merchant(shop.merchant_id) as tx:
            differences += reconciling.compare_absent(tx, shop, run, seen_orders, seen_customers, house.now())
            differences += reconciling.compare_coupons(tx, shop, found, house.now())
    return len(seen_orders) + len(seen_customers), differences


def finish(house: House, merchant_id: int, shop_id: int) -> None:
    """Do what a reconciliation asked for, here and now: apply, settle, push."""
    apply(house, merchant_id, shop_id)
    settle(house, merchant_id)
    push(house, merchant_id, shop_id)


def subscribe(house: House, merchant_id: int, shop_id: int) -> None:
    """Tell the shop where to send its webhooks; a shop that cannot be asked now is asked again by the sweep's window."""
    with house.database.merchant(merchant_id) as tx:
        shop = shops.get(tx, shop_id)
    if shop.state != "connected":
        return
    try:
        topics = subscriptions.subscribe(_line(house, shop), house.settings.public_url, shop)
        _log.info("subscribed", shop=shop_id, count=len(topics))
    except ShopError as error:
        _note(house, shop, error)
        at = house.now() + (getattr(error, "wait", None) or timedelta(minutes=1))
        with house.database.merchant(merchant_id) as tx:
            queue.subscribe(tx.connection, merchant_id, shop_id, at)


# --- odds and ends ---


def _line(house: House, shop: Shop) -> ShopAdapter:
    try:
        return house.line(shop)
    except NoTokens as error:
        raise Unauthorized(str(error)) from error
    except KeyError as error:
        raise TryLater(
            f"the platform {shop.platform} is not set up here; `comeback doctor` says more"
        ) from error


def _note(house: House, shop: Shop, error: ShopError) -> None:
    """Remember what the shop told us about itself by failing."""
    _log.warning("shop trouble", shop=shop.id, error=type(error).__name__)
    with house.database.merchant(shop.merchant_id) as tx:
        if isinstance(error, Unauthorized):
            shops.needs_reconnect(tx, shop.id)
        elif isinstance(error, TryLater) and error.wait is not None:
            shops.leave_alone_until(tx, shop.id, house.now() + error.wait)


def _wake_later(tx: Tx, shop_id: int, at: datetime | None, wake: Wake) -> None:
    if at is not None:
        wake(tx.connection, tx.merchant_id, shop_id, at)


def _chunks(ids: Iterable[str]) -> Iterator[tuple[str, ...]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), ASK_AT_ONCE):
        yield tuple(ordered[start : start + ASK_AT_ONCE])
