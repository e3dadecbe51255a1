"""Discounts as they are read."""

from typing import Any, NamedTuple

from adapters.shopify.sandbox import catalogue, paging
from adapters.shopify.sandbox.fields import many_codes
from adapters.shopify.sandbox.fields.ask import Answer, Ask, Counted, gid
from adapters.shopify.sandbox.money import text
from adapters.shopify.sandbox.things import Discount, Good


class Everybody(NamedTuple):
    """A discount that anybody may use."""


class Some(NamedTuple):
    """A discount for these customers only."""

    customer_ids: tuple[int, ...]


class Least(NamedTuple):
    """A smallest order, by its money or else by its number of items."""

    subtotal: int
    quantity: int


class Whole(NamedTuple):
    """All items; all countries."""


class Segments(NamedTuple):
    """A discount for these segments only."""

    ids: tuple[int, ...]


class Products(NamedTuple):
    """Items named one by one."""

    ids: tuple[int, ...]


class Collections(NamedTuple):
    """Items named by their collections."""

    ids: tuple[int, ...]


class Sold(NamedTuple):
    """A product as it is read: with what a line of an order says of it."""

    line: Good


class Bought(NamedTuple):
    """What must be bought; what comes of it."""

    discount: Discount


class Units(NamedTuple):
    """A number of units."""

    quantity: str


class Worth(NamedTuple):
    """A sum of money that must be bought for."""

    amount: int


class OnQuantity(NamedTuple):
    """A share off some units."""

    units: int
    percentage: float


class Off(NamedTuple):
    """A fixed amount off."""

    amount: int


class Share(NamedTuple):
    """A share off, 0 to 1."""

    percentage: float


def _least(it: Discount) -> Least | None:
    return Least(it.minimum, it.minimum_quantity) if it.minimum or it.minimum_quantity else None


def _summary(it: Discount) -> str:
    match it.kind:
        case "percentage":
            return f"{it.percentage / 100:g} per cent off"
        case "amount":
            return "an amount off"
        case "buy_x_get_y":
            return "buy some, get some"
        case _:
            return "free shipping"


def _customers(it: Some, ask: Ask) -> list[object]:
    found = (ask.shop.customers.get(number) for number in it.customer_ids)
    return [customer for customer in found if customer is not None]


def _items(products: tuple[int, ...], collections: tuple[int, ...]) -> Whole | Products | Collections:
    if products:
        return Products(products)
    return Collections(collections) if collections else Whole()


def _context(it: Discount) -> Everybody | Some | Segments:
    if it.segment_ids:
        return Segments(tuple(it.segment_ids))
    return Everybody() if it.customer_ids is None else Some(tuple(it.customer_ids))


def _value(it: Discount) -> Off | Share | OnQuantity:
    if it.kind == "buy_x_get_y":
        return OnQuantity(it.got, it.percentage / 10000)
    return Off(it.amount) if it.kind == "amount" else Share(it.percentage / 10000)


def _products(it: Products, ask: Ask, **cut: Any) -> object:
    found = (catalogue.product(ask.shop, number) for number in it.ids)
    return paging.listed([Sold(one) for one in found if one is not None], paging.Cut(**cut))


def _collections(it: Collections, ask: Ask, **cut: Any) -> object:
    known = ask.shop.catalogue.collections
    return paging.listed([known[number] for number in it.ids if number in known], paging.Cut(**cut))


_SHARED: dict[str, Answer] = {
    "status": lambda it, ask: it.status(ask.shop.now()),
    "summary": lambda it, _: _summary(it),
    "shortSummary": lambda it, _: _summary(it),
    "asyncUsageCount": lambda it, _: it.used,
    "appliesOncePerCustomer": lambda it, _: it.once_per_customer,
    "recurringCycleLimit": lambda *_: None,
    "codes": many_codes.of_discount,
    "codesCount": lambda it, _: Counted(len(it.codes)),
    "combinesWith": lambda it, _: it,
    "context": lambda it, _: _context(it),
    "discountClasses": lambda it, _: [it.discount_class],
    "hasTimelineComment": lambda *_: False,
    "minimumRequirement": lambda it, _: _least(it),
    "totalSales": lambda *_: None,
}

FIELDS: dict[str, dict[str, Answer]] = {
    "DiscountNode": {
        "id": lambda it, _: gid("DiscountCodeNode", it.id),
        "discount": lambda it, _: it,
    },
    "DiscountCodeNode": {
        "id": lambda it, _: gid("DiscountCodeNode", it.id),
        "codeDiscount": lambda it, _: it,
    },
    "DiscountCodeBasic": {**_SHARED, "customerGets": lambda it, _: it},
    "DiscountCodeBxgy": {
        **_SHARED,
        "customerGets": lambda it, _: it,
        "customerBuys": lambda it, _: Bought(it),
        "usesPerOrderLimit": lambda it, _: it.uses_per_order,
    },
    "DiscountCodeFreeShipping": {
        **_SHARED,
        "appliesOnOneTimePurchase": lambda *_: True,
        "appliesOnSubscription": lambda *_: False,
        "destinationSelection": lambda *_: Whole(),
        "maximumShippingPrice": lambda it, _: it.maximum_shipping,
    },
    **many_codes.FIELDS,
    "DiscountCombinesWith": {
        "orderDiscounts": lambda it, _: it.combines_with[0],
        "productDiscounts": lambda it, _: it.combines_with[1],
        "shippingDiscounts": lambda it, _: it.combines_with[2],
    },
    "DiscountBuyerSelectionAll": {"all": lambda *_: "ALL"},
    "DiscountCustomers": {"customers": _customers},
    "DiscountCustomerGets": {
        "appliesOnOneTimePurchase": lambda *_: True,
        "appliesOnSubscription": lambda *_: False,
        "items": lambda it, _: _items(it.products, it.collections),
        "value": lambda it, _: _value(it),
    },
    "DiscountCustomerBuys": {
        "isOneTimePurchase": lambda *_: True,
        "isSubscription": lambda *_: False,
        "items": lambda it, _: _items(it.discount.bought_products, it.discount.bought_collections),
        "value": lambda it, _: (
            Worth(it.discount.minimum) if it.discount.minimum else Units(str(it.discount.minimum_quantity))
        ),
    },
    "DiscountPurchaseAmount": {"amount": lambda it, _: text(it.amount)},
    "DiscountOnQuantity": {
        "quantity": lambda it, _: Units(str(it.units)),
        "effect": lambda it, _: Share(it.percentage),
    },
    "DiscountCustomerSegments": {
        "segments": lambda it, ask: [
            ask.shop.catalogue.segments[number] for number in it.ids if number in ask.shop.catalogue.segments
        ]
    },
    "Segment": {"id": lambda it, _: gid("Segment", it.id)},
    "DiscountProducts": {"products": _products},
    "DiscountCollections": {"collections": _collections},
    "Collection": {"id": lambda it, _: gid("Collection", it.id)},
    "DiscountAmount": {"amount": lambda it, _: it.amount, "appliesOnEachItem": lambda *_: False},
    "DiscountPercentage": {"percentage": lambda it, _: it.percentage},
    "AllDiscountItems": {"allItems": lambda *_: True},
    "DiscountCountryAll": {"allCountries": lambda *_: True},
    "DiscountMinimumQuantity": {"greaterThanOrEqualToQuantity": lambda it, _: str(it.quantity)},
    "DiscountMinimumSubtotal": {"greaterThanOrEqualToSubtotal": lambda it, _: it.subtotal},
}
