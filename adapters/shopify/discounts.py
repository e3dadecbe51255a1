"""Discounts as Shopify states them, and the coupon each of them is."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec

from adapters.shopify import picture
from adapters.shopify.graph import Amount, Node, PageInfo, Ref
from connector.money import parse
from connector.records import EVERYTHING, Coupon, CouponKind, DiscountClass, Scope

# Shown to merchants in the list of discounts, and the sign by which we know our own again.
MARK = "Comeback: "
LIVE = frozenset({"ACTIVE", "SCHEDULED"})
HUNDREDTHS = 10_000  # Shopify counts 10 % as 0.1

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
# Shopify writes its 64-bit numbers as texts.
Units = int | str


class CodeNode(Node, frozen=True):
    code: str


class Codes(Node, frozen=True):
    nodes: tuple[CodeNode, ...] = ()


class ContextNode(Node, frozen=True):
    customers: tuple[Ref, ...] = ()
    segments: tuple[Ref, ...] = ()


class MinimumNode(Node, frozen=True):
    greater_than_or_equal_to_subtotal: Amount | None = None
    greater_than_or_equal_to_quantity: Units | None = None


class Refs(Node, frozen=True):
    nodes: tuple[Ref, ...] = ()


class ItemsNode(Node, frozen=True):
    """Products, collections, or neither: everything, or a list that was not asked for."""

    products: Refs = Refs()
    collections: Refs = Refs()

    def scope(self) -> Scope:
        found = (
            tuple(sorted(picture.number_of(one.id) for one in refs.nodes))
            for refs in (self.products, self.collections)
        )
        return Scope(*found)


class QuantityNode(Node, frozen=True):
    quantity: Units


class EffectNode(Node, frozen=True):
    percentage: Decimal | None = None


class ValueNode(Node, frozen=True):
    """One of an amount off, a share off, and a share off some units."""

    amount: Amount | None = None
    percentage: Decimal | None = None
    quantity: QuantityNode | None = None
    effect: EffectNode | None = None


class GetsNode(Node, frozen=True):
    value: ValueNode
    items: ItemsNode = ItemsNode()


class BuysValueNode(Node, frozen=True):
    amount: str | None = None
    quantity: Units | None = None


class BuysNode(Node, frozen=True):
    value: BuysValueNode
    items: ItemsNode = ItemsNode()


class CombinesNode(Node, frozen=True):
    order_discounts: bool = False
    product_discounts: bool = False
    shipping_discounts: bool = False

    def classes(self) -> tuple[DiscountClass, ...]:
        every: tuple[tuple[DiscountClass, bool], ...] = (
            ("order", self.order_discounts),
            ("product", self.product_discounts),
            ("shipping", self.shipping_discounts),
        )
        return tuple(name for name, combines in every if combines)


class DiscountNode(Node, frozen=True):
    """A discount of any type; those that are not ours have few of these fields."""

    typename: str = msgspec.field(name="__typename")
    title: str = ""
    status: str = ""
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    usage_limit: int | None = None
    applies_once_per_customer: bool = False
    async_usage_count: int = 0
    codes: Codes = Codes()
    context: ContextNode = ContextNode()
    combines_with: CombinesNode = CombinesNode()
    customer_gets: GetsNode | None = None
    customer_buys: BuysNode | None = None
    minimum_requirement: MinimumNode | None = None

    @property
    def ours(self) -> bool:
        return self.title.startswith(MARK)


class CodeDiscountNode(Node, frozen=True):
    id: str
    code_discount: DiscountNode


class ByCodeData(Node, frozen=True):
    code_discount_node_by_code: CodeDiscountNode | None


class ListedNode(Node, frozen=True):
    id: str
    discount: DiscountNode


class CouponPage(Node, frozen=True):
    nodes: tuple[ListedNode, ...]
    page_info: PageInfo


class CouponsData(Node, frozen=True):
    discount_nodes: CouponPage


class _Worth(msgspec.Struct, frozen=True):
    """What a discount gives, and from how large an order on."""

    kind: CouponKind
    value: int = 0
    minimum: int = 0
    minimum_quantity: int = 0
    scope: Scope = EVERYTHING
    buys: Scope = EVERYTHING
    gets: int = 0


def coupon(node: DiscountNode, currency: str) -> Coupon | None:
    """Read one of our codes; None where it is of a kind we never make. `currency`: the shop's own."""
    worth = _worth(node, currency)
    buyers, segments, codes = node.context.customers, node.context.segments, node.codes.nodes
    one_of_each = len(buyers) <= 1 and len(segments) <= 1 and len(codes) == 1
    if worth is None or not one_of_each or node.starts_at is None:
        return None
    return Coupon(
        code=codes[0].code,
        kind=worth.kind,
        value=worth.value,
        currency=currency,
        title=node.title.removeprefix(MARK),
        starts_at=picture.utc(node.starts_at),
        ends_at=picture.utc_or_none(node.ends_at),
        # Nobody's: its customer was joined with another one, and Shopify keeps the code.
        customer_id=picture.number_of(buyers[0].id) if buyers else "",
        segment_id=picture.number_of(segments[0].id) if segments else "",
        minimum=worth.minimum,
        minimum_quantity=worth.minimum_quantity,
        scope=worth.scope,
        buys=worth.buys,
        gets=worth.gets,
        combines=node.combines_with.classes(),
        usage_limit=node.usage_limit,
        once_per_customer=node.applies_once_per_customer,
        used=node.async_usage_count > 0,
    )


def _worth(node: DiscountNode, currency: str) -> _Worth | None:
    least = node.minimum_requirement or MinimumNode()
    subtotal = least.greater_than_or_equal_to_subtotal
    minimum = parse(subtotal.amount, currency) if subtotal else 0
    quantity = int(least.greater_than_or_equal_to_quantity or 0)
    if node.typename == "DiscountCodeFreeShipping":
        return _Worth("free_shipping", 0, minimum, quantity)
    gets = node.customer_gets
    if node.typename == "DiscountCodeBxgy" and gets is not None and node.customer_buys is not None:
        return _bought_and_got(node.customer_buys, gets, currency)
    if node.typename != "DiscountCodeBasic" or gets is None:
        return None
    scope = gets.items.scope()
    if gets.value.percentage is not None:
        return _Worth("percentage", _hundredths(gets.value.percentage), minimum, quantity, scope)
    if gets.value.amount is None:
        return None
    return _Worth("amount", parse(gets.value.amount.amount, currency), minimum, quantity, scope)


def _bought_and_got(buys: BuysNode, gets: GetsNode, currency: str) -> _Worth | None:
    effect, units = gets.value.effect, gets.value.quantity
    if effect is None or effect.percentage is None or units is None:
        return None
    return _Worth(
        "buy_x_get_y",
        _hundredths(effect.percentage),
        parse(buys.value.amount, currency) if buys.value.amount is not None else 0,
        int(buys.value.quantity or 0),
        gets.items.scope(),
        buys.items.scope(),
        int(units.quantity),
    )


def _hundredths(share: Decimal) -> int:
    return int((share * HUNDREDTHS).to_integral_value())
