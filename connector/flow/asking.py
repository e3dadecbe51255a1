"""Asking: what the shop must be asked before a batch of deliveries can be applied."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from connector.port import Change, CustomerChanged, CustomerTouched, OrderChanged, OrderTouched
from connector.records import Customer, Order
from connector.store import inbox, people, purchases
from connector.store.database import Tx


class Read(msgspec.Struct, frozen=True):
    """A delivery and what it means. `fault`: why it means nothing to us."""

    waiting: inbox.Waiting
    changes: tuple[Change, ...]
    fault: str | None = None


class Fetched(msgspec.Struct, frozen=True):
    """What the shop said when asked. An id asked for and absent here does not exist in the shop, unless it is so old
    that the shop does not show it to us: placed before `shown_since`."""

    asked_orders: frozenset[str] = frozenset()
    asked_customers: frozenset[str] = frozenset()
    orders: dict[str, Order] = {}
    customers: dict[str, Customer] = {}
    shown_since: datetime | None = None

    def may_exist(self, placed_at: datetime) -> bool:
        """Tell whether an order that the shop did not show is only too old to be shown."""
        return self.shown_since is not None and placed_at < self.shown_since


class Wish(msgspec.Struct, frozen=True):
    """What must be fetched before this batch can be applied; `useful` customers only complete the picture."""

    orders: frozenset[str]
    customers: frozenset[str]
    useful: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.orders or self.customers)


def wish(tx: Tx, shop_id: int, reads: list[Read]) -> Wish:
    """Say what the shop must be asked: what messages only name, what they lack, and whom orders name."""
    changes = [(change, item.waiting.way == "found") for item in reads for change in item.changes]
    states = [change for change, _ in changes if isinstance(change, OrderChanged)]
    known = purchases.known(tx, shop_id, [change.order.id for change in states])
    orders = _contradicting(states)
    for change, found in changes:
        match change:
            case OrderTouched(order_id):
                orders.add(order_id)
            case OrderChanged(order) if _must_ask(change, known.get(order.id), found=found):
                orders.add(order.id)
            case _:
                pass
    people_told = [
        change.customer for change, found in changes if isinstance(change, CustomerChanged) and not found
    ]
    customers = {change.customer_id for change, _ in changes if isinstance(change, CustomerTouched)}
    customers |= _contradicted(tx, shop_id, people_told)
    told = {customer.id for customer in people_told}
    named = {change.order.customer_id for change in states if change.order.customer_id is not None}
    return Wish(frozenset(orders), frozenset(customers), unknown_customers(tx, shop_id, named - told))


def _contradicting(states: list[OrderChanged]) -> set[str]:
    """Return orders of which two states in this batch claim the same age and say different things."""
    said: dict[tuple[str, datetime], set[bytes]] = {}
    for change in states:
        key = change.order.id, change.order.changed_at
        said.setdefault(key, set()).add(purchases.digest(change.order))
    return {order_id for (order_id, _), digests in said.items() if len(digests) > 1}


def _contradicted(tx: Tx, shop_id: int, told: list[Customer]) -> set[str]:
    """Return customers of whom something else is said for the same moment, here or in this batch."""
    known = people.known(tx, shop_id, [customer.id for customer in told])
    said: dict[tuple[str, datetime], set[tuple[bytes | None, bool]]] = {}
    for customer_id, one in known.items():
        said[customer_id, one.changed_at] = {(one.email_hash, one.email_verified)}
    for customer in told:
        words = tx.ring.email_hash(tx.merchant_id, customer.email), customer.email_verified
        said.setdefault((customer.id, customer.changed_at), set()).add(words)
    return {customer_id for (customer_id, _), versions in said.items() if len(versions) > 1}


def unknown_customers(tx: Tx, shop_id: int, ids: Iterable[str]) -> frozenset[str]:
    """Return which of these customers we know nothing of, or only that an order names them."""
    named = sorted(set(ids))
    known = people.known(tx, shop_id, named)
    return frozenset(
        customer_id
        for customer_id in named
        if (one := known.get(customer_id)) is None or (one.stub and not one.forgotten and not one.removed)
    )


def _must_ask(change: OrderChanged, known: purchases.Known | None, *, found: bool) -> bool:
    """An order must be fetched when its message cannot say when it was paid, or contradicts another of the same age."""
    if found:
        return False
    if known is not None and known.removed:
        # A late message about a deleted order must not bring it back to life.
        return True
    if known is not None and change.order.changed_at < known.changed_at:
        return False
    if change.lacks_paid_at and (known is None or known.paid_at is None):
        return True
    if known is None or change.order.changed_at > known.changed_at:
        return False
    return purchases.digest(complete(change, known)) != known.digest


def complete(change: OrderChanged, known: purchases.Known | None) -> Order:
    """Fill in what the message lacks and we know."""
    if change.lacks_paid_at and known is not None and known.paid_at is not None:
        return msgspec.structs.replace(change.order, paid_at=known.paid_at)
    return change.order
