"""The schema that is served, and how values of its scalars and its abstract types are told apart."""

from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any

from graphql import GraphQLError, GraphQLScalarType, GraphQLSchema, build_schema

from adapters.shopify.sandbox.fields.discounts import (
    Collections,
    Everybody,
    Least,
    Off,
    OnQuantity,
    Products,
    Segments,
    Share,
    Some,
    Units,
    Whole,
    Worth,
)
from adapters.shopify.sandbox.fields.orders import Percent, Place
from adapters.shopify.sandbox.search import moment
from adapters.shopify.sandbox.state import Shop
from adapters.shopify.sandbox.things import (
    Bulk,
    Credit,
    CreditAccount,
    Customer,
    Definition,
    Discount,
    GiftCard,
    ManyCodes,
    Metafield,
    Order,
    Subscription,
)

_FILES = (
    "shop",
    "orders",
    "refunds",
    "shipping",
    "customers",
    "metafields",
    "discounts",
    "gifts",
    "platform",
    "enums",
)


@cache
def schema() -> GraphQLSchema:
    """Return the served schema, without resolvers."""
    folder = resources.files(__package__) / "schema"
    built = build_schema("\n".join((folder / f"{name}.graphql").read_text("utf-8") for name in _FILES))
    for name, kind in built.type_map.items():
        if isinstance(kind, GraphQLScalarType) and name in _SCALARS:
            kind.coerce_output_value, kind.coerce_input_value = _SCALARS[name]
    return built


def iso(at: datetime) -> str:
    """Write a UTC moment as the platform does in answers."""
    return at.isoformat()[:19] + "Z"


def kind_of(it: object, abstract: str) -> str:
    """Return the concrete type's name of a value where the schema only promises an abstract one."""
    match it:
        case Discount(kind=kind):
            if abstract == "Node":
                return "DiscountCodeNode"
            return _CODES.get(kind, "DiscountCodeBasic")
        case Place(applied=applied):
            return "DiscountCodeApplication" if applied.kind == "code" else "ManualDiscountApplication"
        case Least(subtotal=subtotal):
            return "DiscountMinimumSubtotal" if subtotal else "DiscountMinimumQuantity"
        case Whole():
            return "AllDiscountItems" if abstract == "DiscountItems" else "DiscountCountryAll"
        case _:
            return _KINDS[type(it)]


_CODES = {"free_shipping": "DiscountCodeFreeShipping", "buy_x_get_y": "DiscountCodeBxgy"}
_KINDS: dict[type, str] = {
    Order: "Order",
    Customer: "Customer",
    Subscription: "WebhookSubscription",
    Metafield: "Metafield",
    Definition: "MetafieldDefinition",
    Bulk: "BulkOperation",
    ManyCodes: "DiscountRedeemCodeBulkCreation",
    GiftCard: "GiftCard",
    CreditAccount: "StoreCreditAccount",
    Credit: "StoreCreditAccountCreditTransaction",
    Shop: "Shop",
    Everybody: "DiscountBuyerSelectionAll",
    Some: "DiscountCustomers",
    Segments: "DiscountCustomerSegments",
    Products: "DiscountProducts",
    Collections: "DiscountCollections",
    Units: "DiscountQuantity",
    Worth: "DiscountPurchaseAmount",
    OnQuantity: "DiscountOnQuantity",
    Off: "DiscountAmount",
    Share: "DiscountPercentage",
    Percent: "PricingPercentageValue",
    int: "MoneyV2",
}


def _same(value: Any) -> Any:
    return value


def _read_time(value: Any) -> datetime:
    at = moment(value) if isinstance(value, str) else None
    if at is None:
        raise GraphQLError("a time is written as in ISO 8601")
    return at


def _read_day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise GraphQLError("a day is written as in ISO 8601") from error


def _read_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise GraphQLError("this is no such value")
    return str(value)


_SCALARS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "DateTime": (iso, _read_time),
    "Date": (date.isoformat, _read_day),
    "Decimal": (_same, _read_text),
    "UnsignedInt64": (_same, _read_text),
    "URL": (_same, _read_text),
}
