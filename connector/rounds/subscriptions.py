"""Subscriptions: a shop is told where to send its webhooks, and asked what it says of itself."""

from __future__ import annotations

from datetime import timedelta

import structlog

from connector.flow import choosing, importing
from connector.house import House
from connector.port import ShopError
from connector.rounds.lines import answered, line, note, turned_away
from connector.store import moves, queue, shops
from webhooks import subscriptions

_log = structlog.get_logger()


def subscribe(house: House, merchant_id: int, shop_id: int) -> None:
    """Tell the shop where to send its webhooks; a shop that cannot be asked now is asked again by the sweep's window."""
    with house.database.merchant(merchant_id) as tx:
        shop = shops.get(tx, shop_id)
        if shop.state != "connected":
            return
        alone = turned_away(tx, shop, house.now())
        if alone is not None:
            queue.subscribe(tx.connection, merchant_id, shop_id, house.now() + alone)
            return
    try:
        adapter = line(house, shop)
        topics = subscriptions.subscribe(adapter, house.settings.public_url, shop)
        facts, shown_since = adapter.facts(), adapter.shows_since(house.now())
        withheld, not_allowed = adapter.withheld(), adapter.not_allowed()
        answered(house, shop)
        with house.database.merchant(merchant_id) as tx:
            # Meanwhile it may have been removed, and erased: nothing that it says may come back.
            if shops.hold(tx, shop_id).state != "connected":
                return
            if importing.reads_more(tx, shop_id, shown_since, house.now()):
                _log.info("imports again", shop=shop_id)
            shops.says_of_itself(tx, shop_id, facts, withheld, not_allowed)
            moves.note(tx, shop_id, shop.platform, facts)
            choosing.heed(tx, shop_id, house.platforms[shop.platform], facts, house.now())
        _log.info("subscribed", shop=shop_id, count=len(topics))
    except ShopError as error:
        note(house, shop, error)
        at = house.now() + (getattr(error, "wait", None) or timedelta(minutes=1))
        with house.database.merchant(merchant_id) as tx:
            queue.subscribe(tx.connection, merchant_id, shop_id, at)
