"""Customers."""

from adapters.shopify.sandbox import metafields, paging
from adapters.shopify.sandbox.fields.ask import Answer, Ask, gid, personal
from adapters.shopify.sandbox.things import Customer, Order


def _orders(it: Customer, ask: Ask) -> list[Order]:
    found = (ask.shop.orders.get(number) for number in it.order_ids)
    return [order for order in found if order is not None]


def _page(it: Customer, ask: Ask, sortKey: str = "ID", query: str | None = None, **cut: object) -> object:
    return paging.listed(_orders(it, ask), paging.Cut(**cut))  # type: ignore[arg-type]


def _name(it: Customer) -> str:
    return f"{it.first_name} {it.last_name}".strip() or it.email or ""


def _spent(it: Customer, ask: Ask) -> int:
    return sum(order.received - order.refunded for order in _orders(it, ask))


FIELDS: dict[str, dict[str, Answer]] = {
    "Customer": {
        "id": lambda it, _: gid("Customer", it.id),
        "legacyResourceId": lambda it, _: str(it.id),
        "firstName": personal(lambda it, _: it.first_name),
        "lastName": personal(lambda it, _: it.last_name),
        "displayName": lambda it, ask: _name(it) if ask.shop.protected > 1 else "",
        "defaultEmailAddress": personal(lambda it, _: it if it.email else None),
        "defaultPhoneNumber": lambda *_: None,
        "verifiedEmail": lambda it, _: it.verified,
        "state": lambda *_: "DISABLED",
        "note": lambda *_: None,
        "numberOfOrders": lambda it, _: str(len(it.order_ids)),
        "amountSpent": _spent,
        "lastOrder": lambda it, ask: next(reversed(_orders(it, ask)), None),
        "orders": _page,
        "taxExempt": lambda *_: False,
        "canDelete": lambda it, _: not it.order_ids,
        "dataSaleOptOut": lambda *_: False,
        "lifetimeDuration": lambda *_: "",
        "multipassIdentifier": lambda *_: None,
        "productSubscriberStatus": lambda *_: "NEVER_SUBSCRIBED",
        "metafield": lambda it, _, key, namespace=None: it.metafields.get(metafields.place(namespace, key)),
    },
    "Metafield": {
        "id": lambda it, _: gid("Metafield", it.id),
        "compareDigest": lambda it, _: metafields.digest(it),
    },
    "MetafieldDefinition": {"id": lambda it, _: gid("MetafieldDefinition", it.id)},
    "CustomerEmailAddress": {
        "emailAddress": lambda it, _: it.email,
        "marketingState": lambda *_: "NOT_SUBSCRIBED",
        "marketingOptInLevel": lambda *_: None,
        "marketingUpdatedAt": lambda *_: None,
        "validFormat": lambda *_: True,
    },
    "CustomerPhoneNumber": {"phoneNumber": lambda *_: ""},
}
