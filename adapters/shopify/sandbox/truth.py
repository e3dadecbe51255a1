"""The shop's own truth in neutral words, for tests that must not learn it from the API under test."""

from datetime import datetime

from adapters.shopify.sandbox.money import text
from adapters.shopify.sandbox.state import CURRENCY, ZONE, Shop
from adapters.shopify.sandbox.things import Credit, CreditAccount, Customer, Discount, GiftCard, Order

Truth = dict[str, object]


def order(it: Order) -> Truth:
    return {
        "id": str(it.id),
        "number": f"#{it.number}",
        "customer_id": None if it.customer_id is None else str(it.customer_id),
        "email": it.email,
        "currency": CURRENCY,
        "placed_at": _iso(it.placed_at),
        "paid_at": _iso(it.paid_at),
        "fulfilled_at": _iso(it.fulfilled_at),
        "cancelled_at": _iso(it.cancelled_at),
        "changed_at": _iso(it.updated_at),
        "test": it.test,
        "total": text(it.total),
        "refunded": text(it.refunded),
        "refunded_shipping": text(it.refunded_shipping),
        "codes": it.codes,
        "lines": [
            {
                "id": str(line.id),
                "kind": "gift_card" if line.gift_card else "goods",
                "quantity": line.quantity,
                "current_quantity": line.current_quantity,
                "amount": text(line.amount),
                "tax": text(line.tax),
            }
            for line in it.lines
        ],
    }


def customer(it: Customer) -> Truth:
    return {
        "id": str(it.id),
        "email": it.email,
        "verified": it.verified,
        "tags": it.tags,
        "metafields": {one.key: one.value for one in it.metafields.values()},
        "created_at": _iso(it.created_at),
        "changed_at": _iso(it.updated_at),
    }


def coupon(it: Discount, now: datetime, code: str) -> Truth:
    value = text(it.amount) if it.kind == "amount" else f"{it.percentage / 100:.2f}"
    return {
        "code": code,
        "title": it.title,
        "kind": it.kind,
        "value": "0.00" if it.kind == "free_shipping" else value,
        "minimum": text(it.minimum),
        "minimum_quantity": it.minimum_quantity,
        "products": [str(number) for number in it.products],
        "collections": [str(number) for number in it.collections],
        "got": it.got,
        "combines": [
            name
            for name, combines in zip(("order", "product", "shipping"), it.combines_with, strict=True)
            if combines
        ],
        "customer_id": str(it.customer_ids[0]) if it.customer_ids else None,
        "starts_at": _iso(it.starts_at),
        "ends_at": _iso(it.ends_at),
        "used": it.used,
        "live": it.status(now) == "ACTIVE" and (it.usage_limit is None or it.used < it.usage_limit),
    }


def gift_card(it: GiftCard) -> Truth:
    return {
        "id": str(it.id),
        "kind": "gift_card",
        "code": it.code,
        "value": text(it.value),
        "customer_id": None if it.customer_id is None else str(it.customer_id),
        "ends": None if it.expires_on is None else it.expires_on.isoformat(),
        "note": it.note,
        "given_at": _iso(it.created_at),
    }


def credit(it: Credit, account: CreditAccount) -> Truth:
    return {
        "id": str(it.id),
        "kind": "store_credit",
        "value": text(it.amount),
        "currency": account.currency,
        "customer_id": str(account.customer_id),
        "ends": _iso(it.expires_at),
        "given_at": _iso(it.created_at),
    }


def shop(it: Shop) -> Truth:
    """The body of app/uninstalled."""
    name = it.domain.partition(".")[0].replace("-", " ").title()
    return {
        "id": it.id,
        "name": name,
        "email": f"owner@{it.domain}",
        "domain": it.domain,
        "myshopify_domain": it.domain,
        "currency": CURRENCY,
        "iana_timezone": ZONE,
        "primary_locale": "en",
        "plan_name": "basic",
        "shop_owner": "Robin Merchant",
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
