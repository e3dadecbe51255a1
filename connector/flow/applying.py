"""Applying: what a delivery means becomes what we know, and the members it touches are settled.

`read` says what a delivery means, and `asking.wish` what must first be fetched from the shop for a batch of them; the caller
fetches it, outside any transaction. `apply` writes everything in one: new states, entries, pushes and done-marks.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal, assert_never

import msgspec

from connector import trail
from connector.flow import asking, customers, forgetting, orders, settling
from connector.flow.asking import Fetched, Read
from connector.flow.desk import Desk, Result, Touched
from connector.port import (
    BadMessage,
    Change,
    CustomerChanged,
    CustomerForgotten,
    CustomerRemoved,
    CustomersMerged,
    CustomerTouched,
    DataAsked,
    Ignored,
    ImportReady,
    OrderChanged,
    OrderRemoved,
    OrderTouched,
    Platform,
    RightsChanged,
    ShopForgotten,
    ShopRemoved,
    ShopTouched,
    SyncWanted,
)
from connector.records import Order
from connector.store import inbox, queue, shops

STALE = timedelta(hours=48)
"""So long after it was sent a message is only a hint where to look; no shop repeats its own for longer."""
FOUND = msgspec.json.Decoder(
    OrderTouched
    | CustomerTouched
    | OrderRemoved
    | CustomerRemoved
    | OrderChanged
    | CustomerChanged
    | CustomerForgotten
    | DataAsked
)
"""How a delivery reads that polling, reconciliation or the merchant's pages kept: our own words, as JSON."""


def read(platform: Platform, waiting: inbox.Waiting) -> Read:
    """Say what a kept delivery means."""
    try:
        if waiting.way == "found":
            return Read(waiting, (FOUND.decode(waiting.delivery.body),))
        stale = waiting.received_at - waiting.sent_at > STALE
        return Read(waiting, tuple(_hint(it) if stale else it for it in platform.read(waiting.delivery)))
    except (BadMessage, msgspec.MsgspecError) as error:
        return Read(waiting, (), fault=str(error))


def _hint(change: Change) -> Change:
    """Return what is left of a message that was long on its way: where to look."""
    match change:
        case OrderChanged(order):
            return OrderTouched(order.id)
        case CustomerChanged(customer):
            return CustomerTouched(customer.id)
        case _:
            return change


class Applied(msgspec.Struct, frozen=True):
    """What became of one delivery; `members` were settled because of it, and `entries` booked on them."""

    waiting: inbox.Waiting
    state: Literal["applied", "ignored", "parked"]
    members: int
    entries: int


def apply(desk: Desk, shop: shops.Shop, reads: list[Read], fetched: Fetched) -> tuple[Applied, ...]:
    """Apply a batch of deliveries, settle whom it touches, and mark each delivery done: one transaction."""
    others = Touched()
    for customer in fetched.customers.values():
        customers.take(desk, customer, others)
    desk.look_up([*_told(reads), *fetched.orders.values()])
    touched = [Touched() for _ in reads]
    states = [_delivery(desk, shop, item, fetched, whom) for item, whom in zip(reads, touched, strict=True)]
    desk.clear()
    unasked, *found = desk.members([others, *touched])
    whose = {item.waiting.id: members for item, members in zip(reads, found, strict=True)}
    asked = {member: item.waiting.request for item in reads for member in whose[item.waiting.id]}
    decisions = settling.settle(desk.tx, unasked.union(*found), desk.now, asked)
    booked = {member: len(decision.entries) for member, decision in decisions.items()}
    return tuple(
        Applied(
            item.waiting,
            state,
            members=len(settled := whose[item.waiting.id] & booked.keys()),
            entries=sum(booked[member] for member in settled if asked[member] == item.waiting.request),
        )
        for item, state in zip(reads, states, strict=True)
    )


def _told(reads: list[Read]) -> Iterator[Order]:
    for item in reads:
        yield from (change.order for change in item.changes if isinstance(change, OrderChanged))


def _delivery(
    desk: Desk, shop: shops.Shop, item: Read, fetched: Fetched, touched: Touched
) -> Literal["applied", "ignored", "parked"]:
    """Apply one delivery and mark it done; return its state."""
    with trail.on(item.waiting.request):
        fault = item.fault or asking.unread(item, fetched)
        if fault is not None:
            inbox.park(desk.tx, shop.id, item.waiting.id, item.waiting.attempts + 1, fault, desk.now)
            return "parked"
        results = [_change(desk, shop, item, change, fetched, touched) for change in item.changes]
        state: Literal["applied", "ignored"] = (
            "applied" if any(result.did for result in results) else "ignored"
        )
        desk.done(
            inbox.Done(
                item.waiting.id,
                state,
                " ".join(result.said for result in results) or "Nothing to do.",
                next((result.subject for result in results if result.subject), None),
                erase=any(result.erase for result in results),
            )
        )
        return state


def _change(
    desk: Desk, shop: shops.Shop, item: Read, change: Change, fetched: Fetched, touched: Touched
) -> Result:
    if desk.shop_gone:
        return Result(False, "The shop was erased meanwhile.", erase=True)
    match change:
        case OrderChanged(order):
            if order.id in fetched.asked_orders and not orders.only_told(desk, order, fetched):
                return orders.fetched_one(desk, order.id, fetched, touched)
            return orders.take(desk, asking.complete(change, desk.order(order.id)), touched)
        case OrderTouched(order_id):
            return orders.fetched_one(desk, order_id, fetched, touched)
        case OrderRemoved(order_id):
            return orders.removed(desk, order_id, touched)
        case CustomerChanged(customer):
            if customer.id in fetched.asked_customers:
                return customers.fetched_one(desk, customer.id, fetched, touched)
            return customers.take(desk, customer, touched)
        case CustomerTouched(customer_id):
            return customers.fetched_one(desk, customer_id, fetched, touched)
        case CustomerRemoved(customer_id):
            return customers.removed(desk, customer_id, touched)
        case CustomersMerged(kept_id, gone_id):
            return customers.merged(desk, kept_id, gone_id, touched)
        case CustomerForgotten() | DataAsked() | ShopForgotten() | ShopRemoved():
            desk.clear()
            did, said = forgetting.heed(
                desk.tx, shop, change, touched.members, item.waiting.sent_at, desk.now
            )
            desk.shop_gone = did and isinstance(change, ShopForgotten)
            if isinstance(change, ShopRemoved):
                return Result(did, said, "shop")
            # The request itself names the person.
            return Result(did, said, "privacy", erase=True)
        case ShopTouched():
            queue.subscribe(desk.tx.connection, desk.tx.merchant_id, shop.id)
            return Result(True, "The shop itself changed; it is looked at again.")
        case RightsChanged():
            queue.subscribe(desk.tx.connection, desk.tx.merchant_id, shop.id)
            # New rights may show what was hidden until now.
            queue.reconcile(desk.tx.connection, desk.tx.merchant_id, shop.id, "full")
            return Result(True, "What Comeback may do in the shop changed; all of it is read again.")
        case SyncWanted():
            queue.reconcile(desk.tx.connection, desk.tx.merchant_id, shop.id, "window")
            return Result(True, "The shop hinted at changes; they are being looked up.")
        case ImportReady():
            queue.import_history(desk.tx.connection, desk.tx.merchant_id, shop.id)
            return Result(True, "The history is ready to be fetched.")
        case Ignored(why):
            return Result(False, why)
    assert_never(change)
