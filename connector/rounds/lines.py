"""What all rounds share: a line to the shop, what its troubles tell us, and when to come back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

import structlog

from connector.house import House
from connector.port import OutcomeUnknown, ShopAdapter, ShopError, TryLater, Unauthorized
from connector.store import health, shops
from connector.store.database import Connection, Tx
from connector.store.shops import Shop

ASK_AT_ONCE = 100  # ids in one question to a shop
NEVER = threading.Event()
# What a fault of ours raises; what a database that is away raises is none of it, and ends the round.
OURS = (ValueError, LookupError, TypeError, ArithmeticError, AssertionError, *health.UNFIT)
PAUSE = timedelta(seconds=30)  # for a shop that fails without saying for how long
Wake = Callable[[Connection, int, int, datetime | None], None]

_log = structlog.get_logger()


def line(house: House, shop: Shop) -> ShopAdapter:
    """Open a line to the shop; raise TryLater where its platform is not set up here."""
    try:
        return house.line(shop)
    except KeyError as error:
        raise TryLater(
            f"the platform {shop.platform} is not set up here; `comeback doctor` says more"
        ) from error


def note(house: House, shop: Shop, error: ShopError) -> None:
    """Remember what the shop told us about itself by failing."""
    _log.warning("shop trouble", shop=shop.id, error=type(error).__name__)
    with house.database.merchant(shop.merchant_id) as tx:
        if isinstance(error, Unauthorized):
            shops.needs_reconnect(tx, shop.id)
        elif isinstance(error, TryLater | OutcomeUnknown):
            shops.leave_alone_until(tx, shop.id, house.now() + (getattr(error, "wait", None) or PAUSE))


def spared(house: House, shop: Shop) -> timedelta | None:
    """Return how long the shop is still to be left alone; None when it may be asked."""
    with house.database.merchant(shop.merchant_id) as tx:
        busy_until = shops.get(tx, shop.id).busy_until
    left = timedelta(0) if busy_until is None else busy_until - house.now()
    return left if left > timedelta(0) else None


def wake_later(tx: Tx, shop_id: int, at: datetime | None, wake: Wake) -> None:
    """Have somebody come back for what waits until `at`; nothing waits when it is None."""
    if at is not None:
        wake(tx.connection, tx.merchant_id, shop_id, at)


def chunks(ids: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Divide ids into as many as a shop is asked for at once."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), ASK_AT_ONCE):
        yield tuple(ordered[start : start + ASK_AT_ONCE])
