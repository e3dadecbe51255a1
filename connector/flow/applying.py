"""Applying: what a delivery means becomes what we know, and the members it touches are settled.

`read` says what a delivery means, and `asking.wish` what must first be fetched from the shop for a batch of them; the caller
fetches it, outside any transaction. `apply` writes everything in one: new states, entries, pushes and done-marks.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal, assert_never

import msgspec

from connector import trail
from connector.flow import asking, forgetting, joining, settling
from connector.flow.asking import Fetched, Read
from connector.flow.desk import Desk, Touched
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
from connector.records import Customer, Order
from connector.store import inbox, people, purchases, queue, shops, silence
from connector.store.database import Tx

STALE = timedelta(hours=48)
"""So long after it was sent a message is only a hint where to look; no shop repeats its own for longer."""
FOUND = msgspec.json.Decoder(
    OrderTouched | CustomerTouched | OrderRemoved | CustomerRemoved | OrderChanged | CustomerChanged
)
"""How a delivery reads that polling or reconciliation kept: our own words, as JSON."""


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
        _customer(desk, customer, others)
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
        if item.fault is not None:
            inbox.park(desk.tx, shop.id, item.waiting.id, item.waiting.attempts + 1, item.fault, desk.now)
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


class _Result(msgspec.Struct, frozen=True):
    """What became of a change. `erase`: the message holds words of somebody whose words are not to be kept."""

    did: bool
    said: str
    subject: str | None = None
    erase: bool = False


# Whom it is about would be their number, which is gone too.
_FORGOTTEN = _Result(False, "Customer: forgotten, and stays so.", erase=True)


def _change(
    desk: Desk, shop: shops.Shop, item: Read, change: Change, fetched: Fetched, touched: Touched
) -> _Result:
    if desk.shop_gone:
        return _Result(False, "The shop was erased meanwhile.", erase=True)
    match change:
        case OrderChanged(order):
            if order.id in fetched.asked_orders and not _only_told(desk, order, fetched):
                return _fetched_order(desk, order.id, fetched, touched)
            return _order(desk, asking.complete(change, desk.order(order.id)), touched)
        case OrderTouched(order_id):
            return _fetched_order(desk, order_id, fetched, touched)
        case OrderRemoved(order_id):
            return _order_removed(desk, order_id, touched)
        case CustomerChanged(customer):
            if customer.id in fetched.asked_customers:
                return _fetched_customer(desk, customer.id, fetched, touched)
            return _customer(desk, customer, touched)
        case CustomerTouched(customer_id):
            return _fetched_customer(desk, customer_id, fetched, touched)
        case CustomerRemoved(customer_id):
            return _customer_removed(desk, customer_id, touched)
        case CustomersMerged(kept_id, gone_id):
            return _merged(desk, kept_id, gone_id, touched)
        case CustomerForgotten() | DataAsked() | ShopForgotten() | ShopRemoved():
            desk.clear()
            did, said = forgetting.heed(
                desk.tx, shop, change, touched.members, item.waiting.sent_at, desk.now
            )
            desk.shop_gone = did and isinstance(change, ShopForgotten)
            if isinstance(change, ShopRemoved):
                return _Result(did, said, "shop")
            # The request itself names the person.
            return _Result(did, said, "privacy", erase=True)
        case ShopTouched():
            queue.subscribe(desk.tx.connection, desk.tx.merchant_id, shop.id)
            return _Result(True, "The shop itself changed; it is looked at again.")
        case RightsChanged():
            queue.subscribe(desk.tx.connection, desk.tx.merchant_id, shop.id)
            # New rights may show what was hidden until now.
            queue.reconcile(desk.tx.connection, desk.tx.merchant_id, shop.id, "full")
            return _Result(True, "What Comeback may do in the shop changed; all of it is read again.")
        case SyncWanted():
            queue.reconcile(desk.tx.connection, desk.tx.merchant_id, shop.id, "window")
            return _Result(True, "The shop hinted at changes; they are being looked up.")
        case ImportReady():
            queue.import_history(desk.tx.connection, desk.tx.merchant_id, shop.id)
            return _Result(True, "The history is ready to be fetched.")
        case Ignored(why):
            return _Result(False, why)
    assert_never(change)


def _fetched_order(desk: Desk, order_id: str, fetched: Fetched, touched: Touched) -> _Result:
    # Nothing was asked, so its absence says nothing: to take it for deleted would take points back.
    assert order_id in fetched.asked_orders
    if order_id in fetched.orders:
        return _order(desk, fetched.orders[order_id], touched)
    known = desk.order(order_id)
    if known is not None and not known.removed and fetched.may_exist(known.placed_at):
        why = "An order that is too old for the shop to show it; it stays as it is."
        return _Result(False, why, f"order {order_id}")
    return _order_removed(desk, order_id, touched)


def _only_told(desk: Desk, order: Order, fetched: Fetched) -> bool:
    """Whether the shop tells of an order that it does not show any more: then its message is all there is."""
    if order.id in fetched.orders or not fetched.may_exist(order.placed_at):
        return False
    known = desk.order(order.id)
    return known is None or not known.removed or order.changed_at > known.changed_at


def _order(desk: Desk, order: Order, touched: Touched) -> _Result:
    subject = f"order {order.id}"
    known = desk.order(order.id)
    if known is not None and not known.removed:
        if order.changed_at < known.changed_at:
            return _Result(False, f"Order {order.number}: older than what is known.", subject)
        if order.changed_at <= known.changed_at and purchases.digest(order) == known.digest:
            return _Result(False, f"Order {order.number}: known already.", subject)
    if known is not None:
        touched.by(known)
    if _is_of_forgotten(desk, order):
        touched.by(desk.keep_nameless(order, known.customer_id if known is not None else None))
        return _Result(True, f"Order {order.number} brought up to date.", subject, erase=True)
    if order.customer_id is not None:
        _ensure_customer(desk, order.customer_id, order.placed_at)
    touched.by(desk.keep(order))
    if known is not None and known.customer_id is not None:
        _inherit(desk, known.customer_id, order.customer_id, touched)
    return _Result(True, f"Order {order.number} brought up to date.", subject)


def _inherit(desk: Desk, before: str, after: str | None, touched: Touched) -> None:
    """Join two customers where an order of one who is gone from the shop names another one now."""
    gone = desk.customer(before)
    if after not in (None, before) and gone is not None and gone.removed and not gone.forgotten:
        _merged(desk, after, before, touched)


def _is_of_forgotten(desk: Desk, order: Order) -> bool:
    """Whether the order names somebody who was forgotten, as a customer or as a guest."""
    if order.customer_id is not None:
        return _is_gone(desk, order.customer_id)
    word = desk.tx.ring.email_hash(desk.tx.merchant_id, order.email)
    return word is not None and bool(people.forgotten_words(desk.tx, desk.shop_id, [word]))


def _is_gone(desk: Desk, customer_id: str) -> bool:
    """Whether this is the number of somebody who was forgotten: it stands in no row any more."""
    unknown = desk.customer(customer_id) is None
    return unknown and bool(people.forgotten_among(desk.tx, desk.shop_id, [customer_id]))


def _order_removed(desk: Desk, order_id: str, touched: Touched) -> _Result:
    desk.clear()
    known = desk.order(order_id)
    if known is None or not purchases.remove(desk.tx, desk.shop_id, order_id, desk.now):
        return _Result(False, "An order that is not known is gone.", f"order {order_id}")
    touched.by(known)
    desk.clear()
    return _Result(True, "The order was deleted in the shop; its points are taken back.", f"order {order_id}")


def _ensure_customer(desk: Desk, customer_id: str, seen: datetime) -> people.Known:
    """Return what is known of a customer; who is only named by an order gets a stand-in."""
    known = desk.customer(customer_id)
    if known is None:
        member_id = people.new_members(desk.tx, 1, desk.now)[0]
        people.keep(desk.tx, desk.shop_id, [(people.stub(customer_id, seen), member_id)])
        desk.forget_people()
        known = desk.customer(customer_id)
    assert known is not None  # just kept
    return known


def _customer(desk: Desk, customer: Customer, touched: Touched) -> _Result:
    tx, subject = desk.tx, f"customer {customer.id}"
    known = people.known(tx, desk.shop_id, [customer.id]).get(customer.id)
    word = tx.ring.email_hash(tx.merchant_id, customer.email)
    if known.forgotten if known is not None else _is_forgotten(tx, desk.shop_id, customer.id, word):
        return _FORGOTTEN
    if known is not None and (customer.changed_at < known.changed_at or known.removed):
        return _Result(False, "Customer: older than what is known.", subject)
    if known is not None:
        (customer,) = silence.completed(tx, desk.shop_id, [customer], desk.withheld)
        word = tx.ring.email_hash(tx.merchant_id, customer.email)
    if known is not None and people.says_nothing_new(tx, desk.shop_id, customer):
        # Every tag of ours that a shop writes comes back as a message about the customer.
        return _Result(False, "Customer: nothing new.", subject)
    member_id = _ensure_customer(desk, customer.id, customer.created_at).member_id
    people.keep(tx, desk.shop_id, [(customer, member_id)])
    touched.members.add(member_id)
    # Whoever had a claim on guest orders by the old address has it no longer, and the other way round.
    touched.guests |= {claim for claim in (known.email_hash if known else None, word) if claim is not None}
    if customer.email_verified and word is not None:
        touched.members.add(joining.join_same_person(tx, word))
    desk.forget_people()
    return _Result(True, "Customer brought up to date.", subject)


def _fetched_customer(desk: Desk, customer_id: str, fetched: Fetched, touched: Touched) -> _Result:
    assert customer_id in fetched.asked_customers
    if customer_id in fetched.customers:
        return _customer(desk, fetched.customers[customer_id], touched)
    return _customer_removed(desk, customer_id, touched)


def _is_forgotten(tx: Tx, shop_id: int, customer_id: str, email_hash: bytes | None) -> bool:
    words = [tx.ring.word_hash("customer", customer_id), *([email_hash] if email_hash else [])]
    return bool(people.forgotten_words(tx, shop_id, words))


def _customer_removed(desk: Desk, customer_id: str, touched: Touched) -> _Result:
    desk.clear()
    if _is_gone(desk, customer_id):
        return _FORGOTTEN
    gone = desk.customer(customer_id)
    if gone is not None and not gone.forgotten:
        heir = joining.heir(desk.tx, desk.shop_id, customer_id, gone.member_id)
        known = None if heir is None else desk.customer(heir)
        if heir is not None and known is not None and not known.forgotten:
            return _merged(desk, heir, customer_id, touched)
    touched.customers.add(customer_id)
    people.remove(desk.tx, desk.shop_id, customer_id, desk.now)
    desk.forget_people()
    return _Result(True, "The customer was deleted in the shop.", f"customer {customer_id}")


def _merged(desk: Desk, kept_id: str, gone_id: str, touched: Touched) -> _Result:
    desk.clear()
    if _is_gone(desk, kept_id) or _is_gone(desk, gone_id):
        return _FORGOTTEN
    tx, shop_id = desk.tx, desk.shop_id
    kept, gone = _ensure_customer(desk, kept_id, desk.now).member_id, desk.customer(gone_id)
    purchases.move(tx, shop_id, gone_id, kept_id)
    joining.rebind(tx, shop_id, gone_id, kept_id, desk.now)
    if gone is not None:
        people.remove(tx, shop_id, gone_id, desk.now)
        if gone.member_id != kept:
            kept = joining.join(tx, kept, gone.member_id)
    touched.members.add(kept)
    desk.clear()
    return _Result(True, "Two customers were joined in the shop.", f"customer {kept_id}")
