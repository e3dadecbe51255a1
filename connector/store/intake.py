"""Taking in history by the thousand: one statement for many rows, in which the newest state wins."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, text
from sqlalchemy.dialects.postgresql import Insert

from connector.records import Customer, Order
from connector.store import bulk, forgotten, members, people, purchases, silence
from connector.store.database import Tx
from connector.store.tables import customers, orders

_KEY = ("merchant_id", "shop_id", "id")
# Nothing is looked for in them, and to take them in costs more than all the others.
_WIDE = ("lines", "coupon_codes", "digest")


def take_customers(
    tx: Tx, shop_id: int, told: Sequence[Customer], now: datetime, withheld: Collection[str] = ()
) -> set[int]:
    """Keep customers, each newer than what is known; the forgotten stay forgotten, and nobody is emptied by a silence.

    Returns the members that were made for them, who are due at once.
    """
    if not told:
        return set()
    known = people.known(tx, shop_id, [customer.id for customer in told])
    forgets = forgotten.anybody(tx, shop_id)
    gone = forgotten.among(tx, shop_id, {one.id for one in told} - known.keys()) if forgets else set()
    batch = silence.completed(tx, shop_id, [one for one in told if one.id not in gone], withheld)
    new = list(dict.fromkeys(customer.id for customer in batch if customer.id not in known))
    made = members.new(tx, len(new), now, due_at=now)
    member_of = dict(zip(new, made, strict=True))
    member_of |= {customer_id: one.member_id for customer_id, one in known.items()}
    hidden = _forgotten(tx, shop_id, batch) if forgets else set()
    told_now = (_nameless(one) if one.id in hidden else one for one in batch)
    rows = (people.row(tx, shop_id, one, member_of[one.id]) for one in told_now)
    _merge(tx, customers, rows, _newer_customer)
    return set(made)


def take_orders(tx: Tx, shop_id: int, batch: Sequence[Order], now: datetime) -> set[int]:
    """Keep orders, each newer than what is known; customers known from an order only get a stand-in.

    Returns the members that were made for these, who are due at once.
    """
    named = {order.customer_id: order.placed_at for order in batch if order.customer_id is not None}
    missing = named.keys() - people.member_of_each(tx, shop_id, list(named)).keys()
    forgets = forgotten.anybody(tx, shop_id)
    gone = forgotten.among(tx, shop_id, missing) if forgets else set()
    missing -= gone
    made = take_customers(tx, shop_id, [people.stub(one, named[one]) for one in sorted(missing)], now)
    guests = [
        (order, tx.ring.email_hash(tx.merchant_id, order.email))
        for order in batch
        if order.customer_id is None
    ]
    hidden = forgotten.words(tx, shop_id, [word for _, word in guests if word]) if forgets else set()
    unnamed = [order for order, word in guests if word is None]
    nameless = [order for order in batch if order.customer_id in gone]
    nameless += [order for order, word in guests if word in hidden]
    orphans = [order for order in batch if order.orphaned]
    kept = purchases.known(tx, shop_id, [order.id for order in (*nameless, *unnamed, *orphans)])
    # The platform redacts its own orders too: one that was a forgotten person's names nobody then.
    nameless += [order for order in unnamed if order.id in kept and kept[order.id].is_of_nobody]
    # Under the random number of their own that they have here, if any.
    whose = {order.id: kept[order.id].whose for order in orphans if order.id in kept}
    whose |= {
        order.id: {
            "customer_id": kept[order.id].customer_id if order.id in kept else None,
            "guest_hash": None,
        }
        for order in nameless
    }
    rows = (purchases.row(tx, shop_id, order) | whose.get(order.id, {}) for order in batch)
    _merge(tx, orders, rows, _newer_order, guest_hash=purchases.still_claimed)
    return made


def take_stock(tx: Tx) -> None:
    """Let the planner know at once what an import has brought; otherwise pages are slow until autovacuum comes by."""
    of_orders = ", ".join(column.name for column in orders.c if column.name not in _WIDE)
    tx.run(text(f"ANALYZE customers, orders ({of_orders}), members"))


def _forgotten(tx: Tx, shop_id: int, batch: Sequence[Customer]) -> set[str]:
    words: dict[bytes, str] = {}
    for customer in batch:
        words[tx.ring.word_hash("customer", customer.id)] = customer.id
        email = tx.ring.email_hash(tx.merchant_id, customer.email)
        if email is not None:
            words[email] = customer.id
    return {words[word] for word in forgotten.words(tx, shop_id, list(words))}


def _nameless(customer: Customer) -> Customer:
    return Customer(id=customer.id, created_at=customer.created_at, changed_at=customer.changed_at)


def _merge(
    tx: Tx,
    table: Table,
    rows: Iterable[dict[str, Any]],
    newer: Callable[[Insert], ColumnElement[bool]],
    **own: Callable[[Insert], ColumnElement[Any]],
) -> None:
    """Write the newest of each key's rows where it is `newer` than what is there; `own` says what becomes of a column."""
    newest: dict[str, dict[str, Any]] = {}
    for row in rows:
        before = newest.get(row["id"])
        if before is None or before["changed_at"] <= row["changed_at"]:
            newest[row["id"]] = row
    if not newest:
        return
    # In one order for everybody: two that write the same rows would wait for each other crosswise.
    new = bulk.insert(table, [newest[one] for one in sorted(newest)])
    kept = (*_KEY, "member_id")
    changes: dict[str, Any] = {name: new.excluded[name] for name in row if name not in kept}
    changes |= {name: become(new) for name, become in own.items()}
    tx.run(new.on_conflict_do_update(index_elements=_KEY, set_=changes, where=newer(new)))


def _newer_customer(new: Insert) -> ColumnElement[bool]:
    there = customers.c.forgotten_at.is_(None) & customers.c.removed_at.is_(None)
    return (customers.c.changed_at < new.excluded.changed_at) & there


def _newer_order(new: Insert) -> ColumnElement[bool]:
    same_moment = orders.c.changed_at == new.excluded.changed_at
    return (orders.c.changed_at < new.excluded.changed_at) | (
        same_moment & (orders.c.digest != new.excluded.digest)
    )
