"""Erasures: a shop that is being erased is emptied, portion by portion."""

from __future__ import annotations

import threading

import structlog

from connector.flow import erasing
from connector.house import House
from connector.store.shops import Shop

_log = structlog.get_logger()


def go_on(house: House, shop: Shop, stop: threading.Event) -> None:
    """Erase what is left of a shop, until nothing is or somebody says stop; the sweep has the rest taken up again."""
    portions = 0
    while not stop.is_set():
        with house.database.merchant(shop.merchant_id) as tx:
            more = erasing.portion(tx, shop.id, house.now())
        if not more:
            _log.info("erased", shop=shop.id, count=portions)
            return
        portions += 1
