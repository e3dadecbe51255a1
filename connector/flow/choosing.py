"""Choosing: what a shop's customers can carry, and its pages show, is the shop's own where its platform leaves that open."""

from datetime import datetime

from connector.flow import settling
from connector.port import Platform, ShopFacts
from connector.store import cards, marks, outbox, queue, shops
from connector.store.database import Tx

PAGE = 1000


def heed(tx: Tx, shop_id: int, platform: Platform, facts: ShopFacts, now: datetime) -> None:
    """Note what the shop can carry and show, and how codes end; everybody is settled to have what is news.

    What the shop says nothing of stays as it is, unless every shop of its platform shows cards.
    """
    shops.outlived(tx, shop_id, platform.codes_outlive)
    carries = facts.mark_kind is not None and shops.marks_by(tx, shop_id, facts.mark_kind)
    shows = (platform.shows_cards or None) if facts.shows_cards is None else facts.shows_cards
    places = shows is not None and shops.shows_cards(tx, shop_id, shows) and shows
    if places or carries:
        settling.due_soon(tx, None, now)
    if carries:
        _look_again(tx, shop_id, now)


def chosen(tx: Tx, shop_id: int, now: datetime) -> None:
    """Have what the merchant chose for the shop take effect: the shop is asked, and every mark and card looked at again."""
    queue.subscribe(tx.connection, tx.merchant_id, shop_id)
    _look_again(tx, shop_id, now)


def _look_again(tx: Tx, shop_id: int, now: datetime) -> None:
    # A page of the merchant's waits for this transaction, and there may be hundreds of thousands of customers.
    shops.look_again(tx, shop_id, now)
    queue.look_again(tx.connection, tx.merchant_id, shop_id)


def look_on(tx: Tx, shop_id: int, since: datetime, after: str, now: datetime) -> tuple[str, bool]:
    """Push the next thousand marks once more, from behind `after` on, and doubt as many cards that stood by `since`.

    They may stand in another place from now on, or be left alone no longer. Returns where to go on, and whether to.
    """
    page = marks.carried(tx, shop_id, after, PAGE)
    outbox.want(tx, "marks", [(shop_id, customer_id) for customer_id in page], now)
    doubted = cards.doubt_some(tx, shop_id, since, PAGE)
    return page[-1] if page else after, bool(page or doubted)
