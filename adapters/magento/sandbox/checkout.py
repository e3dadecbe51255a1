"""Placing an order: prices, discounts by the shop's rules, codes, VAT, numbers. And editing one, Magento's way."""

from typing import Literal

import msgspec
from msgspec.structs import replace

from adapters.magento.sandbox.amounts import cents, per_myriad, tax_inside
from adapters.magento.sandbox.places import StoreView
from adapters.magento.sandbox.promotions import CodeRefused, applies, count_use, coupon_for
from adapters.magento.sandbox.rows import Line, LineKind, Order, Stamp
from adapters.magento.sandbox.rules import Cart, Rule, meets, takes_off
from adapters.magento.sandbox.shop import Shop

GUEST_GROUP = 0


class NotPossible(Exception):
    """The shop would not do this; the text says why."""


class Wish(msgspec.Struct, frozen=True):
    """One line of a cart. `price` and `discount` are decimal texts, VAT included, in the books' currency."""

    title: str
    quantity: int = 1
    price: str = "0"
    sku: str | None = None
    gift_card: bool = False
    discount: str = "0"
    kind: Literal["simple", "virtual", "configurable", "bundle"] = "simple"
    weee: str = "0"  # fixed product tax of one piece
    parts: tuple["Wish", ...] = ()  # of a bundle; without a price of their own where the bundle has one
    apart: bool = False  # its parts are sent one by one
    variant: str = ""  # what is called that was chosen of a configurable product


class Basket(msgspec.Struct, frozen=True):
    """What somebody wants to buy; without a customer it is a guest's."""

    lines: tuple[Wish, ...]
    customer_id: str | int | None = None
    email: str | None = None
    first_name: str = "Gale"
    last_name: str = "Guest"
    shipping: str = "0"
    codes: tuple[str, ...] = ()
    tax_rate: str = "0"
    store: str = "default"
    balance: str = "0"  # store credit and gift cards, at most what the order is worth
    cards: str = "0"
    net_prices: bool = (
        False  # the shop shows prices without VAT and adds it; what is said here includes it all the same
    )


def place(shop: Shop, basket: Basket, at: Stamp) -> Order:
    """Place the order at that moment; raise CodeRefused or NotPossible and change nothing."""
    if not basket.lines or any(wish.quantity <= 0 for wish in basket.lines):
        raise NotPossible("an order needs lines, and each line a quantity above zero")
    view = shop.places.view_called(basket.store)
    order = _of_whom(shop, basket, view, at)
    rate = per_myriad(basket.tax_rate)
    lines = _lines(shop, basket.lines, rate)
    cart = _cart(lines)
    rules = _rules(shop, basket, order, cart, at)
    off, free = _discounts(rules, cart, lines)
    percent = sum(per_myriad(rule.discount_amount) for rule in rules if rule.simple_action == "by_percent")
    shipping = 0 if free or all(line.virtual for line in lines) else cents(basket.shipping)
    order = replace(
        order,
        lines=tuple(
            replace(_taxed(line, extra, percent), on_top=basket.net_prices)
            for line, extra in zip(lines, off, strict=True)
        ),
        shipping=shipping,
        shipping_tax=tax_inside(shipping, rate),
        coupon=_code(shop, basket),
        rule_ids=tuple(rule.id for rule in rules),
    )
    order = replace(order, cards=min(order.worth, cents(basket.cards)))
    order = replace(order, balance=min(order.total, cents(basket.balance)))
    shop.orders.put(order)
    count_use(shop, order.coupon, order.customer_id, 1)
    shop.told("order", order.id)
    return order


def _of_whom(shop: Shop, basket: Basket, view: StoreView, at: Stamp) -> Order:
    customer = shop.customers.get(int(basket.customer_id)) if basket.customer_id is not None else None
    if basket.customer_id is not None and customer is None:
        raise NotPossible(f"there is no customer {basket.customer_id}")
    if customer is None and not basket.email:
        raise NotPossible("a guest's order needs an e-mail address")
    key = shop.orders.next_id()
    site = shop.places.website(view.website_id)
    more = dict(customer.more) if customer else {}
    return Order(
        id=key,
        number=f"{view.prefix}{shop.next_number('order ' + view.code):09d}",
        store_id=view.id,
        currency=view.currency,
        rate=view.rate,
        customer_id=customer.id if customer else None,
        guest=customer is None,
        email=customer.email if customer else str(basket.email),
        first_name=customer.first_name if customer else basket.first_name,
        last_name=customer.last_name if customer else basket.last_name,
        group_id=customer.group_id if customer else GUEST_GROUP,
        placed_at=at,
        changed_at=shop.moved(at),
        lines=(),
        books=site.currency,
        statuses=shop.extras.get("statuses", ""),
        to_global=site.to_global,
        store_name=shop.places.full_name(view),
        born=str(more.get("dob", "")),
        gender=int(more["gender"]) if "gender" in more else None,
    )


def _lines(shop: Shop, wishes: tuple[Wish, ...], rate: int) -> list[Line]:
    lines: list[Line] = []
    for wish in wishes:
        kind: LineKind = "giftcard" if wish.gift_card else wish.kind
        row = cents(wish.price) * wish.quantity
        one = Line(
            id=shop.next_number("line"),
            sku=wish.sku or wish.title,
            title=wish.title,
            quantity=wish.quantity,
            row=row,
            discount=min(row, cents(wish.discount)),
            tax_rate=rate,
            tax_inside=tax_inside(row, rate),
            kind=kind,
            weee=cents(wish.weee) * wish.quantity,
            apart=wish.apart,
        )
        lines.append(one)
        parts = (replace(part, quantity=wish.quantity, apart=wish.apart) for part in wish.parts)
        lines += [replace(part, parent_id=one.id) for part in _lines(shop, tuple(parts), rate)]
        if kind == "configurable":
            child = replace(one, id=shop.next_number("line"), row=0, discount=0, tax_inside=0, tax_rate=0)
            lines.append(
                replace(child, kind="simple", parent_id=one.id, title=wish.variant or f"{wish.title} variant")
            )
    return lines


def _cart(lines: list[Line]) -> Cart:
    return Cart(
        rows=tuple(line.row for line in lines),
        net_rows=tuple(line.row - line.tax_inside for line in lines),
        quantities=tuple(line.quantity if line.parent_id is None else 0 for line in lines),
    )


def _rules(shop: Shop, basket: Basket, order: Order, cart: Cart, at: Stamp) -> list[Rule]:
    """The rules that apply: those without a code, and the code's; one code per order, as in Open Source."""
    if len(basket.codes) > 1:
        raise CodeRefused("this shop takes one code per order")
    site = shop.places.of_view(order.store_id)
    rules = [
        rule
        for rule in shop.rules
        if not rule.takes_codes
        and applies(shop, rule, order.group_id, at, site)
        and meets(rule.condition, cart)
    ]
    for code in basket.codes:
        coupon = coupon_for(shop, code, order.customer_id, order.group_id, cart, at, site)
        rules.append(shop.rules.rows[coupon.rule_id])
    # Of two rules with one sort order the one without a code goes first (recorded: applied_rule_ids "2,1").
    return sorted(rules, key=lambda rule: (rule.sort_order, rule.takes_codes, rule.id))


def _code(shop: Shop, basket: Basket) -> str:
    """The code as the shop spells it, whatever the shopper typed."""
    return shop.coupons.where("code", basket.codes[0])[0].code if basket.codes else ""


def _discounts(rules: list[Rule], cart: Cart, lines: list[Line]) -> tuple[list[int], bool]:
    off = [0] * len(lines)
    free = False
    for rule in rules:
        left = [line.paid - taken for line, taken in zip(lines, off, strict=True)]
        off = [taken + more for taken, more in zip(off, takes_off(rule, cart, left), strict=True)]
        free = free or rule.simple_free_shipping not in ("0", "")
        if rule.stop_rules_processing:
            break
    return off, free


def _taxed(line: Line, extra: int, percent: int = 0) -> Line:
    rate = percent if line.parent_id is None else 0
    discounted = replace(line, discount=line.discount + extra, percent=rate or line.percent)
    return replace(discounted, tax=tax_inside(discounted.paid, line.tax_rate))


class Edit(msgspec.Struct, frozen=True):
    """Another quantity for a line, named by its id or its position."""

    line: int | str
    quantity: int


def edit(shop: Shop, order: Order, edits: tuple[Edit, ...], add: tuple[Wish, ...], at: Stamp) -> Order:
    """Replace the order by an edited one: Magento cancels the first and places another that names it.

    Only an order without an invoice can be edited. The new one keeps the discount it had, in proportion.
    """
    if order.invoices or order.state in ("canceled", "closed", "complete", "holded", "payment_review"):
        raise NotPossible("Magento edits only orders that are not invoiced, held, cancelled or closed")
    wanted = {one.id: one.quantity for one in order.lines}
    for one in edits:
        key = line_of(order, one.line).id
        wanted[key] = one.quantity
        wanted |= {child.id: one.quantity for child in order.lines if child.parent_id == key}
    lines = [_resized(line, wanted[line.id]) for line in order.lines if wanted[line.id] > 0]
    rate = order.lines[0].tax_rate if order.lines else 0
    lines += [_taxed(line, 0) for line in _lines(shop, add, rate)]
    if not lines:
        raise NotPossible("an order without lines is a cancellation")
    first = order.first_number or order.number
    new = replace(
        order,
        id=shop.orders.next_id(),
        number=f"{first}-{order.edits + 1}",
        placed_at=at,
        changed_at=shop.moved(at),
        lines=tuple(_renumbered(shop, lines)),
        parent_id=order.id,
        parent_number=order.number,
        first_number=first,
        edits=order.edits + 1,
    )
    old = replace(order, child_id=new.id, child_number=new.number)
    shop.orders.put(old)
    shop.orders.put(new)
    count_use(shop, new.coupon, new.customer_id, 1)
    shop.told("order", new.id)
    return new


def line_of(order: Order, name: int | str) -> Line:
    """Return the line with that id, or the one at that position (0, 1, ...); raise NotPossible."""
    key = int(name)
    for line in order.lines:
        if line.id == key:
            return line
    top = [line for line in order.lines if line.parent_id is None]
    if not 0 <= key < len(top):
        raise NotPossible(f"the order has no line {name}")
    return top[key]


def _resized(line: Line, quantity: int) -> Line:
    row, discount = (amount * quantity // line.quantity for amount in (line.row, line.discount))
    inside = tax_inside(row, line.tax_rate)
    return _taxed(replace(line, quantity=quantity, row=row, discount=discount, tax_inside=inside), 0)


def _renumbered(shop: Shop, lines: list[Line]) -> list[Line]:
    numbers = {line.id: shop.next_number("line") for line in lines}
    return [replace(line, id=numbers[line.id], parent_id=numbers.get(line.parent_id or 0)) for line in lines]
