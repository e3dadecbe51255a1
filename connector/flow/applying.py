"""Applying: what a delivery means becomes what we know, and the members it touches are settled.

Three steps. `look` reads a batch of deliveries and says what must be fetched from the shop; the caller fetches it, outside
any transaction; `apply` writes everything in one transaction: the new states, the entries, the pushes and the done-marks.
"""

from datetime import datetime
from typing import Literal, assert_never

import msgspec

from connector import trail
from connector.flow import asking, forgetting, joining, settling
from connector.flow.asking import Fetched, Read
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
    ShopForgotten,
    ShopRemoved,
    SyncWanted,
)
from connector.records import Customer, Order
from connector.store import coupons, inbox, people, purchases, queue, shops
from connector.store.database import Tx

FOUND = msgspec.json.Decoder(
    OrderTouched | CustomerTouched | OrderRemoved | CustomerRemoved | OrderChanged | CustomerChanged
)
"""How a delivery reads that polling or reconciliation kept: our own words, as JSON."""


def read(platform: Platform, waiting: inbox.Waiting) -> Read:
    """Say what a kept delivery means."""
    try:
        if waiting.way == "found":
            return Read(waiting, (FOUND.decode(waiting.delivery.body),))
        return Read(waiting, platform.read(waiting.delivery))
    except (BadMessage, msgspec.MsgspecError) as error:
        return Read(waiting, (), fault=str(error))


class Applied(msgspec.Struct, frozen=True):
    """What became of one delivery; `members` were settled because of it, and `entries` booked on them."""

    waiting: inbox.Waiting
    state: Literal["applied", "ignored", "parked"]
    members: int
    entries: int


def apply(
    tx: Tx, shop: shops.Shop, reads: list[Read], fetched: Fetched, now: datetime
) -> tuple[Applied, ...]:
    """Apply a batch of deliveries, settle whom it touches, and mark each delivery done: one transaction."""
    touched, whose = set[int](), dict[int, set[int]]()
    for customer in fetched.customers.values():
        _customer(tx, shop.id, customer, touched, now)
    states = [
        _delivery(tx, shop, item, fetched, whose.setdefault(item.waiting.id, set()), now) for item in reads
    ]
    asked = {member: item.waiting.request for item in reads for member in whose[item.waiting.id]}
    decisions = settling.settle(tx, touched.union(*whose.values()), now, asked)
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


def _delivery(
    tx: Tx, shop: shops.Shop, item: Read, fetched: Fetched, touched: set[int], now: datetime
) -> Literal["applied", "ignored", "parked"]:
    """Apply one delivery and mark it done; return its state."""
    with trail.on(item.waiting.request):
        if item.fault is not None:
            inbox.park(tx, shop.id, item.waiting.id, item.waiting.attempts + 1, item.fault, now)
            return "parked"
        results = [_change(tx, shop, item, change, fetched, touched, now) for change in item.changes]
        state: Literal["applied", "ignored"] = (
            "applied" if any(result.did for result in results) else "ignored"
        )
        inbox.done(
            tx,
            shop.id,
            item.waiting.id,
            state,
            " ".join(result.said for result in results) or "Nothing to do.",
            next((result.subject for result in results if result.subject), None),
            now,
            erase=any(result.erase for result in results),
        )
        return state


class _Result(msgspec.Struct, frozen=True):
    """What became of a change. `erase`: the message holds words of somebody who is forgotten."""

    did: bool
    said: str
    subject: str | None = None
    erase: bool = False


def _change(
    tx: Tx, shop: shops.Shop, item: Read, change: Change, fetched: Fetched, touched: set[int], now: datetime
) -> _Result:
    match change:
        case OrderChanged(order):
            if order.id in fetched.asked_orders:
                return _fetched_order(tx, shop.id, order.id, fetched, touched, now)
            known = purchases.known(tx, shop.id, [order.id]).get(order.id)
            return _order(tx, shop.id, asking.complete(change, known), touched, now)
        case OrderTouched(order_id):
            return _fetched_order(tx, shop.id, order_id, fetched, touched, now)
        case OrderRemoved(order_id):
            return _order_removed(tx, shop.id, order_id, touched, now)
        case CustomerChanged(customer):
            if customer.id in fetched.asked_customers:
                return _fetched_customer(tx, shop.id, customer.id, fetched, touched, now)
            return _customer(tx, shop.id, customer, touched, now)
        case CustomerTouched(customer_id):
            return _fetched_customer(tx, shop.id, customer_id, fetched, touched, now)
        case CustomerRemoved(customer_id):
            return _customer_removed(tx, shop.id, customer_id, touched, now)
        case CustomersMerged(kept_id, gone_id):
            return _merged(tx, shop.id, kept_id, gone_id, touched, now)
        case CustomerForgotten() | DataAsked() | ShopForgotten() | ShopRemoved():
            did, said = forgetting.heed(tx, shop, change, touched, item.waiting.sent_at, now)
            return _Result(did, said, "privacy" if not isinstance(change, ShopRemoved) else "shop")
        case SyncWanted():
            queue.reconcile(tx.connection, tx.merchant_id, shop.id, "window")
            return _Result(True, "The shop hinted at changes; they are being looked up.")
        case ImportReady():
            queue.import_history(tx.connection, tx.merchant_id, shop.id)
            return _Result(True, "The history is ready to be fetched.")
        case Ignored(why):
            return _Result(False, why)
    assert_never(change)


def _fetched_order(
    tx: Tx, shop_id: int, order_id: str, fetched: Fetched, touched: set[int], now: datetime
) -> _Result:
    if order_id in fetched.orders:
        return _order(tx, shop_id, fetched.orders[order_id], touched, now)
    return _order_removed(tx, shop_id, order_id, touched, now)


def _order(tx: Tx, shop_id: int, order: Order, touched: set[int], now: datetime) -> _Result:
    subject = f"order {order.id}"
    known = purchases.known(tx, shop_id, [order.id]).get(order.id)
    if known is not None and not known.removed:
        if order.changed_at < known.changed_at:
            return _Result(False, f"Order {order.number}: older than what is known.", subject)
        if order.changed_at <= known.changed_at and purchases.digest(order) == known.digest:
            return _Result(False, f"Order {order.number}: known already.", subject)
    before = purchases.holders(tx, shop_id, [order.id])
    codes = {*order.coupon_codes, *purchases.codes_of(tx, shop_id, order.id)}
    told, order = order, _without_forgotten(tx, shop_id, order)
    forgotten = told is not order and told.email != order.email
    if order.customer_id is not None:
        _ensure_customer(tx, shop_id, order.customer_id, order.placed_at, now)
        forgotten = people.known(tx, shop_id, [order.customer_id])[order.customer_id].forgotten
    purchases.keep(tx, shop_id, [order])
    holders = {*before, *purchases.holders(tx, shop_id, [order.id])}
    touched |= people.members_of(tx, shop_id, [customer for customer, _ in holders if customer is not None])
    touched |= people.members_claiming(tx, shop_id, [guest for _, guest in holders if guest is not None])
    touched |= coupons.members_with(tx, sorted(codes))
    return _Result(True, f"Order {order.number} brought up to date.", subject, erase=forgotten)


def _without_forgotten(tx: Tx, shop_id: int, order: Order) -> Order:
    if order.customer_id is not None or order.email is None:
        return order
    word = tx.ring.email_hash(tx.merchant_id, order.email)
    forgotten = word is not None and people.forgotten_words(tx, shop_id, [word])
    return msgspec.structs.replace(order, email=None) if forgotten else order


def _order_removed(tx: Tx, shop_id: int, order_id: str, touched: set[int], now: datetime) -> _Result:
    gone = purchases.remove(tx, shop_id, order_id, now)
    if gone is None:
        return _Result(False, "An order that is not known is gone.", f"order {order_id}")
    customer_id, guest = gone
    touched |= coupons.members_with(tx, purchases.codes_of(tx, shop_id, order_id))
    touched |= people.members_of(tx, shop_id, [customer_id] if customer_id is not None else [])
    touched |= people.members_claiming(tx, shop_id, [guest] if guest is not None else [])
    return _Result(True, "The order was deleted in the shop; its points are taken back.", f"order {order_id}")


def _ensure_customer(tx: Tx, shop_id: int, customer_id: str, seen: datetime, now: datetime) -> int:
    known = people.known(tx, shop_id, [customer_id]).get(customer_id)
    if known is not None:
        return known.member_id
    member_id = people.new_members(tx, 1, now)[0]
    people.keep(tx, shop_id, [(people.stub(customer_id, seen), member_id)])
    return member_id


def _customer(tx: Tx, shop_id: int, customer: Customer, touched: set[int], now: datetime) -> _Result:
    subject = f"customer {customer.id}"
    known = people.known(tx, shop_id, [customer.id]).get(customer.id)
    word = tx.ring.email_hash(tx.merchant_id, customer.email)
    if known.forgotten if known is not None else _is_forgotten(tx, shop_id, customer.id, word):
        return _Result(False, "Customer: forgotten, and stays so.", subject, erase=True)
    if known is not None and (customer.changed_at < known.changed_at or known.removed):
        return _Result(False, "Customer: older than what is known.", subject)
    member_id = _ensure_customer(tx, shop_id, customer.id, customer.created_at, now)
    people.keep(tx, shop_id, [(customer, member_id)])
    touched.add(member_id)
    # Whoever had a claim on guest orders by the old address has it no longer, and the other way round.
    claims = [claim for claim in (known.email_hash if known else None, word) if claim is not None]
    touched |= people.members_claiming(tx, shop_id, claims)
    if customer.email_verified and word is not None:
        touched.add(joining.join_same_person(tx, word))
    return _Result(True, "Customer brought up to date.", subject)


def _fetched_customer(
    tx: Tx, shop_id: int, customer_id: str, fetched: Fetched, touched: set[int], now: datetime
) -> _Result:
    if customer_id in fetched.customers:
        return _customer(tx, shop_id, fetched.customers[customer_id], touched, now)
    return _customer_removed(tx, shop_id, customer_id, touched, now)


def _is_forgotten(tx: Tx, shop_id: int, customer_id: str, email_hash: bytes | None) -> bool:
    words = [tx.ring.word_hash("customer", customer_id), *([email_hash] if email_hash else [])]
    return bool(people.forgotten_words(tx, shop_id, words))


def _customer_removed(tx: Tx, shop_id: int, customer_id: str, touched: set[int], now: datetime) -> _Result:
    touched |= people.members_of(tx, shop_id, [customer_id])
    people.remove(tx, shop_id, customer_id, now)
    return _Result(True, "The customer was deleted in the shop.", f"customer {customer_id}")


def _merged(tx: Tx, shop_id: int, kept_id: str, gone_id: str, touched: set[int], now: datetime) -> _Result:
    kept = _ensure_customer(tx, shop_id, kept_id, now, now)
    gone = people.known(tx, shop_id, [gone_id]).get(gone_id)
    purchases.move(tx, shop_id, gone_id, kept_id)
    joining.rebind(tx, shop_id, gone_id, kept_id, now)
    if gone is not None:
        people.remove(tx, shop_id, gone_id, now)
        if gone.member_id != kept:
            kept = joining.join(tx, kept, gone.member_id)
    touched.add(kept)
    return _Result(True, "Two customers were joined in the shop.", f"customer {kept_id}")
