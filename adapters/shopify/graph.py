"""The GraphQL shape: objects as queries and bulk files give them, read into records.

Queries nest lines inside their order; bulk files list them behind it. Both come here as nodes. Everything of a
person may be withheld.
"""

from datetime import datetime
from typing import Annotated

import msgspec

from adapters.shopify import picture
from connector.money import NotMoney, parse
from connector.records import Customer, Order

Moment = Annotated[datetime, msgspec.Meta(tz=True)]

# Fully paid, whatever was given back later.
PAID = frozenset({"PAID", "PARTIALLY_REFUNDED", "REFUNDED"})
# A paid order that an edit made dearer is back here; what was asked for first is paid all the same.
PART_PAID = "PARTIALLY_PAID"
MONEY_IN = frozenset({"SALE", "CAPTURE"})


class Node(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The root of the shapes below: their names are camelCase outside. They hold no cycles, so nobody looks for some."""


class Ref(Node, frozen=True):
    id: str


class Amount(Node, frozen=True):
    amount: str


class Sum(Node, frozen=True):
    amount: str
    currency_code: str

    def minor(self) -> int | None:
        """Return it in minor units; None for one that is no amount of its currency."""
        try:
            return parse(self.amount, self.currency_code)
        except NotMoney:
            return None


class Bag(Node, frozen=True):
    shop_money: Amount


class TaxNode(Node, frozen=True):
    price_set: Bag


class AllocationNode(Node, frozen=True):
    allocated_amount_set: Bag


class LineNode(Node, frozen=True, tag_field="__typename", tag="LineItem"):
    """A line; in a bulk file `parent_id` says whose."""

    id: str
    title: str
    quantity: int
    current_quantity: int
    is_gift_card: bool
    original_total_set: Bag
    sku: str | None = None
    product: Ref | None = None
    discount_allocations: tuple[AllocationNode, ...] = ()
    tax_lines: tuple[TaxNode, ...] = ()
    parent_id: str | None = msgspec.field(name="__parentId", default=None)


class ShippingNode(Node, frozen=True, tag_field="__typename", tag="ShippingLine"):
    """A shipping line; in a bulk file `parent_id` says whose."""

    discounted_price_set: Bag
    tax_lines: tuple[TaxNode, ...] = ()
    parent_id: str | None = msgspec.field(name="__parentId", default=None)


class TransactionNode(Node, frozen=True):
    kind: str
    status: str
    amount_set: Bag
    processed_at: Moment | None = None


class FulfilmentNode(Node, frozen=True):
    status: str
    created_at: Moment


class PageInfo(Node, frozen=True):
    has_next_page: bool = False
    end_cursor: str | None = None


class Lines(Node, frozen=True):
    nodes: tuple[LineNode, ...]
    page_info: PageInfo


class Shippings(Node, frozen=True):
    nodes: tuple[ShippingNode, ...] = ()


class OrderNode(Node, frozen=True, tag_field="__typename", tag="Order"):
    """An order as the fragment OrderPicture or the bulk query asks for it; a bulk order has no lines inside."""

    id: str
    name: str
    currency_code: str
    taxes_included: bool
    test: bool
    processed_at: Moment
    updated_at: Moment
    original_total_price_set: Bag
    total_refunded_set: Bag
    total_refunded_shipping_set: Bag
    email: str | None = None
    cancelled_at: Moment | None = None
    display_financial_status: str | None = None
    display_fulfillment_status: str | None = None
    discount_codes: tuple[str, ...] = ()
    source_name: str | None = None
    customer: Ref | None = None
    original_total_duties_set: Bag | None = None
    original_total_additional_fees_set: Bag | None = None
    transactions: tuple[TransactionNode, ...] = ()
    fulfillments: tuple[FulfilmentNode, ...] = ()
    line_items: Lines | None = None
    shipping_lines: Shippings | None = None


class EmailNode(Node, frozen=True):
    email_address: str | None = None


class CustomerNode(Node, frozen=True):
    """A customer as the fragment CustomerPicture or the bulk query asks for them."""

    id: str
    created_at: Moment
    updated_at: Moment
    first_name: str | None = None
    last_name: str | None = None
    verified_email: bool = False
    tags: tuple[str, ...] = ()
    default_email_address: EmailNode | None = None


def order(node: OrderNode, lines: list[LineNode], shipping: list[ShippingNode]) -> Order:
    """Read an order with all its lines; raise NotMoney where an amount is none."""
    currency = node.currency_code
    placed_at = picture.utc(node.processed_at)
    return picture.order(
        picture.OrderPart(
            id=picture.number_of(node.id),
            number=node.name,
            currency=currency,
            taxes_included=node.taxes_included,
            placed_at=placed_at,
            changed_at=picture.utc(node.updated_at),
            lines=tuple(_line(line, currency) for line in lines),
            shipping=tuple(_shipping(it, currency) for it in shipping),
            extra=_of(node.original_total_duties_set, currency)
            + _of(node.original_total_additional_fees_set, currency),
            refunded=_of(node.total_refunded_set, currency),
            refunded_shipping=_of(node.total_refunded_shipping_set, currency),
            customer_id=None if node.customer is None else picture.number_of(node.customer.id),
            email=node.email or None,
            paid_at=_paid_at(node, placed_at),
            fulfilled_at=_fulfilled_at(node),
            cancelled_at=picture.utc_or_none(node.cancelled_at),
            codes=picture.codes(list(node.discount_codes)),
            test=node.test,
            channel=picture.channel(node.source_name),
        )
    )


def customer(node: CustomerNode) -> Customer:
    """Read a customer."""
    email = node.default_email_address.email_address if node.default_email_address else None
    return Customer(
        id=picture.number_of(node.id),
        created_at=picture.utc(node.created_at),
        changed_at=picture.utc(node.updated_at),
        email=email or None,
        email_verified=bool(email and node.verified_email),
        name=picture.name(node.first_name, node.last_name),
        marks=picture.marks(list(node.tags)),
    )


def _line(node: LineNode, currency: str) -> picture.LinePart:
    return picture.LinePart(
        id=picture.number_of(node.id),
        title=node.title,
        quantity=node.quantity,
        current_quantity=node.current_quantity,
        price=_of(node.original_total_set, currency),
        discount=sum(_of(it.allocated_amount_set, currency) for it in node.discount_allocations),
        tax=sum(_of(it.price_set, currency) for it in node.tax_lines),
        gift_card=node.is_gift_card,
        sku=node.sku,
        product_id=None if node.product is None else picture.number_of(node.product.id),
    )


def _shipping(node: ShippingNode, currency: str) -> picture.ShippingPart:
    return picture.ShippingPart(
        price=_of(node.discounted_price_set, currency),
        tax=sum(_of(it.price_set, currency) for it in node.tax_lines),
    )


def _paid_at(node: OrderNode, placed_at: datetime) -> datetime | None:
    if node.display_financial_status not in PAID | {PART_PAID}:
        return None
    currency = node.currency_code
    payments = [
        picture.Payment(picture.utc(it.processed_at or node.processed_at), _of(it.amount_set, currency))
        for it in node.transactions
        if it.kind in MONEY_IN and it.status == "SUCCESS"
    ]
    total = _of(node.original_total_price_set, currency)
    if node.display_financial_status == PART_PAID and sum(it.amount for it in payments) < max(1, total):
        return None
    return picture.paid_since(payments, total, placed_at)


def _fulfilled_at(node: OrderNode) -> datetime | None:
    if node.display_fulfillment_status != "FULFILLED":
        return None
    done = [it.created_at for it in node.fulfillments if it.status == "SUCCESS"]
    return picture.utc_or_none(max(done, default=None))


def _of(bag: Bag | None, currency: str) -> int:
    return 0 if bag is None else parse(bag.shop_money.amount, currency)
