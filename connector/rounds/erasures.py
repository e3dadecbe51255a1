"""Erasures: a shop that is being erased is emptied, portion by portion."""

from __future__ import annotations

import threading

import structlog

from connector.flow import erasing
from connector.house import House
from connector.rounds.lines import OURS
from connector.rounds.members import PUT_OFF
from connector.store import people, shops
from connector.store.shops import Shop

MOST = 100  # members spared in one go: where more cannot be settled, it is not they who are at fault

_log = structlog.get_logger()


def go_on(house: House, shop: Shop, stop: threading.Event) -> None:
    """Erase what is left of a shop, until nothing is or somebody says stop; the sweep has the rest taken up again.

    A member who cannot be settled stays as they are, is named in the log, and is tried again an hour later.
    """
    portions, spared, alone = 0, list[int](), False
    while not stop.is_set() and len(spared) < MOST:
        try:
            with house.database.merchant(shop.merchant_id) as tx:
                more = erasing.portion(tx, shop.id, house.now(), spared, alone)
        except OURS as error:
            # One member whose story we do not understand must not keep all the others here.
            if alone and not _spare(house, shop, spared, error):
                raise
            alone = not alone
            continue
        if not more:
            break
        portions += 1
    if stop.is_set():
        return
    if spared:
        _put_off(house, shop)
    else:
        _log.info("erased", shop=shop.id, count=portions)


def _spare(house: House, shop: Shop, spared: list[int], error: Exception) -> bool:
    """Add whose turn it was to the spared; False where it was nobody's."""
    with house.database.merchant(shop.merchant_id) as tx:
        first = people.in_shop(tx, shop.id, 1, spared)
    for member_id in first:
        _log.error("not erased", shop=shop.id, member=member_id, error=type(error).__name__)
    spared.extend(first)
    return bool(first)


def _put_off(house: House, shop: Shop) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        shops.leave_alone_until(tx, shop.id, house.now() + PUT_OFF)
