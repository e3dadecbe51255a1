"""Words that people look for in the activity lists: an order, a customer, a request, a message."""

import re
from collections.abc import Iterator

from sqlalchemy import ColumnElement, Select, select, union

from connector.store.database import Tx
from connector.store.tables import inbox, orders, outbox, shops

MOST = 1000  # messages about one thing that are looked through

_ABOUT = re.compile(r"(order|bestelling|customer|klant)?\s*#?\s*(\S+)", re.IGNORECASE)
_CUSTOMERS = ("customer", "klant")


def arrivals(tx: Tx, words: str) -> set[int]:
    """Return the deliveries about an order or customer, or that a request or the shop numbered so."""
    return _ids(tx, [_arrived(tx, which) for which in _about_inbox(tx, words)])


def sendings(tx: Tx, words: str) -> set[int]:
    """Return the pushes about a customer, of a request, or made necessary by messages about an order."""
    mine = outbox.c.merchant_id == tx.merchant_id
    found = arrivals(tx, words)
    numbers = select(inbox.c.request_id).where(
        inbox.c.merchant_id == tx.merchant_id, inbox.c.id.in_(found), inbox.c.request_id.is_not(None)
    )
    chosen = [
        select(outbox.c.id).where(mine, outbox.c.request_id == words),
        select(outbox.c.id).where(mine, outbox.c.request_id.in_(numbers)),
    ]
    if (about := _ABOUT.fullmatch(words)) and (about[1] or "").lower() not in ("order", "bestelling"):
        waiting = (
            outbox.c.shop_id.in_(_shops(tx)),
            outbox.c.kind.in_(("marks", "card")),
            outbox.c.subject == about[2],
        )
        chosen.append(select(outbox.c.id).where(mine, *waiting))
    return _ids(tx, chosen)


def _about_inbox(tx: Tx, words: str) -> Iterator[ColumnElement[bool]]:
    yield inbox.c.request_id == words
    of_shops = inbox.c.shop_id.in_(_shops(tx))
    yield of_shops & (inbox.c.delivery_id == words)
    about = _ABOUT.fullmatch(words)
    if about is None:
        return
    kind, number = (about[1] or "").lower(), about[2]
    subjects = []
    if kind not in _CUSTOMERS:
        # People know an order by the number on its invoice; messages name it by the shop's own id.
        named = orders.c.shop_id.in_(_shops(tx)), orders.c.number.in_((number, f"#{number}"))
        ids = tx.run(select(orders.c.id).where(orders.c.merchant_id == tx.merchant_id, *named).limit(MOST))
        subjects += [f"order {order_id}" for order_id in (*ids.scalars(), number)]
    if kind in ("", *_CUSTOMERS):
        subjects.append(f"customer {number}")
    yield of_shops & inbox.c.subject.in_(subjects)


def _arrived(tx: Tx, which: ColumnElement[bool]) -> Select[tuple[int]]:
    return select(inbox.c.id).where(inbox.c.merchant_id == tx.merchant_id, which)


def _ids(tx: Tx, chosen: list[Select[tuple[int]]]) -> set[int]:
    # One index each; together in one condition the planner would rather read the whole box.
    return set(tx.run(union(*chosen).limit(MOST)).scalars())


def _shops(tx: Tx) -> list[int]:
    return list(tx.run(select(shops.c.id).where(shops.c.merchant_id == tx.merchant_id)).scalars())
