"""Members: whoever is due is settled, and where a shop carries other things what stands on its customers is pushed again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta

import structlog

from connector.flow import choosing, joining, settling
from connector.house import House
from connector.rounds.lines import NEVER, OURS
from connector.store import persons, shops

ADDRESSES = 1_000  # looked for at once, each joined by itself
PUT_OFF = timedelta(hours=1)  # until a member who could not be settled is tried again

_log = structlog.get_logger()


def settle(house: House, merchant_id: int, stop: threading.Event = NEVER) -> int:
    """Settle every member of the merchant whose moment has come; return how many."""
    done, limit = 0, settling.BATCH
    while not stop.is_set():
        try:
            with house.turn, house.database.merchant(merchant_id) as tx:
                settled = settling.settle_due(tx, house.now(), limit)
        except OURS as error:
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
    _log.error("not settled", merchant_id=merchant_id, member=member_id, error=type(error).__name__)


def join_everybody(
    house: House, merchant_id: int, words: Sequence[bytes] | None = None, stop: threading.Event = NEVER
) -> int:
    """Join whoever is known by one of these verified addresses (or any) as several members; return how many were joined.

    Each address in a transaction of its own: one for all would lock members in the order of the addresses, and whoever
    settles locks them in their own. What is joined stays so where a later one fails, and is not found again.
    """
    joined, after = 0, b""
    while True:
        with house.database.merchant(merchant_id) as tx:
            shared = persons.shared_addresses(tx, words, after, ADDRESSES)
        for word in shared:
            if stop.is_set():
                return joined
            with house.database.merchant(merchant_id) as tx:
                joined += joining.join_everybody(tx, house.now(), [word])
        if len(shared) < ADDRESSES:
            return joined
        # Not from the front again: a member that is closed is not joined, and would be found for ever.
        after = shared[-1]


def look_again(house: House, merchant_id: int, shop_id: int, stop: threading.Event = NEVER) -> None:
    """Have all marks and cards of the shop pushed once more where that is asked for; broken off, it begins anew later."""
    with house.database.alone("look again", shop_id) as mine:
        if mine:
            _look_again(house, merchant_id, shop_id, stop)


def _look_again(house: House, merchant_id: int, shop_id: int, stop: threading.Event) -> None:
    with house.database.merchant(merchant_id) as tx:
        since = shops.get(tx, shop_id).look_again_at
    after, more = "", since is not None
    while since is not None and more:
        if stop.is_set():
            return
        with house.database.merchant(merchant_id) as tx:
            after, more = choosing.look_on(tx, shop_id, since, after, house.now())
            if not more:
                shops.looked_again(tx, shop_id, since)
