"""Asking: what the shop must be asked before a batch of deliveries can be applied."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from connector.flow.desk import Desk
from connector.port import (
    Change,
    CustomerChanged,
    CustomerTouched,
    OrderChanged,
    OrderTouched,
    ShopForgotten,
    Unread,
)
from connector.records import Customer, Order
from connector.store import inbox, purchases, shops


class Read(msgspec.Struct, frozen=True):
    """A delivery and what it means. `fault`: why it means nothing to us."""

    waiting: inbox.Waiting
    changes: tuple[Change, ...]
    fault: str | None = None


class Fetched(msgspec.Struct, frozen=True):
    """What the shop said when asked. An id asked for and absent here does not exist in the shop, unless it cannot be read
    (`unread`) or is so old that the shop does not show it to us: placed before `shown_since`."""

    asked_orders: frozenset[str] = frozenset()
    asked_customers: frozenset[str] = frozenset()
    orders: dict[str, Order] = {}
    customers: dict[str, Customer] = {}
    shown_since: datetime | None = None
    unread: tuple[Unread, ...] = ()

    def may_exist(self, placed_at: datetime) -> bool:
        """Tell whether an order that the shop did not show is only too old to be shown."""
        return self.shown_since is not None and placed_at < self.shown_since


def unread(read: Read, fetched: Fetched) -> str | None:
    """Say why a delivery cannot be applied that names what was asked for and cannot be read; None where it can."""
    named = {_named(change) for change in read.changes}
    return next((why_unread(one) for one in fetched.unread if (one.kind, one.id) in named), None)


def why_unread(one: Unread) -> str:
    """Say what is to be done about it, in words for the activity page."""
    if one.kind == "order":
        return (
            f"Order {one.id} cannot be read: a date, an amount or a word is spoilt; "
            "put it right in the shop and try again."
        )
    return (
        f"Customer {one.id} cannot be read: a date, an amount or a word is spoilt; "
        "put it right in the shop and try again."
    )


def _named(change: Change) -> tuple[str, str]:
    match change:
        case OrderTouched(order_id):
            return "order", order_id
        case OrderChanged(order):
            return "order", order.id
        case CustomerTouched(customer_id):
            return "customer", customer_id
        case CustomerChanged(customer):
            return "customer", customer.id
        case _:
            return "", ""


class Wish(msgspec.Struct, frozen=True):
    """What must be fetched before this batch can be applied; `useful` customers only complete the picture."""

    orders: frozenset[str]
    customers: frozenset[str]
    useful: frozenset[str] = frozenset()
    alive: bool = False  # whether it knows us at all: its erasure was asked for

    def __bool__(self) -> bool:
        return bool(self.orders or self.customers or self.alive)


def wish(desk: Desk, reads: list[Read]) -> Wish:
    """Say what the shop must be asked: what messages only name, what they lack, and whom orders name."""
    changes = [(change, item.waiting.way == "found") for item in reads for change in item.changes]
    states = [change for change, _ in changes if isinstance(change, OrderChanged)]
    people_told = [
        change.customer for change, found in changes if isinstance(change, CustomerChanged) and not found
    ]
    desk.look_up([change.order for change in states], {customer.id for customer in people_told})
    orders = _contradicting(states)
    for change, found in changes:
        match change:
            case OrderTouched(order_id):
                orders.add(order_id)
            case OrderChanged(order) if _must_ask(change, desk.order(order.id), found=found):
                orders.add(order.id)
            case _:
                pass
    customers = {change.customer_id for change, _ in changes if isinstance(change, CustomerTouched)}
    customers |= _contradicted(desk, people_told)
    told = {customer.id for customer in people_told}
    named = {change.order.customer_id for change in states if change.order.customer_id is not None}
    alive = _is_to_go(changes) and shops.get(desk.tx, desk.shop_id).state == "connected"
    return Wish(frozenset(orders), frozenset(customers), unknown_customers(desk, named - told), alive)


def _is_to_go(changes: list[tuple[Change, bool]]) -> bool:
    return any(isinstance(change, ShopForgotten) for change, _ in changes)


def _contradicting(states: list[OrderChanged]) -> set[str]:
    """Return orders of which two states in this batch claim the same age and say different things."""
    said: dict[tuple[str, datetime], list[Order]] = {}
    for change in states:
        said.setdefault((change.order.id, change.order.changed_at), []).append(change.order)
    return {
        order_id
        for (order_id, _), told in said.items()
        if len(told) > 1 and len({purchases.digest(order) for order in told}) > 1
    }


def _contradicted(desk: Desk, told: list[Customer]) -> set[str]:
    """Return customers of whom something else is said for the same moment, here or in this batch."""
    said: dict[tuple[str, datetime], set[tuple[bytes | None, bool]]] = {}
    for customer in told:
        if (known := desk.customer(customer.id)) is not None:
            said[customer.id, known.changed_at] = {(known.email_hash, known.email_verified)}
    for customer in told:
        email_hash = desk.tx.ring.email_hash(desk.tx.merchant_id, customer.email)
        words = email_hash, customer.email_verified
        said.setdefault((customer.id, customer.changed_at), set()).add(words)
    return {customer_id for (customer_id, _), versions in said.items() if len(versions) > 1}


def unknown_customers(desk: Desk, ids: Iterable[str]) -> frozenset[str]:
    """Return which of these customers we know nothing of, or only that an order names them."""
    named = set(ids)
    desk.look_up((), named)
    return frozenset(
        customer_id
        for customer_id in named
        if (one := desk.customer(customer_id)) is None or (one.stub and not one.forgotten and not one.removed)
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
