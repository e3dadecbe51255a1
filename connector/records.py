"""What the house knows of a shop, as frozen records. Adapters make them, everyone else reads them.

Amounts inside a record are integer minor units of the record's own currency, VAT included unless the name says
otherwise. Times are aware datetimes in UTC. Anything personal may be absent: platforms withhold it.
"""

from datetime import datetime
from typing import Literal

import msgspec

from connector.money import portion

# Records that come by the thousand hold no cycles (`gc=False`): looking for some is a fifth of an import.

LineKind = Literal["goods", "gift_card"]
CouponKind = Literal["amount", "percentage", "free_shipping", "buy_x_get_y", "gift_card", "store_credit"]
GIFTS: frozenset[CouponKind] = frozenset({"gift_card", "store_credit"})
"""Of these the shop hands out money, once: a card with a code, or a sum on the customer's account."""
MONEY: frozenset[CouponKind] = GIFTS | {"amount"}
"""The kinds whose value is an amount."""
Channel = Literal["", "online", "till", "staff", "other"]  # empty: the platform does not say
DiscountClass = Literal["order", "product", "shipping"]


class LineItem(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of an order. `amount` is the whole ordered quantity after every discount; `tax` is the VAT inside it."""

    id: str
    title: str
    quantity: int
    current_quantity: int  # ordered, less what was refunded, cancelled or edited away
    amount: int
    tax: int = 0
    kind: LineKind = "goods"
    product_id: str | None = None
    sku: str | None = None

    @property
    def kept(self) -> int:
        """The part of `amount` for what is still the customer's; a cent's doubt counts for the customer."""
        gone = self.quantity - self.current_quantity
        return self.amount if gone <= 0 else self.amount - portion(self.amount, gone, self.quantity)


class Order(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One order as the shop states it now: orders, payments, refunds, edits and cancellation in one picture."""

    id: str
    number: str  # what people call it: "#1001", "000000042"
    currency: str
    placed_at: datetime
    changed_at: datetime
    total: int  # as ordered: goods, shipping and tax after discounts
    lines: tuple[LineItem, ...] = ()
    customer_id: str | None = None  # None: a guest, or withheld
    email: str | None = None  # kept only as a keyed hash, to let a guest claim the order later
    paid_at: datetime | None = None  # None: not (fully) paid
    fulfilled_at: datetime | None = None
    cancelled_at: datetime | None = None
    refunded: int = 0  # all money given back so far
    refunded_shipping: int = 0  # the part of it that was for shipping
    coupon_codes: tuple[str, ...] = ()  # upper case
    test: bool = False
    channel: Channel = ""  # where it was placed
    orphaned: bool = (
        False  # its customer was deleted in the shop: it is no guest's, and stays whose it is here
    )

    @property
    def goods(self) -> int:
        """Goods as ordered, after discounts, VAT included; no shipping, no gift cards bought."""
        return sum(line.amount for line in self.lines if line.kind == "goods")

    @property
    def kept_goods(self) -> int:
        """Goods the customer still has and has paid for: the base of points and of tier spend.

        Two things lower it, and the stronger one wins: quantity taken back (refunded by line, cancelled, edited
        away) and money given back that is not shipping (a typed amount has no line).
        """
        if self.cancelled_at is not None or self.paid_at is None:
            return 0
        goods, kept, gone_cards = 0, 0, 0
        for line in self.lines:
            if line.kind == "goods":
                goods += line.amount
                kept += line.kept
            else:
                gone_cards += line.amount - line.kept
        gone_elsewhere = min(self.total - goods, self.refunded_shipping + gone_cards)
        return max(0, min(kept, goods - (self.refunded - gone_elsewhere)))

    @property
    def kept_goods_excluding_tax(self) -> int:
        """`kept_goods` without its VAT; rounded down once."""
        return self.excluding_tax(self.kept_goods)

    def excluding_tax(self, kept: int) -> int:
        """Return a part of the goods without its VAT, in the proportion of the goods as ordered; rounded down once."""
        goods = self.goods
        tax = sum(line.tax for line in self.lines if line.kind == "goods")
        return portion(kept, goods - tax, goods) if goods else 0


class Customer(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A person as one shop knows them. `marks` are the tags, or the one group, that stand on the customer now.

    `group`: the one group of who carries tags as well.
    `currency`: of the books of their part of the shop, where that may have other books than the rest; None: the shop's.
    """

    id: str
    created_at: datetime
    changed_at: datetime
    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    language: str | None = None
    marks: tuple[str, ...] = ()
    group: str | None = None
    currency: str | None = None


class Card(msgspec.Struct, frozen=True):
    """What a customer's standing says in the shop, for its pages to show. `tier`: its name, None: no tier."""

    customer_id: str
    balance: int
    tier: str | None


class Scope(msgspec.Struct, frozen=True, omit_defaults=True):
    """Some of what a shop sells, by the shop's own ids: products, or else collections. Neither: everything."""

    products: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        return not self.products and not self.collections


EVERYTHING = Scope()


class Coupon(msgspec.Struct, frozen=True, omit_defaults=True):
    """A code as it should be, or was found, in the shop; or a gift of money, which travels the same road.

    `value`: minor units of `currency` for "amount"; hundredths of a per cent (1000 = 10 %) for "percentage"; 0 for
    "free_shipping". `customer_id` binds the code to one customer where the platform can do that, `segment_id` to a
    segment of the shop's own instead.

    "buy_x_get_y": who buys `minimum` or `minimum_quantity` of what `buys` names, gets `gets` units of what `scope` names
    at `value` hundredths of a per cent off (10000 = free), once an order. Of the other kinds `scope` says what they are
    taken off and what the minimum is counted over.

    "gift_card", "store_credit": `value` is money, in minor units of `currency`, to be spent before `ends_at`; nothing
    else is asked or bound. A gift card's `code` is what is typed at the checkout; a store credit's is ours alone.
    """

    code: str
    kind: CouponKind
    value: int
    currency: str
    title: str
    starts_at: datetime
    ends_at: datetime | None
    customer_id: str
    minimum: int = 0  # smallest order, minor units of `currency`
    used: bool = False
    minimum_quantity: int = 0  # fewest units; never beside a `minimum`
    scope: Scope = EVERYTHING
    buys: Scope = EVERYTHING
    gets: int = 0
    combines: tuple[
        DiscountClass, ...
    ] = ()  # the classes of discounts that an order may have beside it; sorted
    segment_id: str = ""
    usage_limit: int | None = 1  # by all customers together; None: no limit
    once_per_customer: bool = True

    @property
    def is_gift(self) -> bool:
        """Is it money that is given once, and then the customer's?"""
        return self.kind in GIFTS

    @property
    def discount_class(self) -> DiscountClass:
        """What it takes something off: shops combine discounts by that."""
        if self.kind == "free_shipping":
            return "shipping"
        return "order" if self.kind != "buy_x_get_y" and self.scope.everything else "product"
