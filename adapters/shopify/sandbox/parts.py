"""What webhook bodies are made of: lines, sums, shipping, taxes, discounts, parcels, and the texts of ids and times."""

import zlib
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from adapters.shopify.sandbox import money
from adapters.shopify.sandbox.state import ZONE
from adapters.shopify.sandbox.things import Application, Fulfillment, Line, Order, tax_inside

Body = dict[str, object]
_LOCAL = ZoneInfo(ZONE)
_FIRST_PRODUCT = 8_200_000_000_000


@cache
def product_id(sku: str) -> int:
    """Return the product's number: the same for the same SKU, always."""
    return _FIRST_PRODUCT + zlib.crc32(sku.upper().encode())


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def time(at: datetime | None) -> str | None:
    """Write a moment as the shop's clocks show it."""
    return None if at is None else at.astimezone(_LOCAL).isoformat(timespec="seconds")


def financial_status(it: Order) -> str:
    """Return the payment state by what was due, received and given back, in the schema's spelling."""
    if it.cancelled_at and not it.received:
        return "VOIDED"
    if it.received < it.due:
        return "PARTIALLY_PAID" if it.received else "PENDING"
    if not it.refunded:
        return "PAID"
    return "REFUNDED" if it.refunded >= it.received else "PARTIALLY_REFUNDED"


def line_rate(it: Order) -> int:
    """Return the order's tax rate: that of its first taxed line."""
    return next((part.tax_rate for part in it.lines if part.tax_rate), 0)


def line(it: Line, sent: bool = False) -> Body:
    """One line of an order's body; `sent` when nothing of the order is left to send."""
    return {
        "id": it.id,
        "admin_graphql_api_id": gid("LineItem", it.id),
        "title": it.title,
        "name": it.title,
        "sku": it.sku,
        "vendor": None,
        "product_id": it.product_id,
        "product_exists": it.product_id is not None,
        "variant_id": None,
        "variant_title": None,
        "quantity": it.quantity,
        "current_quantity": it.current_quantity,
        "fulfillable_quantity": 0 if sent else it.current_quantity,
        "fulfillment_service": "manual",
        "fulfillment_status": "fulfilled" if sent else None,
        "gift_card": it.gift_card,
        "grams": 0,
        "price": money.text(it.unit_price),
        "price_set": money.both(it.unit_price),
        "properties": [],
        "requires_shipping": not it.gift_card,
        "taxable": it.tax_rate > 0,
        # The field is only filled by scripts of old; what lowers a line stands in its allocations.
        "total_discount": "0.00",
        "total_discount_set": money.both(0),
        "discount_allocations": [
            {
                "amount": money.text(part.amount),
                "amount_set": money.both(part.amount),
                "discount_application_index": part.application,
            }
            for part in it.allocations
        ],
        "tax_lines": taxes([(it.tax, it.tax_rate)]),
        "duties": [],
    }


def sums(it: Order, goods: int, discount: int) -> Body:
    """Every sum twice, as a text and as a set, now and as ordered."""
    left = sum(part.current_amount for part in it.lines)
    shipping_left = it.shipping_due - it.refunded_shipping
    taxes_left = sum(tax_inside(part.current_amount, part.tax_rate) for part in it.lines)
    sums = {
        "total_line_items_price": goods,
        "subtotal_price": it.total - it.shipping_due,
        "total_discounts": discount,
        "total_tax": it.tax,
        "total_price": it.total,
        "current_subtotal_price": left,
        "current_total_discounts": discount,
        "current_total_tax": taxes_left + tax_inside(shipping_left, it.shipping_tax_rate),
        "current_total_price": left + shipping_left,
    }
    body: Body = {name: money.text(amount) for name, amount in sums.items()}
    body.update((f"{name}_set", money.both(amount)) for name, amount in sums.items())
    body["total_shipping_price_set"] = money.both(it.shipping)
    body["current_shipping_price_set"] = money.both(shipping_left)
    body["total_outstanding"] = money.text(max(0, it.due - it.received))
    body["total_tip_received"] = "0.00"
    body["total_weight"] = 0
    return body


def codes(it: Order) -> list[tuple[int, Application]]:
    return [(place, used) for place, used in enumerate(it.applications) if used.kind == "code"]


def code(it: Order, place: int, used: Application) -> Body:
    amount = sum(part.amount for row in it.lines for part in row.allocations if part.application == place)
    if used.target == "SHIPPING_LINE":
        return {"code": used.title, "amount": money.text(it.shipping_discount), "type": "shipping"}
    kind = "fixed_amount" if used.percentage is None else "percentage"
    return {"code": used.title, "amount": money.text(amount), "type": kind}


def application(used: Application) -> Body:
    fixed = used.percentage is None
    return {
        "type": "discount_code" if used.kind == "code" else "manual",
        "code" if used.kind == "code" else "title": used.title,
        "target_type": used.target.lower(),
        "target_selection": "all" if used.kind == "code" else "explicit",
        "allocation_method": "across" if used.kind == "code" else "each",
        "value_type": "fixed_amount" if fixed else "percentage",
        "value": money.text(used.amount) if fixed else f"{(used.percentage or 0) / 100:.1f}",
    }


def shipping_lines(it: Order) -> list[Body]:
    if not it.shipping:
        return []
    place = next((at for at, used in enumerate(it.applications) if used.target == "SHIPPING_LINE"), None)
    off = it.shipping_discount
    return [
        {
            "id": it.id + 1_000_000_000_000,
            "title": it.shipping_title,
            "code": it.shipping_title,
            "source": "shopify",
            "carrier_identifier": None,
            "is_removed": False,
            "price": money.text(it.shipping),
            "price_set": money.both(it.shipping),
            "discounted_price": money.text(it.shipping_due),
            "discounted_price_set": money.both(it.shipping_due),
            "current_discounted_price_set": money.both(it.shipping_due - it.refunded_shipping),
            "discount_allocations": [
                {
                    "amount": money.text(off),
                    "amount_set": money.both(off),
                    "discount_application_index": place,
                }
            ]
            if off
            else [],
            "tax_lines": taxes([(tax_inside(it.shipping_due, it.shipping_tax_rate), it.shipping_tax_rate)]),
        }
    ]


def taxes(parts: list[tuple[int, int]]) -> list[Body]:
    return [
        {
            "title": "VAT",
            "rate": rate / 10000,
            "price": money.text(tax),
            "price_set": money.both(tax),
            "channel_liable": False,
        }
        for tax, rate in parts
        if rate
    ]


def fulfillment_status(it: Order) -> str | None:
    if it.fulfilled:
        return "fulfilled"
    if it.cancelled_at:
        return "restocked"
    return "partial" if it.fulfillments else None


def parcel(it: Order, parcel: Fulfillment) -> Body:
    return {
        "id": parcel.id,
        "admin_graphql_api_id": gid("Fulfillment", parcel.id),
        "order_id": it.id,
        "status": "success",
        "created_at": time(parcel.at),
        "updated_at": time(parcel.at),
        "service": "manual",
        "shipment_status": None,
        "tracking_numbers": [],
        "line_items": [],
    }
