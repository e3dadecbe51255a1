"""Messages: a shop's inbox is drained, batch by batch."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import timedelta
from math import inf

import structlog

from connector import trail
from connector.flow import applying, asking, pushing, restoring
from connector.flow.desk import Desk
from connector.house import House
from connector.port import (
    CustomerForgotten,
    Refused,
    ShopAdapter,
    ShopError,
    ShopForgotten,
    ShopRemoved,
    TryLater,
    Unauthorized,
    Unread,
    Unreadable,
)
from connector.records import Customer, Order
from connector.rounds import erasures
from connector.rounds.lines import BREATH, NEVER, OURS, answered, chunks, line, note, turned_away, wake_later
from connector.rounds.members import join_everybody
from connector.secrets import CannotOpen, KeyMissing
from connector.store import inbox, queue, shops, tombstones
from connector.store.shops import Shop

BATCH = 200  # deliveries applied in one transaction
TRIES = len(pushing.WAITS)
FORGETS = (CustomerForgotten, ShopForgotten, ShopRemoved)
UNTIL_MENDED = timedelta(minutes=5)  # between looks whether the merchant connected again, or the key is back

_log = structlog.get_logger()


class LeftInPeace(TryLater):
    """The shop was not asked at all."""


def apply(
    house: House, merchant_id: int, shop_id: int, stop: threading.Event = NEVER, at_most: float = inf
) -> int:
    """Drain the shop's inbox, one drain at a time; return how many deliveries were dealt with.

    After `at_most` of them, rounded up to a batch, the rest goes to the end of the queue: behind the other shops, and to
    whichever worker is free.
    """
    done = 0
    while not stop.is_set() and done < at_most:
        with house.database.alone("apply", shop_id) as mine:
            if not mine:
                return done
            applied, held = _apply_all(house, merchant_id, shop_id, stop, at_most - done)
        done += applied
        if held:
            return done
        # Whoever came while we held the lock has gone away; what they came for must not be left lying.
        with house.database.everyone() as connection:
            if (merchant_id, shop_id) not in inbox.shops_waiting(connection, house.now()):
                return done
    with house.database.everyone() as connection:
        queue.apply(connection, merchant_id, shop_id)
    return done


def _apply_all(
    house: House, merchant_id: int, shop_id: int, stop: threading.Event, at_most: float
) -> tuple[int, bool]:
    """Return how many deliveries were dealt with, and whether somebody else holds those that are left."""
    done, before = 0, None
    with house.database.everyone() as connection:
        queue.listen(connection, shop_id)
    while not stop.is_set() and done < at_most:
        with house.turn:
            with house.database.merchant(merchant_id) as tx:
                shop = shops.get(tx, shop_id)
                waiting = [] if shop.is_erased else inbox.waiting(tx, shop_id, house.now(), BATCH)
                if not waiting and not shop.is_erased:
                    wake_later(tx, shop_id, inbox.next_try(tx, shop_id), queue.apply)
                    return done, False
                ids = [one.id for one in waiting]
                if ids == before:
                    # Looking again at once would only find them held again.
                    wake_later(tx, shop_id, house.now() + BREATH, queue.apply)
                    return done, True
                before = ids
            if shop.is_erased:
                # It can take minutes of the database's time, for which nobody else here need wait.
                with house.turn.aside():
                    erasures.go_on(house, shop, stop)
                return done, False
            if reads := _read(house, shop, waiting):
                _apply_batch(house, shop, reads)
        done += len(waiting)
    return done, False


def _read(house: House, shop: Shop, waiting: list[inbox.Waiting]) -> list[asking.Read]:
    """Say what the deliveries mean; what cannot be opened or understood waits or is parked, by itself."""
    platform, reads = house.platforms[shop.platform], list[asking.Read]()
    for one in waiting:
        try:
            if one.shut is not None:
                raise one.shut
            reads.append(applying.read(platform, one))
        except OURS as error:
            _postpone(house, shop, asking.Read(one, ()), _why(error), error)
    return reads


def _apply_batch(house: House, shop: Shop, reads: list[asking.Read]) -> None:
    """Apply a batch in one go; where one delivery spoils it, each alone. While the shop is asked, others have the turn."""
    try:
        wish = _apply(house, shop, reads)
        if wish is not None:
            # A question for a single message goes out under its number; one for many under that of this round.
            with house.turn.aside(), trail.on(reads[0].waiting.request if len(reads) == 1 else ""):
                fetched = _fetch(house, shop, wish)
            _apply(house, shop, reads, fetched)
    except ShopError as error:
        _without_asking(house, shop, reads, error)
    except OURS as error:
        # A fault in one message (or in our understanding of it) must not hold up the others.
        if len(reads) == 1:
            _postpone(house, shop, reads[0], _why(error), error)
            return
        for one in reads:
            _apply_batch(house, shop, [one])


def _apply(
    house: House, shop: Shop, reads: list[asking.Read], fetched: asking.Fetched | None = None
) -> asking.Wish | None:
    """Apply what still waits; where nothing was fetched yet and something should be, return what, and leave all as it is."""
    with house.database.merchant(shop.merchant_id) as tx:
        ours = inbox.still_waiting(tx, shop.id, [one.waiting.id for one in reads])
        mine = [one for one in reads if one.waiting.id in ours]
        desk = Desk(tx, shop.id, house.now(), shop.withholds)
        if fetched is None:
            # Also for those that somebody else has locked at this moment: they may be ours when the answers are here.
            wish = asking.wish(desk, reads)
            if wish or wish.useful:
                return wish
        written = applying.apply(desk, shop, mine, fetched or asking.Fetched())
        if any(isinstance(change, FORGETS) for one in mine for change in one.changes):
            # Written before the commit: a line too many forgets nobody twice, one too few would bring a person back.
            tombstones.write(house.settings.forgotten_log, restoring.buried(tx, shop.id, desk.now))
    _tell(house, shop, written)
    if desk.proven:
        join_everybody(house, shop.merchant_id, sorted(desk.proven))
    return None


def _tell(house: House, shop: Shop, written: Iterable[applying.Applied]) -> None:
    """Write down that deliveries are through: only now is it true, whatever happens next."""
    now = house.now()
    for applied in written:
        house.tally.count("applied", platform=shop.platform, result=applied.state)
        if applied.members:
            house.tally.waited("settle", (now - applied.waiting.received_at).total_seconds())
        _log.info(
            "applied",
            request=applied.waiting.request or trail.current(),
            shop=shop.id,
            delivery=applied.waiting.delivery.id,
            result=applied.state,
            settled=applied.members,
            entries=applied.entries,
        )


def _fetch(house: House, shop: Shop, wish: asking.Wish) -> asking.Fetched:
    """Ask the shop for what the messages only name. What merely completes the picture may fail."""
    with house.database.merchant(shop.merchant_id) as tx:
        alone = turned_away(tx, shops.get(tx, shop.id), house.now())
    if alone is not None:
        if wish:
            raise LeftInPeace("The shop is left alone for a moment.", alone)
        return asking.Fetched()
    open_line = line(house, shop)
    if wish.alive:
        open_line.facts()  # refused where Comeback was removed; and then it is known
    orders: dict[str, Order] = {}
    unread: list[Unread] = []
    for ids in chunks(wish.orders):
        orders |= _orders(open_line, ids, unread)
    absent = wish.orders - orders.keys() - {one.id for one in unread}
    shown_since = open_line.shows_since(house.now()) if absent else None
    with house.database.merchant(shop.merchant_id) as tx:
        named = [order.customer_id for order in orders.values() if order.customer_id is not None]
        unknown = asking.unknown_customers(Desk(tx, shop.id, house.now()), named)
    useful = (wish.useful | unknown) - wish.customers
    customers: dict[str, Customer] = {}
    for ids in chunks(wish.customers):
        customers |= _customers(open_line, ids, unread)
    try:
        for ids in chunks(useful):
            customers |= _customers(open_line, ids, [])
    except ShopError as error:
        note(house, shop, error)
    else:
        answered(house, shop)
    return asking.Fetched(wish.orders, wish.customers, orders, customers, shown_since, tuple(unread))


def _orders(there: ShopAdapter, ids: tuple[str, ...], unread: list[Unread]) -> dict[str, Order]:
    """Return the orders that can be read; add those that cannot to `unread`."""
    try:
        return there.orders(ids)
    except Unreadable as error:
        unread += error.found.unread
        return {order.id: order for order in error.found.orders}


def _customers(there: ShopAdapter, ids: tuple[str, ...], unread: list[Unread]) -> dict[str, Customer]:
    """Return the customers that can be read; add those that cannot to `unread`."""
    try:
        return there.customers(ids)
    except Unreadable as error:
        unread += error.found.unread
        return {customer.id: customer for customer in error.found.customers}


def _without_asking(house: House, shop: Shop, reads: list[asking.Read], error: ShopError) -> None:
    """The shop cannot be asked now: apply what needs no answer, leave the rest for later."""
    if not isinstance(error, LeftInPeace):
        note(house, shop, error)
    for one in reads:
        with house.database.merchant(shop.merchant_id) as tx:
            needs = bool(asking.wish(Desk(tx, shop.id, house.now()), [one]))
        if needs and shop.state == "removed":
            with house.database.merchant(shop.merchant_id) as tx:
                why = "The shop was removed before this could be looked up."
                inbox.finish(tx, shop.id, [inbox.Done(one.waiting.id, "ignored", why)], house.now())
        elif needs:
            _postpone(house, shop, one, str(error), error)
        else:
            _apply(house, shop, [one], asking.Fetched())


def _why(error: Exception) -> str:
    """Name a fault of ours in words for the activity page."""
    match error:
        case KeyMissing():
            return "An encryption key is missing; `comeback doctor` says which one."
        case CannotOpen():
            return "What was kept does not open with the key that sealed it."
        case _:
            return f"{type(error).__name__} while applying it"


def _postpone(house: House, shop: Shop, one: asking.Read, why: str, error: Exception) -> None:
    """Leave a delivery for a later try, or park it after the last one."""
    now, attempts = house.now(), one.waiting.attempts
    with house.database.merchant(shop.merchant_id) as tx:
        match error:
            case TryLater(wait=wait) if wait is not None:
                inbox.try_later(tx, shop.id, one.waiting.id, attempts, now + wait, why)
            case Unauthorized() | KeyMissing():
                inbox.try_later(tx, shop.id, one.waiting.id, attempts, now + UNTIL_MENDED, why)
            case CannotOpen():
                inbox.park(tx, shop.id, one.waiting.id, attempts + 1, why, now)
            case ShopError():
                if attempts >= TRIES or isinstance(error, Refused):
                    inbox.park(tx, shop.id, one.waiting.id, attempts + 1, why, now)
                else:
                    at = now + pushing.WAITS[attempts]
                    inbox.try_later(tx, shop.id, one.waiting.id, attempts + 1, at, why)
            case _:
                faults = one.waiting.faults + 1 if one.waiting.result == why else 1
                if faults >= pushing.SAME_FAULT:
                    inbox.park(tx, shop.id, one.waiting.id, attempts + 1, why, now)
                else:
                    at = now + pushing.WAITS[faults - 1]
                    inbox.try_later(tx, shop.id, one.waiting.id, attempts + 1, at, why, faults)
    with trail.on(one.waiting.request):
        _log.warning(
            "postponed",
            shop=shop.id,
            delivery=one.waiting.delivery.id,
            attempt=attempts + 1,
            exc_info=error,
        )
