"""Magento's own words: the parts of its answers that we read, with Magento's names and types.

Amounts come as JSON numbers and are read as exact decimals, never as floats. A key without a value is left out by
Magento or sent as null, so almost everything may be absent; only what nothing can be said without is required.

Rows that come by the thousand hold no cycles (`gc=False`, as in connector.records).
"""

import typing
from decimal import Decimal
from functools import cache
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")

SPOILT = ""  # in place of what a row must say, where the row is not understood: no date and no currency is this short


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a search. `items` is null for an empty list when `fields` was sent."""

    items: list[T] | None = None
    total_count: int = 0

    @property
    def rows(self) -> list[T]:
        return self.items or []


class Line(msgspec.Struct, frozen=True, gc=False):
    """A line of an order. `base_row_total` is after discount and with tax, unlike the database column of that name."""

    item_id: int
    parent_item_id: int | None = None
    product_id: int | None = None
    product_type: str | None = None
    sku: str | None = None
    name: str | None = None
    is_virtual: int | None = None
    qty_ordered: Decimal | None = None
    qty_invoiced: Decimal | None = None
    qty_refunded: Decimal | None = None
    qty_canceled: Decimal | None = None
    qty_shipped: Decimal | None = None
    base_price: Decimal | None = None
    base_row_total: Decimal | None = None
    base_tax_amount: Decimal | None = None
    base_amount_refunded: Decimal | None = None
    base_discount_refunded: Decimal | None = None
    base_tax_refunded: Decimal | None = None
    base_discount_tax_compensation_refunded: Decimal | None = None

    @property
    def given_back(self) -> Decimal:
        """The money given back for the goods of this line, after discount and with tax."""
        told = self.base_amount_refunded, self.base_tax_refunded, self.base_discount_tax_compensation_refunded
        return sum((one for one in told if one), Decimal(0)) - (self.base_discount_refunded or 0)


class Credit(msgspec.Struct, frozen=True, gc=False):
    """What Adobe Commerce says of an order's store credit, gift cards and reward points; Open Source says nothing.

    They lower its totals like a payment made elsewhere: `base_grand_total` and `base_total_refunded` are without them.
    """

    base_customer_balance_amount: Decimal | None = None
    base_customer_balance_refunded: Decimal | None = None
    base_gift_cards_amount: Decimal | None = None
    base_gift_cards_refunded: Decimal | None = None
    base_reward_currency_amount: Decimal | None = None
    base_customer_balance_invoiced: Decimal | None = None
    base_gift_cards_invoiced: Decimal | None = None

    @property
    def spent(self) -> Decimal:
        told = (
            self.base_customer_balance_amount,
            self.base_gift_cards_amount,
            self.base_reward_currency_amount,
        )
        return sum((one for one in told if one), Decimal(0))

    @property
    def used(self) -> Decimal:
        """What was spent on the part that was invoiced; of reward points nothing is said, so all of them."""
        told = self.base_customer_balance_invoiced, self.base_gift_cards_invoiced
        if told == (None, None):
            return self.spent
        return sum((one for one in told if one), self.base_reward_currency_amount or Decimal(0))

    @property
    def given_back(self) -> Decimal:
        return (self.base_customer_balance_refunded or Decimal(0)) + (self.base_gift_cards_refunded or 0)


_NO_CREDIT = Credit()


class Order(msgspec.Struct, frozen=True, gc=False):
    """An order. `base_*` amounts are in the books' currency, whatever the shopper saw."""

    entity_id: int
    created_at: str
    base_currency_code: str
    updated_at: str | None = None
    increment_id: str | None = None
    state: str | None = None
    hold_before_state: str | None = None
    customer_id: int | None = None
    customer_is_guest: int | None = None
    customer_email: str | None = None
    coupon_code: str | None = None
    base_grand_total: Decimal | None = None
    base_total_paid: Decimal | None = None
    base_total_canceled: Decimal | None = None
    base_subtotal_canceled: Decimal | None = None
    base_total_refunded: Decimal | None = None
    base_shipping_refunded: Decimal | None = None
    base_shipping_tax_refunded: Decimal | None = None
    base_adjustment_positive: Decimal | None = None
    base_adjustment_negative: Decimal | None = None
    items: list[Line] | None = None
    # PHP writes an object without anything in it as an empty list.
    extension_attributes: Credit | list[object] | None = None

    @property
    def credit(self) -> Credit:
        told = self.extension_attributes
        return told if isinstance(told, Credit) else _NO_CREDIT


class Invoice(msgspec.Struct, frozen=True, gc=False):
    """An invoice. `state`: 1 open, 2 paid, 3 cancelled."""

    entity_id: int
    order_id: int
    created_at: str
    state: int | None = None
    base_grand_total: Decimal | None = None


class Shipment(msgspec.Struct, frozen=True, gc=False):
    """A parcel sent."""

    entity_id: int
    order_id: int
    created_at: str


class CreditMemo(msgspec.Struct, frozen=True, gc=False):
    """Money given back, wholly or in part, for one order. `state`: 1 open, 2 refunded, 3 cancelled."""

    entity_id: int
    order_id: int
    created_at: str
    updated_at: str | None = None
    state: int | None = None
    base_grand_total: Decimal | None = None
    base_shipping_amount: Decimal | None = None
    base_shipping_tax_amount: Decimal | None = None


class Customer(msgspec.Struct, frozen=True, gc=False):
    """A customer. `confirmation` holds the key of the confirmation mail until it is answered."""

    id: int
    created_at: str
    updated_at: str | None = None
    group_id: int | None = None
    email: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    store_id: int | None = None
    website_id: int | None = None
    confirmation: str | None = None


class GroupExtras(msgspec.Struct, frozen=True):
    """What hangs on a group only where there is any."""

    exclude_website_ids: list[int] | None = None


class Group(msgspec.Struct, frozen=True):
    """A customer group; its code is what people call it."""

    id: int
    code: str
    tax_class_id: int | None = None
    tax_class_name: str | None = None
    extension_attributes: GroupExtras | None = None

    @property
    def shut_out_of(self) -> list[int]:
        """The websites that the group's customers are shut out of (2.4.3 and later)."""
        return (self.extension_attributes.exclude_website_ids if self.extension_attributes else None) or []


class Website(msgspec.Struct, frozen=True):
    """A website of the installation; 0 is the admin's."""

    id: int
    code: str
    name: str


class StoreConfig(msgspec.Struct, frozen=True):
    """One store view: its language, time zone and the currency its books are kept in."""

    id: int
    website_id: int
    locale: str
    base_currency_code: str
    timezone: str
    base_url: str = ""
    secure_base_url: str = ""


class Condition(msgspec.Struct, frozen=True, omit_defaults=True):
    """A node of a rule's condition tree."""

    condition_type: str = ""
    aggregator_type: str | None = None
    operator: str | None = None
    attribute_name: str | None = None
    value: object = None  # true, "1" or "50", as it was written
    conditions: list["Condition"] | None = None


class Rule(msgspec.Struct, frozen=True):
    """A cart price rule; `to_date` is its last day, in the website's own time zone."""

    rule_id: int
    name: str | None = None
    website_ids: list[int] | None = None
    customer_group_ids: list[int] | None = None
    to_date: str | None = None
    is_active: bool = True
    simple_action: str | None = None
    discount_amount: Decimal | None = None
    simple_free_shipping: str | int | None = None
    condition: Condition | None = None
    action_condition: Condition | None = None
    discount_qty: Decimal | None = None
    discount_step: int | None = None
    coupon_type: str | None = None
    use_auto_generation: bool | None = None
    uses_per_coupon: int | None = None
    uses_per_customer: int | None = None


class Coupon(msgspec.Struct, frozen=True):
    """A code of a rule. Magento lets a coupon exist without a code."""

    coupon_id: int
    rule_id: int
    code: str | None = None
    times_used: int | None = None
    created_at: str | None = None


class Attribute(msgspec.Struct, frozen=True):
    """A custom attribute of customers that the shop knows: the admin's input, and the column it is kept in."""

    attribute_code: str
    frontend_label: str | None = None
    frontend_input: str | None = None
    backend_type: str | None = None
    user_defined: bool = False


class Value(msgspec.Struct, frozen=True):
    """What a customer carries in one custom attribute; a list where several of its options are chosen."""

    attribute_code: str
    value: object = None


class Tagged(Customer, frozen=True):
    """A customer with what stands in the custom attributes; these are asked for only where tags or cards are."""

    custom_attributes: list[Value] | None = None

    def said(self, code: str) -> str:
        """Return what stands in one attribute; empty where nothing does, or no text."""
        found = (one.value for one in self.custom_attributes or [] if one.attribute_code == code)
        value = next(found, None)
        return str(value) if isinstance(value, str | int) else ""


class Deleted(msgspec.Struct, frozen=True):
    """What came of deleting codes: those that failed."""

    failed_items: list[str] = []


@cache
def fields(kind: type[msgspec.Struct]) -> str:
    """Return the `fields` value that makes Magento send what the record reads, and no more of anybody's life."""
    return ",".join(_field(name, kind) for name, kind in typing.get_type_hints(kind).items())


def _field(name: str, kind: object) -> str:
    inner = _record(kind)
    # A tree (a rule's conditions) has no last level to name: the bare name asks for all of it.
    deep = inner is not None and inner not in map(_record, typing.get_type_hints(inner).values())
    return f"{name}[{fields(inner)}]" if inner is not None and deep else name


def _record(kind: object) -> type[msgspec.Struct] | None:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    return next((found for part in typing.get_args(kind) if (found := _record(part))), None)
