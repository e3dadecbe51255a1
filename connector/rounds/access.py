"""Our access to a shop that nobody talks with, kept from ending for want of use; and keys of those who sign messages."""

from __future__ import annotations

import structlog

from connector.flow import again, welcoming
from connector.house import House
from connector.port import ShopError, Unauthorized
from connector.rounds.lines import line, note
from connector.store import outbox, shops
from connector.store.shops import Shop
from webhooks import subscriptions

_log = structlog.get_logger()


def keep_alive(house: House, merchant_id: int, shop_id: int) -> None:
    """Renew our access to the shop where it would otherwise end; also while its breaker is open or its import stands still.
    What was put aside for want of a right is tried again with it.

    A shop that does not answer is tried again the next day, long before anything ends. One that is polled and no longer took
    our token is tried with it: a right may have been given back there, or a proxy put right, and nobody would tell.
    """
    with house.database.merchant(merchant_id) as tx:
        shop = shops.get(tx, shop_id)
    if shop.state == "reconnect":
        _try_again(house, shop)
    if shop.state != "connected":
        return
    try:
        line(house, shop).keep_alive()
        _heed_rights(house, shop)
    except Unauthorized as error:
        note(house, shop, error)
    except ShopError as error:
        _log.warning("shop trouble", shop=shop_id, error=type(error).__name__)


def _heed_rights(house: House, shop: Shop) -> None:
    """Try again what was put aside for want of a right that is there by now: nobody tells that it was given back."""
    with house.database.merchant(shop.merchant_id) as tx:
        named = any(right for _push, right in outbox.lacking(tx, shop.id))
        if not named or shop.alone_until(house.now()) is not None:
            return
    address = subscriptions.address(house.settings.public_url, shop.platform)
    missing = line(house, shop).examine(address).missing_rights
    with house.database.merchant(shop.merchant_id) as tx:
        if back := again.rights_there(tx, shop.id, house.now(), missing):
            _log.info("rights are there again", shop=shop.id, count=back)


def _try_again(house: House, shop: Shop) -> None:
    platform = house.platforms.get(shop.platform)
    if platform is None or not platform.polled:
        return
    there = line(house, shop)
    try:
        there.counts()
        # Each right is tried by itself: a reading may go through a whole shop before it comes to the one that is missing.
        if there.examine(subscriptions.address(house.settings.public_url, shop.platform)).cannot_read:
            _log.info("still turned away", shop=shop.id)
            return
        facts = there.facts()
    except ShopError as error:
        _log.info("still turned away", shop=shop.id, error=type(error).__name__)
        return
    with house.database.merchant(shop.merchant_id) as tx:
        if welcoming.take_up(tx, shop.id, facts, house.now()):
            _log.info("taken up again", shop=shop.id)


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
