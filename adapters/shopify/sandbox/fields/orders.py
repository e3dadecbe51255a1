"""Orders and their lines, shipping, taxes and discounts. A set of money is the amount itself."""

from typing import NamedTuple

from adapters.shopify.sandbox import paging, parts
from adapters.shopify.sandbox.fields.ask import Answer, Ask, Counted, gid, personal
from adapters.shopify.sandbox.fields.refunds import Given, Moved, Sent
from adapters.shopify.sandbox.state import CURRENCY
from adapters.shopify.sandbox.things import Application, Line, Order, tax_inside


class Tax(NamedTuple):
    """One kind of tax inside an amount; `rate` in hundredths of a per cent."""

    amount: int
    rate: int


class Percent(NamedTuple):
    """A discount's value that is a share."""

    percentage: float


class Place(NamedTuple):
    """A discount as the order carries it, with its place there."""

    index: int  # type: ignore[assignment]
    applied: Application


class Part(NamedTuple):
    """What one discount took off one line."""

    amount: int
    place: Place


class Row(NamedTuple):
    """A line together with its order."""

    order: Order
    line: Line


class Carriage(NamedTuple):
    """An order's one shipping line."""

    order: Order


def taxes(*parts: Tax) -> list[Tax]:
    """Leave out what is not taxed."""
    return [part for part in parts if part.rate]


def shipping_lines(it: Order) -> list[Carriage]:
    return [Carriage(it)] if it.shipping else []


def _discount(it: Order) -> int:
    return sum(line.original - line.amount for line in it.lines) + it.shipping_discount


def _current_tax(it: Order) -> int:
    left = tax_inside(it.shipping_due - it.refunded_shipping, it.shipping_tax_rate)
    return left + sum(tax_inside(line.current_amount, line.tax_rate) for line in it.lines)


def _current_total(it: Order) -> int:
    return sum(line.current_amount for line in it.lines) + it.shipping_due - it.refunded_shipping


def _delivery(it: Order) -> str:
    if it.fulfilled:
        return "FULFILLED"
    if it.cancelled_at:
        return "RESTOCKED"
    return "PARTIALLY_FULFILLED" if it.fulfillments else "UNFULFILLED"


def _places(it: Order) -> list[Place]:
    return [Place(at, applied) for at, applied in enumerate(it.applications)]


def _by_code(it: Order) -> int:
    codes = {place.index for place in _places(it) if place.applied.kind == "code"}
    return sum(part.amount for line in it.lines for part in line.allocations if part.application in codes)


def _customer(it: Order, ask: Ask) -> object:
    return None if it.customer_id is None else ask.shop.customers.get(it.customer_id)


def _sent_units(it: Order) -> int:
    return sum(parcel.quantity for parcel in it.fulfillments)


def _taken(row: Row) -> int:
    """Return what discounts of the line's own took off, codes left aside."""
    kinds = row.order.applications
    return sum(part.amount for part in row.line.allocations if kinds[part.application].kind != "code")


def _part(row: Row, application: int, amount: int) -> Part:
    return Part(amount, Place(application, row.order.applications[application]))


def _open_units(row: Row) -> int:
    return 0 if row.order.fulfilled or row.order.cancelled_at else row.line.current_quantity


def _line_with_codes(row: Row, _: Ask, withCodeDiscounts: bool = False) -> int:
    return row.line.amount if withCodeDiscounts else row.line.original - _taken(row)


def _value(place: Place) -> object:
    applied = place.applied
    return applied.amount if applied.percentage is None else Percent(applied.percentage / 100)


_ORDER: dict[str, Answer] = {
    "id": lambda it, _: gid("Order", it.id),
    "legacyResourceId": lambda it, _: str(it.id),
    "name": lambda it, _: f"#{it.number}",
    "number": lambda it, _: it.number,
    "phone": lambda *_: None,
    "email": personal(lambda it, _: it.email),
    "createdAt": lambda it, _: it.placed_at,
    "processedAt": lambda it, _: it.placed_at,
    "cancelReason": lambda it, _: "CUSTOMER" if it.cancelled_at else None,
    "closed": lambda *_: False,
    "closedAt": lambda *_: None,
    "confirmed": lambda *_: True,
    "confirmationNumber": lambda it, _: f"C{it.number}",
    "currencyCode": lambda *_: CURRENCY,
    "presentmentCurrencyCode": lambda it, _: it.presentment or CURRENCY,
    "customer": _customer,
    "customerLocale": lambda it, _: it.locale,
    "customerAcceptsMarketing": lambda *_: False,
    "tags": lambda *_: [],
    "note": lambda *_: None,
    "taxesIncluded": lambda *_: True,
    "taxExempt": lambda *_: False,
    "displayFinancialStatus": lambda it, _: parts.financial_status(it),
    "displayFulfillmentStatus": lambda it, _: _delivery(it),
    "returnStatus": lambda *_: "NO_RETURN",
    "fullyPaid": lambda it, _: it.received >= it.due,
    "unpaid": lambda it, _: it.due > 0 and not it.received,
    "refundable": lambda it, _: it.received > it.refunded,
    "restockable": lambda it, _: any(line.current_quantity for line in it.lines),
    "capturable": lambda *_: False,
    "estimatedTaxes": lambda *_: False,
    "dutiesIncluded": lambda *_: False,
    "merchantEditable": lambda it, _: it.cancelled_at is None,
    "fulfillable": lambda it, _: not it.cancelled_at and not it.fulfilled,
    "requiresShipping": lambda it, _: any(not line.gift_card for line in it.lines),
    "discountCode": lambda it, _: it.codes[0] if it.codes else None,
    "discountCodes": lambda it, _: it.codes,
    "cartDiscountAmountSet": lambda it, _: _by_code(it) or None,
    "currentCartDiscountAmountSet": lambda it, _: _by_code(it),
    "totalPriceSet": lambda it, _: it.total,
    "originalTotalPriceSet": lambda it, _: it.original_total,
    "subtotalPriceSet": lambda it, _: it.total - it.shipping_due,
    "currentTotalPriceSet": lambda it, _: _current_total(it),
    "currentSubtotalPriceSet": lambda it, _: sum(line.current_amount for line in it.lines),
    "currentTotalTaxSet": lambda it, _: _current_tax(it),
    "currentTotalDiscountsSet": lambda it, _: _discount(it),
    "currentShippingPriceSet": lambda it, _: it.shipping_due - it.refunded_shipping,
    "currentSubtotalLineItemsQuantity": lambda it, _: sum(line.current_quantity for line in it.lines),
    "subtotalLineItemsQuantity": lambda it, _: sum(line.quantity for line in it.lines),
    "totalShippingPriceSet": lambda it, _: it.shipping,
    "totalTaxSet": lambda it, _: it.tax,
    "totalDiscountsSet": lambda it, _: _discount(it),
    "totalRefundedSet": lambda it, _: it.refunded,
    "totalRefundedShippingSet": lambda it, _: it.refunded_shipping,
    "totalReceivedSet": lambda it, _: it.received,
    "totalOutstandingSet": lambda it, _: 0 if it.cancelled_at else max(0, it.due - it.received),
    "totalCapturableSet": lambda *_: 0,
    "totalTipReceivedSet": lambda *_: 0,
    "netPaymentSet": lambda it, _: it.received - it.refunded,
    "refundDiscrepancySet": lambda it, _: -sum(given.adjustment for given in it.refunds),
    "originalTotalDutiesSet": lambda *_: None,
    "originalTotalAdditionalFeesSet": lambda *_: None,
    "currentTotalDutiesSet": lambda *_: None,
    "currentTotalAdditionalFeesSet": lambda *_: None,
    "lineItems": lambda it, _, **cut: paging.listed([Row(it, line) for line in it.lines], paging.Cut(**cut)),
    "refunds": lambda it, _, first=None: [Given(it, given) for given in it.refunds[:first]],
    "transactions": lambda it, _, first=None, **__: [Moved(it, move) for move in it.transactions[:first]],
    "transactionsCount": lambda it, _: Counted(len(it.transactions)),
    "fulfillments": lambda it, _, first=None, **__: [Sent(it, one) for one in it.fulfillments[:first]],
    "fulfillmentsCount": lambda it, _: Counted(len(it.fulfillments)),
    "shippingLine": lambda it, _: Carriage(it) if it.shipping else None,
    "shippingLines": lambda it, _, includeRemovals=False, **cut: paging.listed(
        shipping_lines(it), paging.Cut(**cut)
    ),
    "taxLines": lambda it, _: taxes(Tax(it.tax, parts.line_rate(it))),
    "currentTaxLines": lambda it, _: taxes(Tax(_current_tax(it), parts.line_rate(it))),
    "discountApplications": lambda it, _, **cut: paging.listed(_places(it), paging.Cut(**cut)),
    "sourceName": lambda it, _: it.source,
    "paymentGatewayNames": lambda *_: ["bogus"],
    "poNumber": lambda *_: None,
}

_LINE: dict[str, Answer] = {
    "id": lambda row, _: gid("LineItem", row.line.id),
    "title": lambda row, _: row.line.title,
    "name": lambda row, _: row.line.title,
    "quantity": lambda row, _: row.line.quantity,
    "currentQuantity": lambda row, _: row.line.current_quantity,
    "refundableQuantity": lambda row, _: row.line.current_quantity,
    "nonFulfillableQuantity": lambda *_: 0,
    "unfulfilledQuantity": lambda row, _: _open_units(row),
    "sku": lambda row, _: row.line.sku,
    "product": lambda row, _: row if row.line.product_id is not None else None,
    "variant": lambda row, _: row if row.line.product_id is not None else None,
    "customAttributes": lambda *_: [],
    "duties": lambda *_: [],
    "lineItemGroup": lambda *_: None,
    "vendor": lambda *_: None,
    "variantTitle": lambda *_: None,
    "isGiftCard": lambda row, _: row.line.gift_card,
    "taxable": lambda row, _: row.line.tax_rate > 0,
    "requiresShipping": lambda row, _: not row.line.gift_card,
    "restockable": lambda row, _: row.line.current_quantity > 0,
    "merchantEditable": lambda row, _: row.order.cancelled_at is None,
    "originalUnitPriceSet": lambda row, _: row.line.unit_price,
    "originalTotalSet": lambda row, _: row.line.original,
    "discountedTotalSet": _line_with_codes,
    "discountedUnitPriceSet": lambda row, _: (row.line.original - _taken(row)) // row.line.quantity,
    "discountedUnitPriceAfterAllDiscountsSet": lambda row, _: row.line.amount // row.line.quantity,
    "totalDiscountSet": lambda row, _: _taken(row),
    "unfulfilledOriginalTotalSet": lambda row, _: row.line.unit_price * _open_units(row),
    "unfulfilledDiscountedTotalSet": lambda row, _: row.line.current_amount if _open_units(row) else 0,
    "discountAllocations": lambda row, _: [
        _part(row, part.application, part.amount) for part in row.line.allocations
    ],
    "taxLines": lambda row, _, first=None: taxes(Tax(row.line.tax, row.line.tax_rate))[:first],
}

_CARRIAGE: dict[str, Answer] = {
    "id": lambda it, _: gid("ShippingLine", it.order.id + 1_000_000_000_000),
    "title": lambda it, _: it.order.shipping_title,
    "code": lambda it, _: it.order.shipping_title,
    "source": lambda *_: "shopify",
    "originalPriceSet": lambda it, _: it.order.shipping,
    "discountedPriceSet": lambda it, _: it.order.shipping_due,
    "currentDiscountedPriceSet": lambda it, _: it.order.shipping_due - it.order.refunded_shipping,
    "discountAllocations": lambda it, _: [
        Part(it.order.shipping_discount, place)
        for place in _places(it.order)
        if place.applied.target == "SHIPPING_LINE"
    ],
    "taxLines": lambda it, _: taxes(
        Tax(tax_inside(it.order.shipping_due, it.order.shipping_tax_rate), it.order.shipping_tax_rate)
    ),
    "isRemoved": lambda *_: False,
    "custom": lambda *_: False,
    "carrierIdentifier": lambda *_: None,
    "deliveryCategory": lambda *_: None,
    "phone": lambda *_: None,
    "shippingRateHandle": lambda *_: None,
}

_APPLICATION: dict[str, Answer] = {
    "allocationMethod": lambda it, _: "ACROSS" if it.applied.kind == "code" else "EACH",
    "code": lambda it, _: it.applied.title,
    "description": lambda it, _: it.applied.title,
    "index": lambda it, _: it.index,
    "targetSelection": lambda it, _: "ALL" if it.applied.kind == "code" else "EXPLICIT",
    "targetType": lambda it, _: it.applied.target,
    "title": lambda it, _: it.applied.title,
    "value": lambda it, _: _value(it),
}

FIELDS: dict[str, dict[str, Answer]] = {
    "Order": _ORDER,
    "LineItem": _LINE,
    "ShippingLine": _CARRIAGE,
    "DiscountCodeApplication": _APPLICATION,
    "ManualDiscountApplication": _APPLICATION,
    "AutomaticDiscountApplication": _APPLICATION,
    "ScriptDiscountApplication": _APPLICATION,
    "PricingPercentageValue": {"percentage": lambda it, _: it.percentage},
    "DiscountAllocation": {
        "allocatedAmountSet": lambda it, _: it.amount,
        "discountApplication": lambda it, _: it.place,
    },
    "TaxLine": {
        "title": lambda *_: "VAT",
        "rate": lambda it, _: it.rate / 10000,
        "ratePercentage": lambda it, _: it.rate / 100,
        "priceSet": lambda it, _: it.amount,
        "channelLiable": lambda *_: False,
        "source": lambda *_: "shopify",
    },
}
