"""Discount codes: made by the app, checked and used at the checkout."""

from datetime import datetime

from adapters.shopify.sandbox import bodies, catalogue
from adapters.shopify.sandbox.catalogue import Items
from adapters.shopify.sandbox.state import Refusal, Shop
from adapters.shopify.sandbox.things import Allocation, Application, Discount, Line, Order
from connector.money import allocate


def by_code(shop: Shop, code: str) -> Discount | None:
    """Return the discount of this code; capitals do not matter."""
    found = shop.codes.get(code.strip().upper())
    return None if found is None else shop.discounts.get(found)


def keep(shop: Shop, discount: Discount) -> None:
    """Take in a new discount."""
    shop.discounts.put(discount)
    shop.codes[discount.code.upper()] = discount.id
    shop.tell("DISCOUNTS_CREATE", lambda: bodies.discount(discount, shop.now()))


def change(shop: Shop, discount: Discount, **new: object) -> None:
    """Give the discount new values, under its id and code."""

    def apply(it: Discount) -> None:
        for name, value in new.items():
            setattr(it, name, value)
        it.updated_at = shop.stamp(it.updated_at, it.updated_at)

    shop.discounts.move(discount, apply)
    shop.tell("DISCOUNTS_UPDATE", lambda: bodies.discount(discount, shop.now()))


def drop(shop: Shop, discount: Discount) -> None:
    """Delete the discount; orders that used it keep what they got."""
    shop.discounts.remove(discount)
    for code in discount.codes:
        del shop.codes[code.strip().upper()]
    shop.tell("DISCOUNTS_DELETE", lambda: bodies.discount(discount, shop.now()))


def redeem(shop: Shop, order: Order, codes: tuple[str, ...], at: datetime) -> None:
    """Discount a new order by its codes; raise Refusal with the reason when one is not good."""
    goods = [line for line in order.lines if not line.gift_card]
    found = [_good(shop, order, goods, code, at) for code in codes]
    if len({discount.id for discount in found}) != len(found):
        raise Refusal("the same code twice")
    for first in found:
        for second in found:
            if first is not second and not _combine(first, second):
                raise Refusal(f"{first.code} cannot be combined with {second.code}")
    for discount, code in zip(found, codes, strict=True):
        _apply(shop, order, goods, discount, _spelled(discount, code))
        discount.used += 1
        if order.customer_id is not None:
            discount.used_by = [*discount.used_by, order.customer_id]


def _good(shop: Shop, order: Order, goods: list[Line], code: str, at: datetime) -> Discount:
    discount = by_code(shop, code)
    if discount is None:
        raise Refusal(f"the code {code} does not exist")
    if discount.status(at) != "ACTIVE":
        raise Refusal(f"the code {code} is not live at that time")
    if not _for(shop, discount, order.customer_id):
        raise Refusal(f"the code {code} is for another customer")
    if discount.usage_limit is not None and discount.used >= discount.usage_limit:
        raise Refusal(f"the code {code} has been used up")
    if discount.once_per_customer and order.customer_id in discount.used_by:
        raise Refusal(f"the code {code} was used by this customer before")
    counted = _counted(shop, goods, discount)
    if sum(line.amount for line in counted) < discount.minimum:
        raise Refusal(f"the code {code} needs a larger order")
    if sum(line.quantity for line in counted) < discount.minimum_quantity:
        raise Refusal(f"the code {code} needs more items")
    if discount.kind == "free_shipping":
        if discount.maximum_shipping is not None and order.shipping > discount.maximum_shipping:
            raise Refusal(f"the code {code} does not pay for shipping that dear")
    elif not any(line.amount for line in _about(shop, goods, discount)):
        raise Refusal(f"the code {code} finds nothing to discount")
    return discount


def _for(shop: Shop, discount: Discount, customer_id: int | None) -> bool:
    if discount.segment_ids:
        found = [shop.catalogue.segments.get(number) for number in discount.segment_ids]
        return any(customer_id in one.customer_ids for one in found if one is not None)
    return discount.customer_ids is None or customer_id in discount.customer_ids


def _about(shop: Shop, goods: list[Line], discount: Discount) -> list[Line]:
    """Return the lines that the discount can take something off."""
    return catalogue.covered(shop, goods, Items(discount.products, discount.collections))


def _counted(shop: Shop, goods: list[Line], discount: Discount) -> list[Line]:
    """Return the lines that count towards its smallest order: those it is about, or those to be bought."""
    if discount.kind != "buy_x_get_y":
        return _about(shop, goods, discount)
    return catalogue.covered(shop, goods, Items(discount.bought_products, discount.bought_collections))


def _combine(first: Discount, second: Discount) -> bool:
    return first.combines_with[("ORDER", "PRODUCT", "SHIPPING").index(second.discount_class)]


def _spelled(discount: Discount, code: str) -> str:
    """Return the code as it was made."""
    return next(one for one in discount.codes if one.strip().upper() == code.strip().upper())


def _apply(shop: Shop, order: Order, goods: list[Line], discount: Discount, code: str) -> None:
    place = len(order.applications)
    if discount.kind == "free_shipping":
        order.applications = [
            *order.applications,
            Application("code", code, "SHIPPING_LINE", percentage=10000),
        ]
        order.shipping_discount = order.shipping
        return
    lines = _about(shop, goods, discount)
    if discount.kind == "buy_x_get_y":
        lines = [min(lines, key=lambda line: line.unit_price)]  # the cheapest comes free
    subtotal = sum(line.amount for line in lines)
    if discount.kind == "amount":
        applied = Application("code", code, "LINE_ITEM", amount=discount.amount)
        amount = min(discount.amount, subtotal)
    else:
        applied = Application("code", code, "LINE_ITEM", percentage=discount.percentage)
        if discount.kind == "buy_x_get_y":
            subtotal = subtotal * min(discount.got, lines[0].quantity) // lines[0].quantity
        amount = (2 * subtotal * discount.percentage + 10000) // 20000
    order.applications = [*order.applications, applied]
    for line, part in zip(lines, allocate(amount, [line.amount for line in lines]), strict=True):
        if part:
            line.allocations = [*line.allocations, Allocation(place, part)]
