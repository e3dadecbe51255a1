"""What somebody asks of the merchant in person: a file of what is known of them, or to be forgotten.

It goes through the inbox like what a shop sends under privacy law, so that it is done, proved and remembered the same way.
"""

from datetime import datetime
from typing import Literal

import msgspec

from connector.port import CustomerForgotten, DataAsked, Delivery
from connector.secrets import random_word
from connector.store import inbox
from connector.store.database import Tx
from connector.store.shops import Shop

Wish = Literal["file", "forget"]
TOPICS: dict[Wish, str] = {"file": "file wished", "forget": "forgetting wished"}


def ask(
    tx: Tx, shop: Shop, wish: Wish, now: datetime, *, email: str | None, customer_id: str | None = None
) -> None:
    """Have it done soon. `customer_id`: the shop's number for them, where they have an account there."""
    kind = DataAsked if wish == "file" else CustomerForgotten
    body = msgspec.json.encode(kind(shop.address, customer_id, email))
    inbox.keep(tx, shop.id, Delivery(f"in-person:{random_word(16)}", TOPICS[wish], body), "found", now)
