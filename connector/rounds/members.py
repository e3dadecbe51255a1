"""Members: whoever is due is settled."""

from __future__ import annotations

import threading
from datetime import timedelta

import structlog

from connector.flow import settling
from connector.house import House
from connector.rounds.lines import NEVER, OURS

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
