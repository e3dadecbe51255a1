"""Webhook bodies in the platform's REST shape: snake_case, amounts as texts, times with the shop's own offset."""

from datetime import datetime
from typing import cast

from adapters.shopify.sandbox import abroad, money, parts
from adapters.shopify.sandbox.parts import Body
from adapters.shopify.sandbox.state import CURRENCY, Shop
from adapters.shopify.sandbox.things import (
    Bulk,
    Customer,
    Discount,
    Order,
    Refund,
)
from connector.money import plain


def order(shop: Shop, it: Order) -> Body:
    """The body of every topic that tells of an order as it stands."""
    buyer = shop.customers.get(it.customer_id) if it.customer_id is not None else None
    goods = sum(line.original for line in it.lines)
    discount = sum(line.original - line.amount for line in it.lines) + it.shipping_discount
    body: Body = {
        "id": it.id,
        "admin_graphql_api_id": parts.gid("Order", it.id),
        "app_id": 580111,
        "name": f"#{it.number}",
        "number": it.number - 1000,
        "order_number": it.number,
        "confirmed": True,
        "confirmation_number": f"C{it.number}",
        "currency": CURRENCY,
        "presentment_currency": it.presentment or CURRENCY,
        "email": it.email or "",
        "contact_email": it.email,
        "phone": None,
        "created_at": parts.time(it.placed_at),
        "processed_at": parts.time(it.placed_at),
        "updated_at": parts.time(it.updated_at),
        "cancelled_at": parts.time(it.cancelled_at),
        "cancel_reason": "customer" if it.cancelled_at else None,
        "closed_at": None,
        "financial_status": parts.financial_status(it).lower(),
        "fulfillment_status": parts.fulfillment_status(it),
        "customer_locale": it.locale,
        "tags": "",
        "note": None,
        "note_attributes": [],
        "source_name": it.source,
        "payment_gateway_names": ["bogus"],
        "payment_terms": None,
        "test": it.test,
        "tax_exempt": False,
        "taxes_included": True,
        "duties_included": False,
        "estimated_taxes": False,
        "buyer_accepts_marketing": False,
        **parts.sums(it, goods, discount),
        "original_total_duties_set": None,
        "original_total_additional_fees_set": None,
        "discount_codes": [parts.code(it, place, used) for place, used in parts.codes(it)],
        "discount_applications": [parts.application(used) for used in it.applications],
        "tax_lines": parts.taxes([(it.tax, parts.line_rate(it))]),
        "line_items": [parts.line(part, it.fulfilled) for part in it.lines],
        "shipping_lines": parts.shipping_lines(it),
        "fulfillments": [parts.parcel(it, parcel) for parcel in it.fulfillments],
        "refunds": [refund(shop, it, given) for given in it.refunds],
        "returns": [],
        "line_item_groups": [],
        "billing_address": None,
        "shipping_address": None,
        **({"customer": customer(buyer)} if buyer else {}),
    }
    return cast(Body, abroad.paid_in(it, body))


def refund(shop: Shop, it: Order, given: Refund) -> Body:
    """The body of refunds/create, which an order's own body repeats."""
    body: Body = {
        "id": given.id,
        "admin_graphql_api_id": parts.gid("Refund", given.id),
        "order_id": it.id,
        "created_at": parts.time(given.at),
        "processed_at": parts.time(given.at),
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
            for part in parts.shipping_lines(it)
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
                "line_item": parts.line(it.line(back.line_id)),
            }
            for back in given.lines
        ],
        "transactions": [
            {
                "id": move.id,
                "admin_graphql_api_id": parts.gid("OrderTransaction", move.id),
                "order_id": it.id,
                "kind": move.kind.lower(),
                "status": "success",
                "gateway": "bogus",
                # Of transactions only the customer's currency is told.
                "amount": plain(*abroad.converted(move.amount, it)),
                "currency": it.presentment or CURRENCY,
                "created_at": parts.time(move.at),
                "processed_at": parts.time(move.at),
                "parent_id": move.parent_id,
                "test": it.test,
            }
            for move in given.transactions
        ],
    }
    return cast(Body, abroad.paid_in(it, body))


def edit(shop: Shop, it: Order, edit_id: int, before: dict[int, int], at: datetime) -> Body:
    """The body of orders/edited: what was added and removed, without any amount."""
    deltas = {part.id: part.current_quantity - before.get(part.id, 0) for part in it.lines}
    return {
        "order_edit": {
            "id": edit_id,
            "app_id": None,
            "created_at": parts.time(at),
            "committed_at": parts.time(at),
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
        "admin_graphql_api_id": parts.gid("Customer", it.id),
        "created_at": parts.time(it.created_at),
        "updated_at": parts.time(it.updated_at),
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
        "admin_graphql_api_id": parts.gid("DiscountCodeNode", it.id),
        "title": it.title,
        "status": it.status(now),
        "created_at": parts.time(it.created_at),
        "updated_at": parts.time(it.updated_at),
    }


def bulk(it: Bulk) -> Body:
    """The body of bulk_operations/finish."""
    return {
        "admin_graphql_api_id": parts.gid("BulkOperation", it.id),
        "completed_at": parts.time(it.completed_at),
        "created_at": parts.time(it.created_at),
        "error_code": it.error_code.lower() if it.error_code else None,
        "status": it.status.lower(),
        "type": "query",
    }
