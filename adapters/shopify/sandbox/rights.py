"""Which right a thing, a count or a webhook topic asks for, as the platform's own table of scopes has it."""

from collections.abc import Sequence

from adapters.shopify.sandbox.state import Shop

THINGS = {
    "Order": "read_orders",
    "OrderConnection": "read_orders",
    "Customer": "read_customers",
    "CustomerConnection": "read_customers",
    "Product": "read_products",
    "ProductVariant": "read_products",
    "Collection": "read_products",
    "Segment": "read_customers",
    "DiscountCodeNode": "read_discounts",
    "DiscountNode": "read_discounts",
    "DiscountNodeConnection": "read_discounts",
    "GiftCard": "read_gift_cards",
    "GiftCardConnection": "read_gift_cards",
    "StoreCreditAccount": "read_store_credit_accounts",
    "StoreCreditAccountConnection": "read_store_credit_accounts",
    "StoreCreditAccountTransaction": "read_store_credit_account_transactions",
    "StoreCreditAccountTransactionConnection": "read_store_credit_account_transactions",
    "StoreCreditAccountCreditTransaction": "read_store_credit_account_transactions",
}
CHANGES = {
    "giftCardCreate": "write_gift_cards",
    "storeCreditAccountCredit": "write_store_credit_account_transactions",
}
ROOTS = {"ordersCount": "read_orders", "customersCount": "read_customers"}
_ORDERS = ("CREATE", "PAID", "UPDATED", "EDITED", "CANCELLED", "FULFILLED", "DELETE")
TOPICS = {
    **{f"ORDERS_{what}": "read_orders" for what in _ORDERS},
    "REFUNDS_CREATE": "read_orders",
    **{f"CUSTOMERS_{what}": "read_customers" for what in ("CREATE", "UPDATE", "DELETE")},
    "CUSTOMERS_MERGE": "read_customer_merge",
}


def of_field(kind: str, field: str, named: str) -> str | None:
    """Return the right that a field of a type asks for, by the type it returns; None where it asks for none."""
    if kind == "Mutation":
        return "write_discounts" if field.startswith("discount") else CHANGES.get(field)
    if kind.endswith(("Edge", "Connection", "Payload")):
        return None
    if kind == "QueryRoot" and field in ROOTS:
        return ROOTS[field]
    return THINGS.get(named)


def changed(shop: Shop, grant: Sequence[str], withhold: Sequence[str]) -> None:
    """Let the merchant grant rights or take them back, in the tokens that are out as in those to come, and tell the app."""

    def after(scopes: str) -> str:
        kept = [one for one in scopes.split(",") if one and one not in withhold]
        return ",".join(dict.fromkeys([*kept, *grant]))

    before, shop.app_scopes = shop.app_scopes, after(shop.app_scopes)
    for access in shop.desk.access.values():
        access.scopes = after(access.scopes)
    for refresh in shop.desk.refresh.values():
        refresh.scopes = after(refresh.scopes)
    now = shop.now().isoformat()
    body: dict[str, object] = {
        "id": shop.id,
        "previous": before.split(","),
        "current": shop.app_scopes.split(","),
        "updated_at": now,
    }
    shop.tell("APP_SCOPES_UPDATE", lambda: body)
