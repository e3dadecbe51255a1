"""What an order is made of, whichever shape it came in: the rules that both readers share stand here, once.

All amounts are minor units of the shop's own currency (Shopify's "shop money"). Prices hold VAT only where the
order says `taxes_included`; records always do.
"""

from datetime import UTC, datetime, timedelta

import msgspec

from connector.money import portion
from connector.records import Channel, LineItem, Order

# A payment at the till is booked seconds after the order; both shapes then say the order's own moment.
AT_ONCE = timedelta(minutes=5)


class LinePart(msgspec.Struct, frozen=True, gc=False):
    """One line as Shopify states it: `price` is unit price times ordered quantity, before discounts."""

    id: str
    title: str
    quantity: int
    current_quantity: int
    price: int
    discount: int
    tax: int
    gift_card: bool
    sku: str | None
    product_id: str | None


class ShippingPart(msgspec.Struct, frozen=True, gc=False):
    """One shipping line: its price after discounts, and its tax."""

    price: int
    tax: int


class OrderPart(msgspec.Struct, frozen=True, gc=False):
    """An order as Shopify states it. `extra` is duties and fees; `refunded_shipping` comes as the price alone."""

    id: str
    number: str
    currency: str
    taxes_included: bool
    placed_at: datetime
    changed_at: datetime
    lines: tuple[LinePart, ...]
    shipping: tuple[ShippingPart, ...]
    extra: int
    refunded: int
    refunded_shipping: int
    customer_id: str | None
    email: str | None
    paid_at: datetime | None
    fulfilled_at: datetime | None
    cancelled_at: datetime | None
    codes: tuple[str, ...]
    test: bool
    channel: Channel


class Payment(msgspec.Struct, frozen=True, gc=False):
    """Money that came in: a sale or a capture that succeeded."""

    at: datetime
    amount: int


def order(part: OrderPart) -> Order:
    """Return the record. `total` is added up from the parts, the one sum that both shapes state in full.

    Shopify's own total of the day it was ordered exists in one shape only, and its running total leaves open what an
    edit does to it; the parts name every line ever ordered, so goods never exceed the total.
    """
    # A bulk file lists lines in any order; the record, and with it its fingerprint, has one.
    in_order = sorted(part.lines, key=lambda it: (len(it.id), it.id))
    lines = tuple(_line(line, part.taxes_included) for line in in_order)
    shipping = sum(_gross(it.price, it.tax, part.taxes_included) for it in part.shipping)
    return Order(
        id=part.id,
        number=part.number,
        currency=part.currency,
        placed_at=part.placed_at,
        changed_at=part.changed_at,
        total=sum(line.amount for line in lines) + shipping + part.extra,
        lines=lines,
        customer_id=part.customer_id,
        email=part.email,
        paid_at=part.paid_at,
        fulfilled_at=part.fulfilled_at,
        cancelled_at=part.cancelled_at,
        refunded=part.refunded,
        refunded_shipping=_refunded_shipping(part),
        coupon_codes=part.codes,
        test=part.test,
        channel=part.channel,
    )


def paid_since(payments: list[Payment], total: int, placed_at: datetime) -> datetime:
    """Return when the payments first covered the total of a fully paid order; the order's own moment if at once.

    Where they never do (cash rounding, a payment outside Shopify), the last one counts.
    """
    if not payments:
        return placed_at
    sought, received = max(payments, key=lambda it: it.at).at, 0
    for payment in sorted(payments, key=lambda it: it.at):
        received += payment.amount
        if received >= total:
            sought = payment.at
            break
    return placed_at if sought <= placed_at + AT_ONCE else sought


def utc(moment: datetime) -> datetime:
    """Return the same moment in UTC."""
    return moment.astimezone(UTC)


def text(moment: datetime) -> str:
    """Write a moment as Shopify does: in UTC, in whole seconds."""
    return utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_or_none(moment: datetime | None) -> datetime | None:
    """Return the same moment in UTC, where there is one."""
    return None if moment is None else utc(moment)


def number_of(gid: str) -> str:
    """Reduce `gid://shopify/Order/123?x=y` to `123`: the one form of an id that both shapes know."""
    return gid.rpartition("/")[2].partition("?")[0]


def codes(found: list[str]) -> tuple[str, ...]:
    """Return coupon codes in upper case, each once, in a fixed order: the shapes list them differently."""
    return tuple(sorted({code.strip().upper() for code in found if code.strip()}))


def channel(source: str | None) -> Channel:
    """Return where an order was placed, by the name of its source; apps are named by their numbers."""
    match source:
        case None | "":
            return ""
        case "web":
            return "online"
        case "pos":
            return "till"
        case "shopify_draft_order":
            return "staff"
        case _:
            return "other"


def marks(tags: list[str]) -> tuple[str, ...]:
    """Return a customer's tags in a fixed order: one shape lists them by name, the other as they were written."""
    return tuple(sorted({tag.strip() for tag in tags if tag.strip()}))


def name(first: str | None, last: str | None) -> str | None:
    """Join a person's names; None where both are withheld."""
    return " ".join(part for part in (first, last) if part) or None


def _line(part: LinePart, taxes_included: bool) -> LineItem:
    return LineItem(
        id=part.id,
        title=part.title,
        quantity=part.quantity,
        current_quantity=part.current_quantity,
        amount=max(0, _gross(part.price - part.discount, part.tax, taxes_included)),
        tax=part.tax,
        kind="gift_card" if part.gift_card else "goods",
        product_id=part.product_id,
        sku=part.sku or None,
    )


def _gross(price: int, tax: int, taxes_included: bool) -> int:
    return price if taxes_included else price + tax


def _refunded_shipping(part: OrderPart) -> int:
    """Add the tax in proportion, rounded down: only one shape states the tax of a refunded shipping line."""
    price = sum(it.price for it in part.shipping)
    if part.taxes_included or price <= 0:
        return part.refunded_shipping
    return part.refunded_shipping + portion(
        sum(it.tax for it in part.shipping), part.refunded_shipping, price
    )
