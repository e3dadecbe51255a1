"""What was given back, paid and sent, each together with its order."""

from typing import NamedTuple

from adapters.shopify.sandbox import paging
from adapters.shopify.sandbox.fields.ask import Answer, gid
from adapters.shopify.sandbox.things import Fulfillment, Order, Refund, RefundLine, Transaction


class Given(NamedTuple):
    order: Order
    refund: Refund


class Moved(NamedTuple):
    order: Order
    move: Transaction


class Sent(NamedTuple):
    order: Order
    parcel: Fulfillment


class Back(NamedTuple):
    order: Order
    back: RefundLine


class Adjusted(NamedTuple):
    id: int
    amount: int


class Freight(NamedTuple):
    order: Order
    refund: Refund


def _freight(it: Given) -> list[Freight]:
    return [Freight(it.order, it.refund)] if it.refund.shipping else []


def _adjustments(it: Given) -> list[Adjusted]:
    return [Adjusted(it.refund.id * 10 + 1, -it.refund.adjustment)] if it.refund.adjustment else []


def _line(it: Back) -> object:
    from adapters.shopify.sandbox.fields.orders import Row

    return Row(it.order, it.order.line(it.back.line_id))


def _carriage(it: Freight) -> object:
    from adapters.shopify.sandbox.fields.orders import Carriage

    return Carriage(it.order)


def _parent(it: Moved) -> Moved | None:
    return next((Moved(it.order, one) for one in it.order.transactions if one.id == it.move.parent_id), None)


FIELDS: dict[str, dict[str, Answer]] = {
    "Refund": {
        "id": lambda it, _: gid("Refund", it.refund.id),
        "legacyResourceId": lambda it, _: str(it.refund.id),
        "createdAt": lambda it, _: it.refund.at,
        "processedAt": lambda it, _: it.refund.at,
        "updatedAt": lambda it, _: it.refund.at,
        "note": lambda it, _: it.refund.note,
        "order": lambda it, _: it.order,
        "refundLineItems": lambda it, _, **cut: paging.listed(
            [Back(it.order, back) for back in it.refund.lines], paging.Cut(**cut)
        ),
        "refundShippingLines": lambda it, _, **cut: paging.listed(_freight(it), paging.Cut(**cut)),
        "orderAdjustments": lambda it, _, **cut: paging.listed(_adjustments(it), paging.Cut(**cut)),
        "transactions": lambda it, _, **cut: paging.listed(
            [Moved(it.order, move) for move in it.refund.transactions], paging.Cut(**cut)
        ),
        "totalRefundedSet": lambda it, _: sum(move.amount for move in it.refund.transactions),
    },
    "RefundLineItem": {
        "id": lambda it, _: gid("RefundLineItem", it.back.id),
        "lineItem": lambda it, _: _line(it),
        "quantity": lambda it, _: it.back.quantity,
        "restockType": lambda it, _: it.back.restock,
        "restocked": lambda it, _: it.back.restock != "NO_RESTOCK",
        "subtotalSet": lambda it, _: it.back.amount,
        "totalTaxSet": lambda it, _: it.back.tax,
        "priceSet": lambda it, _: it.back.amount // it.back.quantity,
    },
    "RefundShippingLine": {
        "id": lambda it, _: gid("RefundShippingLine", it.refund.id * 10 + 5),
        "shippingLine": lambda it, _: _carriage(it),
        "subtotalAmountSet": lambda it, _: it.refund.shipping,
        "taxAmountSet": lambda *_: 0,
    },
    "OrderAdjustment": {
        "id": lambda it, _: gid("OrderAdjustment", it.id),
        "amountSet": lambda it, _: it.amount,
        "taxAmountSet": lambda *_: 0,
        "reason": lambda *_: "REFUND_DISCREPANCY",
    },
    "OrderTransaction": {
        "id": lambda it, _: gid("OrderTransaction", it.move.id),
        "kind": lambda it, _: it.move.kind,
        "status": lambda *_: "SUCCESS",
        "amountSet": lambda it, _: it.move.amount,
        "createdAt": lambda it, _: it.move.at,
        "processedAt": lambda it, _: it.move.at,
        "gateway": lambda *_: "bogus",
        "formattedGateway": lambda *_: "Bogus",
        "test": lambda it, _: it.order.test,
        "order": lambda it, _: it.order,
        "parentTransaction": lambda it, _: _parent(it),
        "manualPaymentGateway": lambda *_: False,
        "totalUnsettledSet": lambda *_: 0,
    },
    "Fulfillment": {
        "id": lambda it, _: gid("Fulfillment", it.parcel.id),
        "legacyResourceId": lambda it, _: str(it.parcel.id),
        "name": lambda it, _: f"#{it.order.number}.{it.order.fulfillments.index(it.parcel) + 1}",
        "status": lambda *_: "SUCCESS",
        "displayStatus": lambda *_: "FULFILLED",
        "createdAt": lambda it, _: it.parcel.at,
        "updatedAt": lambda it, _: it.parcel.at,
        "totalQuantity": lambda it, _: it.parcel.quantity,
        "requiresShipping": lambda *_: True,
        "order": lambda it, _: it.order,
    },
}
