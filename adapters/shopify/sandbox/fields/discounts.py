"""Discounts as they are read."""

from typing import NamedTuple

from adapters.shopify.sandbox import paging
from adapters.shopify.sandbox.fields.ask import Answer, Ask, Counted, gid
from adapters.shopify.sandbox.things import Discount


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
        case _:
            return "free shipping"


def _customers(it: Some, ask: Ask) -> list[object]:
    found = (ask.shop.customers.get(number) for number in it.customer_ids)
    return [customer for customer in found if customer is not None]


_SHARED: dict[str, Answer] = {
    "status": lambda it, ask: it.status(ask.shop.now()),
    "summary": lambda it, _: _summary(it),
    "shortSummary": lambda it, _: _summary(it),
    "asyncUsageCount": lambda it, _: it.used,
    "appliesOncePerCustomer": lambda it, _: it.once_per_customer,
    "recurringCycleLimit": lambda *_: None,
    "codes": lambda it, _, query=None, savedSearchId=None, sortKey=None, **cut: paging.listed(
        [it], paging.Cut(**cut)
    ),
    "codesCount": lambda *_: Counted(1),
    "combinesWith": lambda it, _: it,
    "context": lambda it, _: Everybody() if it.customer_ids is None else Some(tuple(it.customer_ids)),
    "discountClasses": lambda it, _: ["SHIPPING" if it.kind == "free_shipping" else "ORDER"],
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
    "DiscountCodeFreeShipping": {
        **_SHARED,
        "appliesOnOneTimePurchase": lambda *_: True,
        "appliesOnSubscription": lambda *_: False,
        "destinationSelection": lambda *_: Whole(),
        "maximumShippingPrice": lambda it, _: it.maximum_shipping,
    },
    "DiscountRedeemCode": {
        "id": lambda it, _: gid("DiscountRedeemCode", it.id + 7),
        "asyncUsageCount": lambda it, _: it.used,
    },
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
        "items": lambda *_: Whole(),
        "value": lambda it, _: Off(it.amount) if it.kind == "amount" else Share(it.percentage / 10000),
    },
    "DiscountAmount": {"amount": lambda it, _: it.amount, "appliesOnEachItem": lambda *_: False},
    "DiscountPercentage": {"percentage": lambda it, _: it.percentage},
    "AllDiscountItems": {"allItems": lambda *_: True},
    "DiscountCountryAll": {"allCountries": lambda *_: True},
    "DiscountMinimumQuantity": {"greaterThanOrEqualToQuantity": lambda it, _: str(it.quantity)},
    "DiscountMinimumSubtotal": {"greaterThanOrEqualToSubtotal": lambda it, _: it.subtotal},
}
