"""What is so in the shop, in words that know no platform: what tests compare the app with.

Amounts are decimal texts in the currency of the books, VAT included; times are ISO 8601 in UTC.
"""

from typing import Any

from adapters.magento.sandbox import promotions
from adapters.magento.sandbox.rows import Coupon, Customer, Line, Order, Stamp
from adapters.magento.sandbox.shop import Shop
from connector.money import plain


def order(row: Order) -> dict[str, Any]:
    refunded = row.refunded + row.credit_refunded
    cut = row.called_off and row.state != "canceled"
    fixed_taxes = sum(line.share(line.weee, line.refunded) for line in row.lines)
    return {
        "id": str(row.id),
        "number": row.number,
        "customer_id": None if row.customer_id is None else str(row.customer_id),
        "email": row.email,
        "currency": row.books,
        "placed_at": _iso(row.placed_at),
        "paid_at": _iso(row.paid_at),
        "fulfilled_at": _iso(row.shipped_at or (row.paid_at if row.virtual else None)),
        "cancelled_at": _iso(row.canceled_at),
        "changed_at": _iso(row.changed_at),
        "test": False,
        # What was cancelled while the rest went on was not bought.
        "total": plain(row.total_invoiced + row.credit_invoiced if cut else row.worth, row.books),
        "refunded": plain(refunded, row.books),
        "refunded_shipping": plain(min(refunded, row.shipping_refunded + fixed_taxes), row.books),
        "codes": [row.coupon.upper()] if row.coupon else [],
        "lines": [
            _line(line, row.books, line.invoiced if cut else line.quantity, 0 if cut else line.canceled)
            for line in row.counted
            if line.invoiced or not cut
        ],
    }


def _line(line: Line, books: str, bought: int, gone: int) -> dict[str, Any]:
    return {
        "id": str(line.id),
        "kind": "gift_card" if line.kind == "giftcard" else "goods",
        "quantity": bought,
        "current_quantity": bought - line.refunded - gone,
        "amount": plain(line.share(line.paid, bought), books),
        "tax": plain(line.share(line.tax, bought), books),
    }


def customer(shop: Shop, row: Customer) -> dict[str, Any]:
    """A customer; `tags` are the words in the attribute of our module, none where the shop has no such attribute."""
    words = dict(row.attributes).get("comeback_tags", "").split(",")
    return {
        "id": str(row.id),
        "email": row.email,
        "verified": not row.confirmation,
        "group": shop.groups.rows[row.group_id].code,
        "tags": sorted(word.strip() for word in words if word.strip()),
        "currency": _books(shop, row.website_id),
        "created_at": _iso(row.created_at),
    }


def _books(shop: Shop, website_id: int) -> str | None:
    """The currency of the books where somebody is at home; None where all websites keep the same."""
    several = len({site.currency for site in shop.places.websites}) > 1
    return shop.places.website(website_id).currency if several else None


def coupon(shop: Shop, row: Coupon) -> dict[str, Any]:
    """A code as its rule makes it; nothing ties it to a customer."""
    rule = shop.rules.rows[row.rule_id]
    free = rule.simple_free_shipping not in ("0", "")
    amount = rule.simple_action in ("cart_fixed", "by_fixed")
    now = shop.now()
    return {
        "code": row.code,
        "title": rule.name,
        "kind": "free_shipping" if free else "amount" if amount else "percentage",
        "value": "0.00" if free else f"{rule.discount_amount:.2f}",
        "customer_id": None,
        "starts_at": rule.from_date,
        "ends_at": rule.to_date,
        "used": row.used,
        "live": any(
            promotions.applies(shop, rule, group, now, site)
            for group in rule.customer_group_ids
            for site in shop.places.websites
        )
        and (not row.usage_limit or row.used < row.usage_limit),
    }


def _iso(at: Stamp | None) -> str | None:
    return at.replace(" ", "T") + "Z" if at else None
