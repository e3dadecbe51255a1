"""What all rounds share: a line to the shop, what its troubles tell us, and when to come back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

import structlog

from connector.house import House
from connector.port import (
    Doubtful,
    NotReady,
    OutcomeUnknown,
    Pace,
    ShopAdapter,
    ShopError,
    TryLater,
    Unauthorized,
)
from connector.secrets import CannotOpen
from connector.store import breaker, health, outbox, shops
from connector.store.database import Connection, Tx
from connector.store.shops import Shop

ASK_AT_ONCE = 100  # ids in one question to a shop
NEVER = threading.Event()
# What a fault of ours raises; what a database that is away raises is none of it, and ends the round.
OURS = (ValueError, LookupError, TypeError, ArithmeticError, AssertionError, CannotOpen, *health.UNFIT)
BREATH = timedelta(seconds=5)  # between a failure and the next call, while the breaker is still closed
NOT_OURS_TO_ASK = timedelta(minutes=5)
Wake = Callable[[Connection, int, int, datetime | None], None]

_log = structlog.get_logger()


def line(house: House, shop: Shop, pace: Pace = "live") -> ShopAdapter:
    """Open a line to the shop; raise TryLater where its platform is not set up here."""
    try:
        return house.line(shop, pace)
    except KeyError as error:
        raise TryLater(
            f"the platform {shop.platform} is not set up here; `comeback doctor` says more", NOT_OURS_TO_ASK
        ) from error


def note(house: House, shop: Shop, error: ShopError) -> None:
    """Remember what the shop told us about itself by failing."""
    _log.warning("shop trouble", shop=shop.id, error=type(error).__name__)
    with house.database.merchant(shop.merchant_id) as tx:
        heed(tx, shop.id, error, house.now())


def heed(tx: Tx, shop_id: int, error: ShopError, now: datetime) -> None:
    """Note a failure on the shop's line: no answer counts for the breaker, an answer closes it, whatever it says."""
    match error:
        case Doubtful():
            pass
        case TryLater(wait=None) | OutcomeUnknown():
            breaker.failed(tx, shop_id, now)
            return
        case NotReady():
            pass
        case TryLater(wait=wait) if wait is not None:
            shops.leave_alone_until(tx, shop_id, now + wait)
        case Unauthorized():
            shops.needs_reconnect(tx, shop_id)
        case _:
            pass
    breaker.answered(tx, shop_id, now)


def answered(house: House, shop: Shop) -> None:
    """Note that the shop answers again, where it did not when we last looked."""
    if shop.failures or shop.probe_at is not None:
        with house.database.merchant(shop.merchant_id) as tx:
            breaker.answered(tx, shop.id, house.now())


def turned_away(tx: Tx, shop: Shop, now: datetime) -> timedelta | None:
    """Return for how long the shop is still to be left alone; None when a call may go out now.

    Where the breaker is open and its time has come, the one call is ours: it must be made, and what came of it noted.
    """
    until = shop.alone_until(now)
    if until is not None:
        return until - now
    if shop.probe_at is not None and not breaker.take_probe(tx, shop.id, now):
        return BREATH
    return None


def wake_later(tx: Tx, shop_id: int, at: datetime | None, wake: Wake) -> None:
    """Have somebody come back for what waits until `at`; nothing waits when it is None."""
    if at is not None:
        wake(tx.connection, tx.merchant_id, shop_id, at)


def chunks(ids: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Divide ids into as many as a shop is asked for at once."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), ASK_AT_ONCE):
        yield tuple(ordered[start : start + ASK_AT_ONCE])


def must_wait(tx: Tx, shop: Shop, now: datetime) -> bool:
    """Tell whether the shop cannot be asked now; where its breaker is half-open, what waits to be sent is tried first."""
    sending = shop.probe_at is not None and outbox.is_due(tx, shop.id, now)
    return sending or turned_away(tx, shop, now) is not None


def is_removed(tx: Tx, shop: Shop) -> bool:
    """Tell whether the merchant took Comeback out of the shop meanwhile."""
    return shops.get(tx, shop.id).state == "removed"
