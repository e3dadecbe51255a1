"""Cards that may not say in the shop what they should: they are looked at again, by a push that writes only what differs."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from connector.records import Customer
from connector.store import cards, outbox
from connector.store.database import Tx

GOOD_FOR = timedelta(days=30)  # then a card is looked at again, whatever is known of it
A_PAGE = 1000


def doubtful(tx: Tx, shop_id: int, after: str, now: datetime) -> str:
    """Have a page of cards shown of which nobody knows whether they stand in the shop; return behind whom to go on.

    Behind the last page, which returns an empty name, some that were long not looked at: a look is all that the platform
    takes where nothing differs.
    """
    found = cards.doubtful(tx, shop_id, after, A_PAGE)
    unseen = [] if found else cards.not_seen_since(tx, shop_id, now - GOOD_FOR, A_PAGE)
    outbox.want(tx, "card", [(shop_id, customer_id) for customer_id in (*found, *unseen)], now)
    return found[-1] if found else ""


def look_at_changed(tx: Tx, shop_id: int, customers: Iterable[Customer], now: datetime) -> None:
    """Have the cards looked at of customers who were changed in the shop since: whoever did that may have written over them.

    What the look writes is a change of the customer too, and is looked at once more: then nothing differs and nothing moves.
    """
    changed = cards.changed(tx, shop_id, [(customer.id, customer.changed_at) for customer in customers])
    outbox.want(tx, "card", [(shop_id, customer_id) for customer_id in changed], now)
