"""Our access to a shop that nobody talks with, kept from ending for want of use; and keys of those who sign messages."""

from __future__ import annotations

import structlog

from connector.house import House
from connector.port import ShopError, Unauthorized
from connector.rounds.lines import line, note
from connector.store import shops

_log = structlog.get_logger()


def keep_alive(house: House, merchant_id: int, shop_id: int) -> None:
    """Renew our access to the shop where it would otherwise end; also while its breaker is open or its import stands still.

    A shop that does not answer is tried again the next day, long before anything ends.
    """
    with house.database.merchant(merchant_id) as tx:
        shop = shops.get(tx, shop_id)
    if shop.state != "connected":
        return
    try:
        line(house, shop).keep_alive()
    except Unauthorized as error:
        note(house, shop, error)
    except ShopError as error:
        _log.warning("shop trouble", shop=shop_id, error=type(error).__name__)


def learn(house: House, merchant_id: int, shop_id: int, name: str) -> None:
    """Fetch a key that a message of the shop was signed with; where that fails, the message comes again and asks again."""
    with house.database.merchant(merchant_id) as tx:
        shop = shops.get(tx, shop_id)
    if shop.state == "removed":
        return
    try:
        line(house, shop).learn(name, house.now())
    except ShopError as error:
        # The key lies elsewhere than the shop, so that nothing is noted of the shop's line.
        _log.warning("key not fetched", shop=shop_id, error=type(error).__name__)
