"""What somebody asks of the merchant in person: a file of what is known of them, or to be forgotten.

It goes through the inbox like what a shop sends under privacy law, so that it is done, proved and remembered the same way.
"""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from connector.port import CustomerForgotten, DataAsked, Delivery
from connector.secrets import random_word
from connector.store import inbox, people
from connector.store.database import Tx
from connector.store.shops import Shop

GONE_FOR = timedelta(days=30)  # a shop put back from a backup shows its customers again
_A_NIGHT = 1_000
Wish = Literal["file", "forget"]
TOPICS: dict[Wish, str] = {"file": "file wished", "forget": "forgetting wished"}


def ask(
    tx: Tx, shop: Shop, wish: Wish, now: datetime, *, email: str | None, customer_id: str | None = None
) -> None:
    """Have it done soon. `customer_id`: the shop's number for them, where they have an account there."""
    kind = DataAsked if wish == "file" else CustomerForgotten
    body = msgspec.json.encode(kind(shop.address, customer_id, email))
    inbox.keep(tx, shop.id, Delivery(f"in-person:{random_word(16)}", TOPICS[wish], body), "found", now)


def forget_gone(tx: Tx, shop: Shop, now: datetime) -> int:
    """Have whom the shop deleted long ago forgotten: where it sends no requests, nothing else says so. Return how many."""
    gone = people.gone_since(tx, shop.id, now - GONE_FOR, _A_NIGHT)
    for customer_id in gone:
        ask(tx, shop, "forget", now, email=None, customer_id=customer_id)
    return len(gone)
