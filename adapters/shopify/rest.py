"""The webhook shape: bodies written like Shopify's old REST resources, read into records.

Numeric ids may have lost digits on their way through a JavaScript reader, so `admin_graphql_api_id` is preferred
wherever it stands. Everything of a person may be withheld.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypeVar

import msgspec

from adapters.shopify import picture
from connector.money import NotMoney, parse
from connector.port import BadMessage, CustomerChanged, CustomerTouched, OrderChanged, OrderTouched, place
from connector.records import Customer

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
T = TypeVar("T")
_UNIT = re.compile(r"-?\d{1,12}(?:\.\d{1,6})?")

# Fully paid, whatever was given back later.
PAID = frozenset({"paid", "partially_refunded", "refunded"})
# Never paid in full, or paid and made dearer by an edit; the body does not say which.
PART_PAID = "partially_paid"


class Amount(msgspec.Struct, frozen=True):
    amount: str


class AmountSet(msgspec.Struct, frozen=True):
    shop_money: Amount


class TaxBody(msgspec.Struct, frozen=True):
    price_set: AmountSet


class AllocationBody(msgspec.Struct, frozen=True):
    amount_set: AmountSet


class LineBody(msgspec.Struct, frozen=True):
    id: int
    quantity: int
    price_set: AmountSet
    title: str = ""
    admin_graphql_api_id: str | None = None
    current_quantity: int | None = None
    gift_card: bool | None = None
    sku: str | None = None
    product_id: int | None = None
    product_exists: bool = True
    discount_allocations: tuple[AllocationBody, ...] = ()
    tax_lines: tuple[TaxBody, ...] = ()


class ShippingBody(msgspec.Struct, frozen=True):
    price_set: AmountSet
    discounted_price_set: AmountSet | None = None
    tax_lines: tuple[TaxBody, ...] = ()
    is_removed: bool = False


class TransactionBody(msgspec.Struct, frozen=True):
    kind: str
    status: str
    amount: str
    currency: str | None = None


class RefundedShippingBody(msgspec.Struct, frozen=True):
    subtotal_amount_set: AmountSet


class RefundBody(msgspec.Struct, frozen=True):
    transactions: tuple[TransactionBody, ...] = ()
    refund_shipping_lines: tuple[RefundedShippingBody, ...] = ()


class FulfilmentBody(msgspec.Struct, frozen=True):
    created_at: Moment
    status: str | None = None


class CodeBody(msgspec.Struct, frozen=True):
    code: str = ""


class BuyerBody(msgspec.Struct, frozen=True):
    id: int | None = None
    admin_graphql_api_id: str | None = None


class OrderBody(msgspec.Struct, frozen=True):
    """The fields of an order's webhook that a record needs; the rest is skipped."""

    id: int
    currency: str
    name: str = ""
    admin_graphql_api_id: str | None = None
    taxes_included: bool = False
    test: bool | None = None
    email: str | None = None
    processed_at: Moment | None = None
    updated_at: Moment | None = None
    cancelled_at: Moment | None = None
    financial_status: str | None = None
    fulfillment_status: str | None = None
    source_name: str | None = None
    customer: BuyerBody | None = None
    original_total_duties_set: AmountSet | None = None
    original_total_additional_fees_set: AmountSet | None = None
    discount_codes: tuple[CodeBody, ...] = ()
    line_items: tuple[LineBody, ...] = ()
    shipping_lines: tuple[ShippingBody, ...] = ()
    refunds: tuple[RefundBody, ...] = ()
    fulfillments: tuple[FulfilmentBody, ...] = ()


class CustomerBody(msgspec.Struct, frozen=True):
    """The fields of a customer's webhook that a record needs."""

    id: int
    admin_graphql_api_id: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    email: str | None = None
    verified_email: bool | None = None
    first_name: str | None = None
    last_name: str | None = None
    tags: str | None = None


def take(value: object, kind: type[T]) -> T:
    """Read a parsed body as one of the shapes above; raise BadMessage with the place, not the content."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise BadMessage(f"the body is not as expected: {place(error)}") from error


def order(value: object, *, just_made: bool) -> OrderChanged | OrderTouched:
    """Read an order. `just_made`: the message tells of its making, so a paid one was paid at that moment.

    OrderTouched where the body cannot say enough: no times, or refunds counted in the customer's own currency.
    """
    body = take(value, OrderBody)
    order_id = _id(body.admin_graphql_api_id, body.id)
    if body.processed_at is None or body.updated_at is None or _refunded_abroad(body):
        return OrderTouched(order_id)
    status = (body.financial_status or "").lower()
    paid, part_paid = status in PAID, status == PART_PAID
    try:
        part = _order_part(body, order_id, body.processed_at, body.updated_at, paid and just_made)
    except NotMoney as error:
        raise BadMessage(f"order {order_id} states an amount that is none in {body.currency}") from error
    return OrderChanged(picture.order(part), lacks_paid_at=(paid or part_paid) and not just_made)


def customer(value: object) -> CustomerChanged | CustomerTouched:
    """Read a customer. Newer versions of the API leave the tags out; then `lacks_marks` says so."""
    body = take(value, CustomerBody)
    customer_id = _id(body.admin_graphql_api_id, body.id)
    if body.created_at is None or body.updated_at is None:
        return CustomerTouched(customer_id)
    return CustomerChanged(
        Customer(
            id=customer_id,
            created_at=picture.utc(body.created_at),
            changed_at=picture.utc(body.updated_at),
            email=body.email or None,
            email_verified=bool(body.email and body.verified_email),
            name=picture.name(body.first_name, body.last_name),
            marks=picture.marks((body.tags or "").split(",")),
        ),
        lacks_marks=body.tags is None,
    )


def _order_part(
    body: OrderBody, order_id: str, placed_at: datetime, changed_at: datetime, paid_at_once: bool
) -> picture.OrderPart:
    return picture.OrderPart(
        id=order_id,
        number=body.name,
        currency=body.currency,
        taxes_included=body.taxes_included,
        placed_at=picture.utc(placed_at),
        changed_at=picture.utc(changed_at),
        lines=tuple(_line(line, body.currency) for line in body.line_items),
        shipping=tuple(_shipping(it, body.currency) for it in body.shipping_lines if not it.is_removed),
        extra=_of(body.original_total_duties_set, body.currency)
        + _of(body.original_total_additional_fees_set, body.currency),
        refunded=_refunded(body),
        refunded_shipping=_refunded_shipping(body),
        customer_id=_buyer(body.customer),
        email=body.email or None,
        paid_at=picture.utc(placed_at) if paid_at_once else None,
        fulfilled_at=_fulfilled_at(body),
        cancelled_at=picture.utc_or_none(body.cancelled_at),
        codes=picture.codes([it.code for it in body.discount_codes]),
        test=bool(body.test),
        channel=picture.channel(body.source_name),
    )


def _line(body: LineBody, currency: str) -> picture.LinePart:
    unit = body.price_set.shop_money.amount
    return picture.LinePart(
        id=_id(body.admin_graphql_api_id, body.id),
        title=body.title,
        quantity=body.quantity,
        current_quantity=body.quantity if body.current_quantity is None else body.current_quantity,
        price=_times(unit, body.quantity, currency),
        discount=sum(_of(it.amount_set, currency) for it in body.discount_allocations),
        tax=sum(_of(it.price_set, currency) for it in body.tax_lines),
        gift_card=bool(body.gift_card),
        sku=body.sku,
        # A product that is gone keeps its number here and has none in the other shape.
        product_id=str(body.product_id) if body.product_id is not None and body.product_exists else None,
    )


def _times(unit: str, quantity: int, currency: str) -> int:
    """Multiply before rounding is asked about: a unit price may hold more decimals than the currency has."""
    if _UNIT.fullmatch(unit) is None:
        raise NotMoney("a unit price is no amount")
    return parse(format(Decimal(unit) * quantity, "f"), currency)


def _shipping(body: ShippingBody, currency: str) -> picture.ShippingPart:
    return picture.ShippingPart(
        price=_of(body.discounted_price_set or body.price_set, currency),
        tax=sum(_of(it.price_set, currency) for it in body.tax_lines),
    )


def _refunds(body: OrderBody) -> list[TransactionBody]:
    return [
        it
        for refund in body.refunds
        for it in refund.transactions
        if it.kind.lower() == "refund" and it.status.lower() == "success"
    ]


def _refunded(body: OrderBody) -> int:
    return sum(parse(it.amount, body.currency) for it in _refunds(body))


def _refunded_abroad(body: OrderBody) -> bool:
    # Transactions are stated in the currency the customer paid in; adding those up would mix currencies.
    return any(it.currency not in {None, "", body.currency} for it in _refunds(body))


def _refunded_shipping(body: OrderBody) -> int:
    lines = [line for refund in body.refunds for line in refund.refund_shipping_lines]
    return sum(_of(line.subtotal_amount_set, body.currency) for line in lines)


def _fulfilled_at(body: OrderBody) -> datetime | None:
    if (body.fulfillment_status or "").lower() != "fulfilled":
        return None
    done = [it.created_at for it in body.fulfillments if (it.status or "").lower() == "success"]
    return picture.utc_or_none(max(done, default=None))


def _buyer(buyer: BuyerBody | None) -> str | None:
    if buyer is None or (buyer.id is None and buyer.admin_graphql_api_id is None):
        return None
    return _id(buyer.admin_graphql_api_id, buyer.id)


def _id(gid: str | None, number: int | None) -> str:
    return picture.number_of(gid) if gid else str(number)


def _of(found: AmountSet | None, currency: str) -> int:
    return 0 if found is None else parse(found.shop_money.amount, currency)
