"""What a sandbox shop consists of: customers, orders, discounts, subscriptions. Plain state without rules.

Amounts are integer minor units of the shop's currency, VAT included. Times are aware datetimes in UTC.
"""

from datetime import date, datetime
from typing import Literal

import msgspec

from connector.money import portion


class Customer(msgspec.Struct):
    """A customer of the shop. `order_ids` in the order in which they were placed."""

    id: int
    email: str | None
    first_name: str
    last_name: str
    verified: bool
    created_at: datetime
    updated_at: datetime
    locale: str = "en"
    tags: list[str] = []
    order_ids: list[int] = []
    metafields: "dict[str, Metafield]" = {}  # by namespace and key


class Metafield(msgspec.Struct):
    """A value that an app keeps on a customer."""

    id: int
    namespace: str
    key: str
    type: str
    value: str


class Definition(msgspec.Struct):
    """What a metafield of customers is, and who may read it."""

    id: int
    namespace: str
    key: str
    name: str
    type: str
    owner_type: str = "CUSTOMER"


class Application(msgspec.Struct):
    """One discount as an order carries it. `percentage` in hundredths of a per cent, else `amount` in minor units."""

    kind: str  # "code" or "manual"
    title: str  # the code, or what the merchant called it
    target: str  # "LINE_ITEM" or "SHIPPING_LINE"
    percentage: int | None = None
    amount: int = 0


class Allocation(msgspec.Struct):
    """The part of an order's discount (by its place in the order) that one line bears."""

    application: int
    amount: int


class Line(msgspec.Struct):
    """One line of an order. `removed` is money of units edited away before they were paid back."""

    id: int
    title: str
    sku: str | None
    quantity: int
    current_quantity: int
    unit_price: int
    gift_card: bool = False
    tax_rate: int = 2000  # hundredths of a per cent
    product_id: int | None = None
    allocations: list[Allocation] = []
    removed: int = 0
    refunded: int = 0

    @property
    def original(self) -> int:
        """The whole ordered quantity before discounts."""
        return self.unit_price * self.quantity

    @property
    def amount(self) -> int:
        """The whole ordered quantity after every discount."""
        return self.original - sum(part.amount for part in self.allocations)

    @property
    def tax(self) -> int:
        """The VAT inside `amount`."""
        return tax_inside(self.amount, self.tax_rate)

    @property
    def current_amount(self) -> int:
        """What is left of `amount` for the units that were neither refunded nor edited away."""
        return self.amount - self.removed - self.refunded

    def worth(self, quantity: int) -> int:
        """Return what taking `quantity` further units back is worth; all units together are worth `amount`."""
        gone = self.quantity - self.current_quantity + quantity
        return max(0, portion(self.amount, gone, self.quantity) - self.removed - self.refunded)


class RefundLine(msgspec.Struct):
    """Units of one line taken back, with the money for them."""

    id: int
    line_id: int
    quantity: int
    amount: int
    tax: int
    restock: str = "RETURN"  # or CANCEL, NO_RESTOCK


class Transaction(msgspec.Struct):
    """Money that moved: SALE, REFUND or VOID. `amount` is never negative."""

    id: int
    kind: str
    amount: int
    at: datetime
    parent_id: int | None = None


class Refund(msgspec.Struct):
    """One act of giving back. `adjustment` is money for no line and no shipping: a typed amount."""

    id: int
    at: datetime
    lines: list[RefundLine] = []
    shipping: int = 0
    adjustment: int = 0
    transactions: list[Transaction] = []
    note: str | None = None


class Fulfillment(msgspec.Struct):
    """A parcel with everything that was left to send."""

    id: int
    at: datetime
    quantity: int


class Order(msgspec.Struct):
    """One order with all that happened to it. `original_total` is what it was when placed."""

    id: int
    number: int
    customer_id: int | None
    email: str | None
    placed_at: datetime
    updated_at: datetime
    lines: list[Line]
    original_total: int = 0
    shipping: int = 0
    shipping_title: str = "Standard"
    shipping_discount: int = 0
    shipping_tax_rate: int = 2000
    applications: list[Application] = []
    transactions: list[Transaction] = []
    refunds: list[Refund] = []
    fulfillments: list[Fulfillment] = []
    cancelled_at: datetime | None = None
    locale: str = "en"
    test: bool = False
    edited: bool = False
    presentment: str = ""  # the currency the customer paid in; empty: the shop's own
    rate: int = 10_000  # so much of it for 10,000 of the shop's
    source: str = "web"  # or pos, shopify_draft_order, an app's number

    @property
    def total(self) -> int:
        """Everything ordered so far, after discounts, with shipping; edits that add raise it."""
        return sum(line.amount for line in self.lines) + self.shipping_due

    @property
    def shipping_due(self) -> int:
        return self.shipping - self.shipping_discount

    @property
    def due(self) -> int:
        """What is to be paid for: the total less what was edited away."""
        return self.total - sum(line.removed for line in self.lines)

    @property
    def received(self) -> int:
        return sum(move.amount for move in self.transactions if move.kind == "SALE")

    @property
    def refunded(self) -> int:
        return sum(move.amount for move in self.transactions if move.kind == "REFUND")

    @property
    def refunded_shipping(self) -> int:
        return sum(refund.shipping for refund in self.refunds)

    @property
    def tax(self) -> int:
        """The VAT inside `total`."""
        return sum(line.tax for line in self.lines) + tax_inside(self.shipping_due, self.shipping_tax_rate)

    @property
    def codes(self) -> list[str]:
        return [applied.title for applied in self.applications if applied.kind == "code"]

    @property
    def paid_at(self) -> datetime | None:
        """Since when it is paid: what was asked for first was covered then, whatever an edit asks for besides."""
        sales = sorted((move.at, move.amount) for move in self.transactions if move.kind == "SALE")
        covered = 0
        for at, amount in sales:
            covered += amount
            if covered >= self.original_total:
                return at
        if self.received < self.due:
            return None
        return sales[-1][0] if sales else self.placed_at

    @property
    def fulfilled_at(self) -> datetime | None:
        return self.fulfillments[-1].at if self.fulfilled else None

    @property
    def fulfilled(self) -> bool:
        """True when nothing is left to send."""
        sent = sum(parcel.quantity for parcel in self.fulfillments)
        return sent > 0 and sent >= sum(line.current_quantity for line in self.lines)

    def line(self, line_id: int) -> Line:
        """Return the line with this id; raise StopIteration where the order has none."""
        return next(line for line in self.lines if line.id == line_id)


class CodeWish(msgspec.Struct, frozen=True):
    """One of many codes that are to be made; `wrong`: why it was not."""

    code: str
    wrong: str | None = None
    made: bool = False


class ManyCodes(msgspec.Struct):
    """Codes that are being made for a discount, or were."""

    id: int
    discount_id: int
    created_at: datetime
    codes: list[CodeWish]
    done: bool = False


class Discount(msgspec.Struct):
    """A discount with its codes, most have one. `minimum` minor units; `percentage` hundredths of a per cent."""

    id: int
    code: str
    title: str
    kind: str  # "amount", "percentage", "free_shipping" or "buy_x_get_y"
    starts_at: datetime
    ends_at: datetime | None
    created_at: datetime
    updated_at: datetime
    amount: int = 0
    percentage: int = 0
    minimum: int = 0
    minimum_quantity: int = 0
    customer_ids: list[int] | None = None  # None: everybody
    usage_limit: int | None = None
    once_per_customer: bool = False
    combines_with: tuple[bool, bool, bool] = (False, False, False)  # order, product, shipping discounts
    used: int = 0
    used_by: list[int] = []
    tags: list[str] = []
    maximum_shipping: int | None = None
    products: tuple[
        int, ...
    ] = ()  # what it is about, or what comes free; neither these nor collections: everything
    collections: tuple[int, ...] = ()
    bought_products: tuple[int, ...] = ()  # what must be bought: `minimum` or `minimum_quantity` of it
    bought_collections: tuple[int, ...] = ()
    got: int = 0  # units that come at `percentage` off
    uses_per_order: int | None = None
    segment_ids: list[int] = []
    more_codes: list[str] = []  # beside `code`; what limits or ends one of them does so for all

    @property
    def codes(self) -> list[str]:
        """Return all its codes, the first one first."""
        return [self.code, *self.more_codes]

    @property
    def discount_class(self) -> str:
        """Return what it takes something off: ORDER, PRODUCT or SHIPPING."""
        if self.kind == "free_shipping":
            return "SHIPPING"
        about_some = self.kind == "buy_x_get_y" or self.products or self.collections
        return "PRODUCT" if about_some else "ORDER"

    def status(self, now: datetime) -> str:
        """Return SCHEDULED, ACTIVE or EXPIRED, derived from its dates."""
        if self.starts_at > now:
            return "SCHEDULED"
        return "EXPIRED" if self.ends_at is not None and self.ends_at <= now else "ACTIVE"


class Good(msgspec.Struct):
    """A product of the catalogue."""

    product_id: int
    title: str
    sku: str
    gift_card: bool = False


class Collection(msgspec.Struct):
    """Products that the merchant put together."""

    id: int
    title: str
    product_ids: list[int]


class Segment(msgspec.Struct):
    """Customers that the merchant put together; here by their numbers, there by a query."""

    id: int
    name: str
    customer_ids: list[int]


class Catalogue(msgspec.Struct):
    """What discounts can be about, by number; and what metafields are."""

    products: dict[int, Good] = {}
    collections: dict[int, Collection] = {}
    segments: dict[int, Segment] = {}
    definitions: dict[str, Definition] = {}  # by namespace and key


class GiftCard(msgspec.Struct):
    """A gift card. `code` in lower case, as the platform keeps it; it is never shown whole again."""

    id: int
    code: str
    value: int
    created_at: datetime
    customer_id: int | None = None
    expires_on: date | None = None
    note: str | None = None
    deactivated_at: datetime | None = None


class CreditAccount(msgspec.Struct):
    """A customer's store credit in one currency."""

    id: int
    customer_id: int
    currency: str
    balance: int = 0


class Credit(msgspec.Struct):
    """One sum put on an account. `balance` is what the account held afterwards."""

    id: int
    account_id: int
    amount: int
    balance: int
    created_at: datetime
    expires_at: datetime | None = None


# How exactly a shop remembers when a credit ends: to the second, cut to the minute, or to the end of that day.
Sharpness = Literal["second", "minute", "day"]


class Gifts(msgspec.Struct):
    """Money given away. `unseen_seconds`: how long a search does not find a new gift card yet."""

    cards: dict[int, GiftCard] = {}
    accounts: dict[int, CreditAccount] = {}
    credits: dict[int, Credit] = {}
    keeps: Sharpness = "second"
    unseen_seconds: float = 0.0


class Subscription(msgspec.Struct):
    """A wish to be told: where to send what happens on one topic (spelled as in the schema)."""

    id: int
    topic: str
    uri: str
    created_at: datetime
    updated_at: datetime
    name: str | None = None
    filter: str | None = None
    include_fields: list[str] = []
    metafield_namespaces: list[str] = []


# What becomes of a bulk query: it fails, runs too long or is cancelled; or it is said to be done, and its file is cut in
# the middle of a line, lacks lines, or is gone.
Fate = Literal["fail", "timeout", "cancel", "cut", "short", "dead"]


class Bulk(msgspec.Struct):
    """One bulk query and how far it is. The file itself is kept beside it by its id."""

    id: int
    query: str
    created_at: datetime
    status: str = "CREATED"
    completed_at: datetime | None = None
    error_code: str | None = None
    objects: int = 0
    roots: int = 0
    size: int | None = None
    partial: bool = False


def tax_inside(amount: int, rate: int) -> int:
    """Return the tax contained in an amount that includes it, rounded half up; `rate` in hundredths of a per cent."""
    return (2 * amount * rate + 10000 + rate) // (2 * (10000 + rate))
