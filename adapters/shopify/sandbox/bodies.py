"""Webhook bodies in the platform's REST shape: snake_case, amounts as texts, times with the shop's own offset."""

import zlib
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from adapters.shopify.sandbox import money
from adapters.shopify.sandbox.state import CURRENCY, ZONE, Shop
from adapters.shopify.sandbox.things import (
    Application,
    Bulk,
    Customer,
    Discount,
    Fulfillment,
    Line,
    Order,
    Refund,
    tax_inside,
)

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


def order(shop: Shop, it: Order) -> Body:
    """The body of every topic that tells of an order as it stands."""
    buyer = shop.customers.get(it.customer_id) if it.customer_id is not None else None
    goods = sum(line.original for line in it.lines)
    discount = sum(line.original - line.amount for line in it.lines) + it.shipping_discount
    return {
        "id": it.id,
        "admin_graphql_api_id": gid("Order", it.id),
        "app_id": 580111,
        "name": f"#{it.number}",
        "number": it.number - 1000,
        "order_number": it.number,
        "confirmed": True,
        "currency": CURRENCY,
        "presentment_currency": CURRENCY,
        "email": it.email or "",
        "contact_email": it.email,
        "phone": None,
        "created_at": time(it.placed_at),
        "processed_at": time(it.placed_at),
        "updated_at": time(it.updated_at),
        "cancelled_at": time(it.cancelled_at),
        "cancel_reason": "customer" if it.cancelled_at else None,
        "closed_at": None,
        "financial_status": financial_status(it).lower(),
        "fulfillment_status": _fulfillment_status(it),
        "customer_locale": it.locale,
        "tags": "",
        "note": None,
        "note_attributes": [],
        "source_name": "web",
        "payment_gateway_names": ["bogus"],
        "payment_terms": None,
        "test": it.test,
        "tax_exempt": False,
        "taxes_included": True,
        "duties_included": False,
        "estimated_taxes": False,
        "buyer_accepts_marketing": False,
        **_sums(it, goods, discount),
        "original_total_duties_set": None,
        "original_total_additional_fees_set": None,
        "discount_codes": [_code(it, place, used) for place, used in _codes(it)],
        "discount_applications": [_application(used) for used in it.applications],
        "tax_lines": _taxes([(it.tax, line_rate(it))]),
        "line_items": [line(part) for part in it.lines],
        "shipping_lines": _shipping_lines(it),
        "fulfillments": [_parcel(it, parcel) for parcel in it.fulfillments],
        "refunds": [refund(shop, it, given) for given in it.refunds],
        "returns": [],
        "line_item_groups": [],
        "billing_address": None,
        "shipping_address": None,
        **({"customer": customer(buyer)} if buyer else {}),
    }


def refund(shop: Shop, it: Order, given: Refund) -> Body:
    """The body of refunds/create, which an order's own body repeats."""
    return {
        "id": given.id,
        "admin_graphql_api_id": gid("Refund", given.id),
        "order_id": it.id,
        "created_at": time(given.at),
        "processed_at": time(given.at),
        "note": given.note,
        "user_id": None,
        "restock": False,
        "return": None,
        "duties": [],
        "total_duties_set": money.both(0),
        "order_adjustments": [
            {
                "id": given.id * 10 + place,
                "order_id": it.id,
                "refund_id": given.id,
                "kind": kind,
                "reason": reason,
                "amount": money.text(-amount),
                "amount_set": money.both(-amount),
                "tax_amount": "0.00",
                "tax_amount_set": money.both(0),
            }
            for place, (kind, reason, amount) in enumerate(
                [
                    ("shipping_refund", "Shipping refund", given.shipping),
                    ("refund_discrepancy", "Refund discrepancy", given.adjustment),
                ]
            )
            if amount
        ],
        "refund_shipping_lines": [
            {
                "id": given.id * 10 + 5,
                "shipping_line": part,
                "subtotal_amount_set": money.both(given.shipping),
            }
            for part in _shipping_lines(it)
            if given.shipping
        ],
        "refund_line_items": [
            {
                "id": back.id,
                "line_item_id": back.line_id,
                "quantity": back.quantity,
                "location_id": None,
                "restock_type": back.restock.lower(),
                "subtotal": float(money.text(back.amount)),
                "subtotal_set": money.both(back.amount),
                "total_tax": float(money.text(back.tax)),
                "total_tax_set": money.both(back.tax),
                "line_item": line(it.line(back.line_id)),
            }
            for back in given.lines
        ],
        "transactions": [
            {
                "id": move.id,
                "admin_graphql_api_id": gid("OrderTransaction", move.id),
                "order_id": it.id,
                "kind": move.kind.lower(),
                "status": "success",
                "gateway": "bogus",
                "amount": money.text(move.amount),
                "currency": CURRENCY,
                "created_at": time(move.at),
                "processed_at": time(move.at),
                "parent_id": move.parent_id,
                "test": it.test,
            }
            for move in given.transactions
        ],
    }


def edit(shop: Shop, it: Order, edit_id: int, before: dict[int, int], at: datetime) -> Body:
    """The body of orders/edited: what was added and removed, without any amount."""
    deltas = {part.id: part.current_quantity - before.get(part.id, 0) for part in it.lines}
    return {
        "order_edit": {
            "id": edit_id,
            "app_id": None,
            "created_at": time(at),
            "committed_at": time(at),
            "notify_customer": False,
            "order_id": it.id,
            "staff_note": "",
            "user_id": None,
            "line_items": {
                "additions": [{"id": key, "delta": delta} for key, delta in deltas.items() if delta > 0],
                "removals": [{"id": key, "delta": -delta} for key, delta in deltas.items() if delta < 0],
            },
            "discounts": {"line_item": {"additions": [], "removals": []}},
            "shipping_lines": {"additions": [], "removals": []},
        }
    }


def customer(it: Customer) -> Body:
    """The body of customers/create and customers/update; the platform leaves the tags out of it."""
    return {
        "id": it.id,
        "admin_graphql_api_id": gid("Customer", it.id),
        "created_at": time(it.created_at),
        "updated_at": time(it.updated_at),
        "first_name": it.first_name,
        "last_name": it.last_name,
        "email": it.email,
        "phone": None,
        "state": "disabled",
        "verified_email": it.verified,
        "note": None,
        "multipass_identifier": None,
        "tax_exempt": False,
        "tax_exemptions": [],
        "currency": CURRENCY,
        "addresses": [],
    }


def discount(it: Discount, now: datetime) -> Body:
    """The body of the three topics on discounts."""
    return {
        "admin_graphql_api_id": gid("DiscountCodeNode", it.id),
        "title": it.title,
        "status": it.status(now),
        "created_at": time(it.created_at),
        "updated_at": time(it.updated_at),
    }


def bulk(it: Bulk) -> Body:
    """The body of bulk_operations/finish."""
    return {
        "admin_graphql_api_id": gid("BulkOperation", it.id),
        "completed_at": time(it.completed_at),
        "created_at": time(it.created_at),
        "error_code": it.error_code.lower() if it.error_code else None,
        "status": it.status.lower(),
        "type": "query",
    }


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


def line(it: Line) -> Body:
    """One line of an order's body."""
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
        "fulfillable_quantity": it.current_quantity,
        "fulfillment_service": "manual",
        "fulfillment_status": None,
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
        "tax_lines": _taxes([(it.tax, it.tax_rate)]),
        "duties": [],
    }


def _sums(it: Order, goods: int, discount: int) -> Body:
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


def _codes(it: Order) -> list[tuple[int, Application]]:
    return [(place, used) for place, used in enumerate(it.applications) if used.kind == "code"]


def _code(it: Order, place: int, used: Application) -> Body:
    amount = sum(part.amount for row in it.lines for part in row.allocations if part.application == place)
    if used.target == "SHIPPING_LINE":
        return {"code": used.title, "amount": money.text(it.shipping_discount), "type": "shipping"}
    kind = "fixed_amount" if used.percentage is None else "percentage"
    return {"code": used.title, "amount": money.text(amount), "type": kind}


def _application(used: Application) -> Body:
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


def _shipping_lines(it: Order) -> list[Body]:
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
            "tax_lines": _taxes([(tax_inside(it.shipping_due, it.shipping_tax_rate), it.shipping_tax_rate)]),
        }
    ]


def _taxes(parts: list[tuple[int, int]]) -> list[Body]:
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


def _fulfillment_status(it: Order) -> str | None:
    if it.fulfilled:
        return "fulfilled"
    if it.cancelled_at:
        return "restocked"
    return "partial" if it.fulfillments else None


def _parcel(it: Order, parcel: Fulfillment) -> Body:
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
