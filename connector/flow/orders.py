"""What a message says of an order becomes what we know of it; an older state than that changes nothing."""

from connector.flow import customers
from connector.flow.asking import Fetched
from connector.flow.desk import Desk, Result, Touched
from connector.records import Order
from connector.store import forgotten, purchases


def fetched_one(desk: Desk, order_id: str, fetched: Fetched, touched: Touched) -> Result:
    """Take in what the shop answered about an order; one it does not have was deleted, unless it may be hidden."""
    # Nothing was asked, so its absence says nothing: to take it for deleted would take points back.
    assert order_id in fetched.asked_orders
    if order_id in fetched.orders:
        return take(desk, fetched.orders[order_id], touched)
    known = desk.order(order_id)
    if known is not None and not known.removed and fetched.may_exist(known.placed_at):
        why = "An order that is too old for the shop to show it; it stays as it is."
        return Result(False, why, f"order {order_id}")
    return removed(desk, order_id, touched)


def only_told(desk: Desk, order: Order, fetched: Fetched) -> bool:
    """Whether the shop tells of an order that it does not show any more: then its message is all there is."""
    if order.id in fetched.orders or not fetched.may_exist(order.placed_at):
        return False
    known = desk.order(order.id)
    return known is None or not known.removed or order.changed_at > known.changed_at


def take(desk: Desk, order: Order, touched: Touched) -> Result:
    """Keep an order as it stands now, unless it is known so or newer."""
    subject = f"order {order.id}"
    known = desk.order(order.id)
    if known is not None and not known.removed:
        if order.changed_at < known.changed_at:
            return Result(False, f"Order {order.number}: older than what is known.", subject)
        if order.changed_at <= known.changed_at and purchases.digest(order) == known.digest:
            return Result(False, f"Order {order.number}: known already.", subject)
    if known is not None:
        touched.by(known)
    if _is_of_forgotten(desk, order, known):
        touched.by(desk.keep_nameless(order, known.customer_id if known is not None else None))
        return Result(True, f"Order {order.number} brought up to date.", subject, erase=True)
    if order.customer_id is not None:
        customers.ensure(desk, order.customer_id, order.placed_at)
    touched.by(desk.keep(order))
    if known is not None and known.customer_id is not None:
        _inherit(desk, known.customer_id, order.customer_id, touched)
    return Result(True, f"Order {order.number} brought up to date.", subject)


def _inherit(desk: Desk, before: str, after: str | None, touched: Touched) -> None:
    """Join two customers where an order of one who is gone from the shop names another one now."""
    gone = desk.customer(before)
    if after not in (None, before) and gone is not None and gone.removed and not gone.forgotten:
        customers.merged(desk, after, before, touched)


def _is_of_forgotten(desk: Desk, order: Order, known: purchases.Known | None) -> bool:
    """Whether the order names somebody who was forgotten, as a customer or as a guest, or was theirs and names nobody."""
    if order.customer_id is not None:
        return customers.is_gone(desk, order.customer_id)
    word = desk.tx.ring.email_hash(desk.tx.merchant_id, order.email)
    if word is None:
        # The platform redacts its own orders too, and tells of them then.
        return known is not None and known.is_of_nobody
    return bool(forgotten.words(desk.tx, desk.shop_id, [word]))


def removed(desk: Desk, order_id: str, touched: Touched) -> Result:
    """Note that an order is gone from the shop."""
    desk.clear()
    known = desk.order(order_id)
    if known is None or not purchases.remove(desk.tx, desk.shop_id, order_id, desk.now):
        return Result(False, "An order that is not known is gone.", f"order {order_id}")
    touched.by(known)
    desk.clear()
    return Result(True, "The order was deleted in the shop; its points are taken back.", f"order {order_id}")
