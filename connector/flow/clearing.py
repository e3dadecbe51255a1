"""Clearing away: codes that nobody used leave the merchant's list some time after their end."""

from datetime import datetime, timedelta

from connector.store import old_codes, outbox
from connector.store.database import Tx

KEPT_FOR = timedelta(days=30)  # behind its end: whoever asks the shop why a code is refused still finds it
PAGE = 200
APART = timedelta(
    minutes=10
)  # between pages: a code that a shopper waits for goes out behind one page at most
PAGES = 36


def clear_away(tx: Tx, shop_id: int, now: datetime) -> int:
    """Have old codes deleted in the shop, page after page over some hours; return how many."""
    found = old_codes.find(tx, shop_id, now - KEPT_FOR, PAGE * PAGES)
    for page, start in enumerate(range(0, len(found), PAGE)):
        names = found[start : start + PAGE]
        outbox.want(tx, "delete", [(shop_id, name) for name in names], now + page * APART)
    return len(found)
