"""Reconciling: the shop is read again, and what differs goes through the inbox like any message.

It never writes states itself: it finds, keeps a delivery for each difference, and the apply road does the rest. What should
stand in the shop (tags, groups, codes) and does not is pushed again.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from zlib import crc32

import msgspec

from connector.flow import asking, giving
from connector.port import (
    Batch,
    CustomerChanged,
    CustomerTouched,
    Delivery,
    OrderChanged,
    OrderTouched,
    Unread,
    Window,
)
from connector.records import Coupon, Customer, Order
from connector.store import (
    coupons,
    forgotten,
    inbox,
    marks,
    outbox,
    people,
    programs,
    purchases,
    queue,
    runs,
    shops,
    silence,
    unread,
)
from connector.store.database import Tx

LAG = timedelta(seconds=2)  # shops write a change and its moment not quite at once
OVERLAP = timedelta(minutes=10)  # clocks differ, and long transactions show late
FIRST_LOOK = timedelta(days=1)
_encode = msgspec.json.Encoder().encode


def ask(tx: Tx, shop_id: int, kind: runs.RunKind, now: datetime) -> None:
    """Have the shop reconciled soon."""
    queue.reconcile(tx.connection, tx.merchant_id, shop_id, kind)


def window(shop: shops.Shop, now: datetime) -> Window:
    """Return what has to be looked at: everything since the last look, with an overlap."""
    since = (shop.seen_until or now - FIRST_LOOK) - OVERLAP
    return Window(since=since, until=max(since, now - LAG))


def compare(tx: Tx, shop: shops.Shop, run: runs.Run, batch: Batch, now: datetime) -> int:
    """Keep a delivery for everything in the batch that is not known just so; return how many there were."""
    found: list[OrderChanged | CustomerChanged] = [
        *(OrderChanged(order) for order in _other_orders(tx, shop.id, batch.orders)),
        *(CustomerChanged(customer) for customer in _other_customers(tx, shop, batch.customers)),
    ]
    for change in found:
        _keep(tx, shop.id, run, change, now)
    aside = _aside_marks(tx, shop.id, batch.customers) if run.kind == "full" else 0
    return len(found) + _other_marks(tx, shop, batch.customers, now) + aside


def put_aside(tx: Tx, shop_id: int, run: runs.Run, batch: Batch, now: datetime) -> None:
    """Keep what could not be kept as a message like any other: it is tried once more, then shown with the reason."""
    for order in batch.orders:
        _keep(tx, shop_id, run, OrderChanged(order), now)
    for customer in batch.customers:
        _keep(tx, shop_id, run, CustomerChanged(customer), now)


def keep_unread(tx: Tx, shop_id: int, found: Iterable[Unread], now: datetime) -> int:
    """Put aside what cannot be read, with the reason, once for each of its states; return how many are new.

    It was asked for this moment and is not asked for again, but by who has it tried again. Forgotten persons are left out.
    """
    told = list(found)
    gone = forgotten.among(tx, shop_id, [one.id for one in told if one.kind == "customer"])
    aside = [_aside(one) for one in told if one.kind == "order" or one.id not in gone]
    return inbox.keep_aside(tx, shop_id, aside, now)


def read_again(tx: Tx, shop_id: int, batch: Batch) -> None:
    """Take away the lines of what could not be read before, and is in this batch."""
    subjects = [f"order {order.id}" for order in batch.orders]
    unread.forget(tx, shop_id, subjects + [f"customer {one.id}" for one in batch.customers])


def _aside(one: Unread) -> inbox.Aside:
    change = OrderTouched(one.id) if one.kind == "order" else CustomerTouched(one.id)
    name = f"{unread.PREFIX}{one.kind}:{one.id}:{crc32(one.changed.encode()):x}"
    delivery = Delivery(id=name, topic=f"{one.kind} found", body=_encode(change))
    return inbox.Aside(delivery, f"{one.kind} {one.id}", asking.why_unread(one))


def compare_absent(
    tx: Tx,
    shop: shops.Shop,
    run: runs.Run,
    orders: Iterable[str],
    customers: Iterable[str],
    shown_since: datetime | None,
    now: datetime,
) -> int:
    """Have what we know and the shop did not show looked up one by one: it may be deleted, or only just made.

    `orders` and `customers` are what it showed, in the order of their letters. Orders placed before `shown_since` are left
    out: the shop would not show them in any case.
    """
    before, gone = run.started_at - LAG, 0
    for order_id in absent(purchases.all_ids(tx, shop.id, before, shown_since), orders):
        _keep(tx, shop.id, run, OrderTouched(order_id), now)
        gone += 1
    for customer_id in absent(people.all_ids(tx, shop.id, before), customers):
        _keep(tx, shop.id, run, CustomerTouched(customer_id), now)
        gone += 1
    return gone


def absent(known: Iterable[str], seen: Iterable[str]) -> Iterator[str]:
    """Yield what is known and was not seen; both come in the order of their letters, and neither is held in memory."""
    there = iter(seen)
    at = next(there, None)
    for one in known:
        while at is not None and at < one:
            at = next(there, None)
        if at != one:
            yield one


def compare_coupons(tx: Tx, shop: shops.Shop, found: Iterable[Coupon], now: datetime) -> int:
    """Have codes made again that should be live and are not, and ended that are and should not; return how many.

    Gifts are no codes that could be missing: whoever has one may have spent it. Those given up lately are looked for.
    """
    giving.look_again(tx, shop, now)
    there = {coupon.code.upper(): coupon for coupon in found}
    busy = outbox.pending(tx, shop.id, ("coupon", "revoke"))
    unended = [kept for kept in coupons.unended(tx, shop.id, now) if not kept.coupon.is_gift]
    quiet = [kept for kept in unended if kept.subject not in busy]
    missing = [kept for kept in quiet if kept.state == "live" and kept.coupon.code not in there]
    used = {
        code
        for order in purchases.with_codes(tx, [kept.coupon.code for kept in missing])
        for code in order.order.coupon_codes
    }
    dead = [kept for kept in missing if kept.coupon.code not in used]
    for kept in dead:
        coupons.set_state(tx, shop.id, kept.source, kept.reward_key, "wanted")
    outbox.want(tx, "coupon", [(shop.id, kept.subject) for kept in dead], now)
    # A push that made it and was put aside is in nobody's way: what it gave back must not work beside its points.
    ending = outbox.pending(tx, shop.id, ("revoke",))
    left = [
        kept
        for kept in unended
        if kept.subject not in ending
        and kept.state in ("revoked", "refused", "parked")
        and kept.coupon.code in there
        and not there[kept.coupon.code].used
    ]
    outbox.want(tx, "revoke", [(shop.id, kept.subject) for kept in left], now)
    return len(dead) + len(left)


def _other_orders(tx: Tx, shop_id: int, orders: tuple[Order, ...]) -> list[Order]:
    known = purchases.known(tx, shop_id, [order.id for order in orders])
    return [order for order in orders if _differs(order, known.get(order.id))]


def _differs(order: Order, known: purchases.Known | None) -> bool:
    if known is None or known.removed:
        return True
    if order.changed_at < known.changed_at:
        return False
    return order.changed_at > known.changed_at or purchases.digest(order) != known.digest


def _other_customers(tx: Tx, shop: shops.Shop, told: tuple[Customer, ...]) -> list[Customer]:
    """Return customers of whom something that matters is not known; our own tags move `changed_at`, which is no news."""
    known = people.known(tx, shop.id, [customer.id for customer in told])
    gone = forgotten.among(tx, shop.id, [customer.id for customer in told if customer.id not in known])
    customers = silence.completed(tx, shop.id, told, shop.withholds)

    def differs(customer: Customer) -> bool:
        one = known.get(customer.id)
        if one is None:
            return customer.id not in gone
        if one.forgotten or one.removed or customer.changed_at < one.changed_at:
            return False
        email_hash = tx.ring.email_hash(tx.merchant_id, customer.email)
        words = email_hash, customer.email_verified, customer.currency
        return one.stub or (one.email_hash, one.email_verified, one.currency) != words

    return [customer for customer in customers if differs(customer)]


def _other_marks(tx: Tx, shop: shops.Shop, customers: tuple[Customer, ...], now: datetime) -> int:
    """Have marks pushed again where the shop shows other marks of ours than we believe; return how many.

    Who was left alone is looked at again once something about them changed: they may be in another group now.
    """
    ours = programs.words(tx)
    standing = marks.standing(tx, shop.id, [customer.id for customer in customers])
    busy = outbox.pending(tx, shop.id, ("marks",))
    wrong, moved = list[str](), list[str]()
    for customer in customers:
        mark = standing.get(customer.id)
        if mark is None or customer.id in busy:
            continue  # nothing of ours there, or on its way
        if mark.left_alone and (mark.left_at is None or customer.changed_at > mark.left_at):
            moved.append(customer.id)
            continue
        if mark.left_alone and not mark.known:
            continue
        there = tuple(sorted(word for word in customer.marks if word in ours))
        if there != (mark.known if mark.left_alone else mark.wanted) or _other_group(mark, customer, ours):
            marks.now_stands(tx, shop.id, customer.id, there)
            wrong.append(customer.id)
    outbox.want(tx, "marks", [(shop.id, customer_id) for customer_id in (*wrong, *moved)], now)
    return len(wrong)


def _aside_marks(tx: Tx, shop_id: int, customers: tuple[Customer, ...]) -> int:
    """Count who carries other marks than they should because writing these was put aside: a difference that stays."""
    wanted = marks.standing(tx, shop_id, outbox.aside(tx, shop_id, "marks", [one.id for one in customers]))
    ours = programs.words(tx) if wanted else set[str]()
    there = {one.id: tuple(sorted(word for word in one.marks if word in ours)) for one in customers}
    return sum(not one.left_alone and there[number] != one.wanted for number, one in wanted.items())


def _other_group(mark: marks.Mark, customer: Customer, ours: set[str]) -> bool:
    """Tell whether who carries tags and a group is not in the group they should be in, or in another of ours."""
    if customer.group is None or mark.left_alone:
        return False
    return customer.group != mark.tier and (mark.tier != "" or customer.group in ours)


def _keep(
    tx: Tx,
    shop_id: int,
    run: runs.Run,
    change: OrderChanged | CustomerChanged | OrderTouched | CustomerTouched,
    now: datetime,
) -> None:
    body = _encode(change)
    name = f"{run.kind}:{run.id}:{type(change).__name__}:{_id(change)}"
    topic = "order found" if isinstance(change, OrderChanged | OrderTouched) else "customer found"
    inbox.keep(tx, shop_id, Delivery(id=name, topic=topic, body=body), "found", now)


def _id(change: OrderChanged | CustomerChanged | OrderTouched | CustomerTouched) -> str:
    match change:
        case OrderChanged(order):
            return order.id
        case CustomerChanged(customer):
            return customer.id
        case OrderTouched(order_id):
            return order_id
        case CustomerTouched(customer_id):
            return customer_id
