"""What may happen to an order, by the shop's own rules, and what the shop tells about it."""

from datetime import datetime

import msgspec

from adapters.shopify.sandbox import bodies, discounts, parts
from adapters.shopify.sandbox.state import Refusal, Shop
from adapters.shopify.sandbox.things import (
    Allocation,
    Application,
    Fulfillment,
    Line,
    Order,
    Refund,
    RefundLine,
    Transaction,
)


class WantedLine(msgspec.Struct, frozen=True):
    """What somebody puts into the basket. `price` per unit and `discount` for the whole line in minor units."""

    title: str
    quantity: int
    price: int
    sku: str | None = None
    gift_card: bool = False
    discount: int = 0


class Basket(msgspec.Struct, frozen=True):
    """An order about to be placed. `tax_rate` in hundredths of a per cent, `rate` as in `Order`."""

    at: datetime
    lines: tuple[WantedLine, ...]
    customer_id: int | None = None
    email: str | None = None
    shipping: int = 0
    paid: bool = False
    codes: tuple[str, ...] = ()
    tax_rate: int = 2000
    test: bool = False
    presentment: str = ""
    rate: int = 10_000
    source: str = "web"


class Change(msgspec.Struct, frozen=True):
    """A quantity for one line: how many to take back, or how many there should be."""

    line_id: int
    quantity: int


def place(shop: Shop, basket: Basket) -> Order:
    """Take in an order; raise Refusal where a code or the customer is not good."""
    if not basket.lines or any(wanted.quantity < 1 or wanted.price < 0 for wanted in basket.lines):
        raise Refusal("an order needs lines with a quantity of at least 1 and a price that is not negative")
    buyer = shop.customer(basket.customer_id) if basket.customer_id is not None else None
    shop.last_number += 1
    order = Order(
        id=shop.next_id("order"),
        number=shop.last_number,
        customer_id=basket.customer_id,
        email=basket.email or (buyer.email if buyer else None),
        placed_at=basket.at,
        updated_at=shop.stamp(basket.at),
        lines=[],
        shipping=basket.shipping,
        shipping_tax_rate=basket.tax_rate,
        locale=buyer.locale if buyer else "en",
        test=basket.test,
        presentment=basket.presentment,
        rate=basket.rate,
        source=basket.source,
    )
    order.lines = [_line(shop, order, wanted, basket.tax_rate) for wanted in basket.lines]
    discounts.redeem(shop, order, basket.codes, basket.at)
    order.original_total = order.total
    if basket.paid and order.due:
        order.transactions = [_sale(shop, order.due, basket.at)]
    shop.orders.put(order)
    if buyer is not None:
        buyer.order_ids = [*buyer.order_ids, order.id]
    _tell(shop, order, "ORDERS_CREATE", *(["ORDERS_PAID"] if order.paid_at else []), "ORDERS_UPDATED")
    return order


def pay(shop: Shop, order: Order, at: datetime) -> None:
    """Receive what is still open."""
    if order.cancelled_at or (order.paid_at and order.received >= order.due):
        raise Refusal(f"order {order.number} has nothing left to pay")
    order.transactions = [*order.transactions, _sale(shop, order.due - order.received, at)]
    _touch(shop, order, at)
    _tell(shop, order, "ORDERS_PAID", "ORDERS_UPDATED")


def fulfil(shop: Shop, order: Order, at: datetime) -> None:
    """Send everything that is left to send."""
    left = sum(line.current_quantity for line in order.lines)
    left -= sum(parcel.quantity for parcel in order.fulfillments)
    if order.cancelled_at or left < 1:
        raise Refusal(f"order {order.number} has nothing left to send")
    order.fulfillments = [*order.fulfillments, Fulfillment(shop.next_id("fulfillment"), at, left)]
    _touch(shop, order, at)
    _tell(shop, order, "ORDERS_FULFILLED", "ORDERS_UPDATED")


def cancel(shop: Shop, order: Order, at: datetime) -> None:
    """Call the order off: every unit back on the shelf, all money given back."""
    if order.cancelled_at:
        raise Refusal(f"order {order.number} is cancelled already")
    if order.fulfillments:
        raise Refusal(f"order {order.number} has been sent; refund it instead")
    changes = [Change(line.id, line.current_quantity) for line in order.lines if line.current_quantity]
    # What was never paid cannot come back: an unpaid order gives back its units only.
    shipping = order.shipping_due - order.refunded_shipping if order.received > order.refunded else 0
    refund = _refund(shop, order, at, changes, shipping, restock="CANCEL")
    _settle(shop, order, refund, order.received - order.refunded)
    order.cancelled_at = at
    _touch(shop, order, at)
    shop.tell("REFUNDS_CREATE", lambda: bodies.refund(shop, order, refund))
    _tell(shop, order, "ORDERS_CANCELLED", "ORDERS_UPDATED")


def give_back(
    shop: Shop, order: Order, at: datetime, changes: list[Change], shipping: int = 0, amount: int = 0
) -> Refund:
    """Refund units, shipping or a typed `amount`; never more money than came in."""
    left = order.received - order.refunded
    if left < 1:
        raise Refusal(f"order {order.number} has no money left to give back")
    if shipping > order.shipping_due - order.refunded_shipping:
        raise Refusal(f"order {order.number} has not that much shipping left to give back")
    if amount > left:
        raise Refusal(f"order {order.number} has only {left} minor units left to give back")
    for change in changes:
        _at_most(order, change)
    refund = book_refund(shop, order, at, changes, shipping, amount)
    _touch(shop, order, at)
    shop.tell("REFUNDS_CREATE", lambda: bodies.refund(shop, order, refund))
    _tell(shop, order, "ORDERS_UPDATED")
    return refund


def book_refund(
    shop: Shop, order: Order, at: datetime, changes: list[Change], shipping: int, amount: int
) -> Refund:
    """Write a refund that was found good into the order, without telling anybody."""
    left = order.received - order.refunded
    refund = _refund(shop, order, at, changes, shipping)
    _settle(shop, order, refund, min(left, amount + shipping + sum(line.amount for line in refund.lines)))
    return refund


def edit(shop: Shop, order: Order, at: datetime, changes: list[Change], additions: list[WantedLine]) -> None:
    """Give lines a new quantity and add lines; what becomes due or owed is settled by pay and refund."""
    if order.cancelled_at:
        raise Refusal(f"order {order.number} is cancelled")
    before = {line.id: line.current_quantity for line in order.lines}
    for change in changes:
        _set_quantity(order, _line_of(order, change.line_id), change.quantity)
    rate = order.lines[0].tax_rate
    order.lines = [*order.lines, *(_line(shop, order, wanted, rate) for wanted in additions)]
    order.edited = True
    _touch(shop, order, at)
    edit_id = shop.next_id("edit")
    shop.tell("ORDERS_EDITED", lambda: bodies.edit(shop, order, edit_id, before, at))
    _tell(shop, order, "ORDERS_UPDATED")


def remove(shop: Shop, order: Order) -> None:
    """Delete the order for good."""
    shop.orders.remove(order)
    buyer = shop.customers.get(order.customer_id) if order.customer_id is not None else None
    if buyer is not None:
        buyer.order_ids = [known for known in buyer.order_ids if known != order.id]
    shop.tell("ORDERS_DELETE", lambda: {"id": order.id})


def _set_quantity(order: Order, line: Line, quantity: int) -> None:
    delta = quantity - line.current_quantity
    if quantity < 0 or (delta < 0 and order.fulfillments):
        raise Refusal("what has been sent cannot be edited away")
    if delta < 0:
        line.removed += line.worth(-delta)
    else:
        line.quantity += delta
    line.current_quantity = quantity


def _at_most(order: Order, change: Change) -> None:
    if not 1 <= change.quantity <= _line_of(order, change.line_id).current_quantity:
        raise Refusal(f"line {change.line_id} has not that many units left")


def _line_of(order: Order, line_id: int) -> Line:
    for line in order.lines:
        if line.id == line_id:
            return line
    raise Refusal(f"order {order.number} has no line {line_id}")


def _refund(
    shop: Shop, order: Order, at: datetime, changes: list[Change], shipping: int, restock: str = "RETURN"
) -> Refund:
    """Take the units back and write the refund, still without money."""
    refund = Refund(shop.next_id("refund"), at, [], shipping)
    for change in changes:
        line = _line_of(order, change.line_id)
        amount = line.worth(change.quantity)
        tax = line.tax * amount // line.amount if line.amount else 0
        refund.lines.append(
            RefundLine(shop.next_id("refund_line"), line.id, change.quantity, amount, tax, restock)
        )
        line.current_quantity -= change.quantity
        line.refunded += amount
    order.refunds = [*order.refunds, refund]
    return refund


def _settle(shop: Shop, order: Order, refund: Refund, money: int) -> None:
    """Move the money; what differs from the value of the units and the shipping is the refund's adjustment."""
    refund.adjustment = money - refund.shipping - sum(line.amount for line in refund.lines)
    if money <= 0:
        return
    parent = next(move.id for move in order.transactions if move.kind == "SALE")
    move = Transaction(shop.next_id("transaction"), "REFUND", money, refund.at, parent)
    order.transactions = [*order.transactions, move]
    refund.transactions = [move]


def _line(shop: Shop, order: Order, wanted: WantedLine, tax_rate: int) -> Line:
    line = Line(
        id=shop.next_id("line"),
        title=wanted.title,
        sku=wanted.sku,
        quantity=wanted.quantity,
        current_quantity=wanted.quantity,
        unit_price=wanted.price,
        gift_card=wanted.gift_card,
        tax_rate=0 if wanted.gift_card else tax_rate,
        product_id=parts.product_id(wanted.sku) if wanted.sku else None,
    )
    if wanted.discount:
        if wanted.discount > line.original:
            raise Refusal("a line cannot be discounted below zero")
        order.applications = [
            *order.applications,
            Application("manual", "Discount", "LINE_ITEM", amount=wanted.discount),
        ]
        line.allocations = [Allocation(len(order.applications) - 1, wanted.discount)]
    return line


def _sale(shop: Shop, amount: int, at: datetime) -> Transaction:
    return Transaction(shop.next_id("transaction"), "SALE", amount, at)


def _touch(shop: Shop, order: Order, at: datetime) -> None:
    def change(it: Order) -> None:
        it.updated_at = shop.stamp(at, it.updated_at)

    shop.orders.move(order, change)


def _tell(shop: Shop, order: Order, *topics: str) -> None:
    for topic in topics:
        shop.tell(topic, lambda: bodies.order(shop, order))
