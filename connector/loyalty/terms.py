"""The merchant's promise as a record: what a version of the programme says. Saved, never edited.

Amounts are minor units of the merchant's own currency unless the name says otherwise; points are whole numbers.
"""

from datetime import datetime
from typing import Literal

import msgspec

from connector.records import EVERYTHING, CouponKind, DiscountClass, Scope

MILLION = 1_000_000
Combines = Literal["nothing", "shipping", "everything"]


class CurrencyTerms(msgspec.Struct, frozen=True):
    """How the programme counts in one currency that a shop of the merchant keeps its books in.

    `earn_step`: minor units of this currency that earn once. `rate`: millionths of a minor unit of the merchant's
    currency that one minor unit of this currency is worth (1_000_000 = equal).
    """

    currency: str
    earn_step: int = 100
    rate: int = MILLION


class Reward(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a coupon gives. `value`: minor units in the merchant's currency, or hundredths of a per cent.

    "buy_x_get_y": for `minimum` or `minimum_quantity` of what `buys` names, `gets` units of what `scope` names come at
    `value` off. Scopes are in the ids of the merchant's one shop.
    """

    kind: CouponKind
    value: int = 0
    minimum: int = 0  # smallest order, minor units in the merchant's currency
    valid_days: int = 60
    minimum_quantity: int = 0  # fewest units; never beside a `minimum`
    scope: Scope = EVERYTHING
    buys: Scope = EVERYTHING
    gets: int = 0
    combines: Combines = "nothing"  # with which other discounts of an order it goes together

    @property
    def beside(self) -> tuple[DiscountClass, ...]:
        """The classes of discounts it goes together with. Two that both pay for shipping never do."""
        if self.combines == "nothing":
            return ()
        every: tuple[DiscountClass, ...] = ("order", "product", "shipping")
        return tuple(
            one
            for one in every
            if (self.combines == "everything" or one == "shipping")
            and not (one == "shipping" and self.kind == "free_shipping")
        )


class Tier(msgspec.Struct, frozen=True):
    """A level: reached by `threshold` net spend within the tier window; `tag` is written on the customer."""

    name: str
    threshold: int
    tag: str


class NthOrder(msgspec.Struct, frozen=True):
    """A coupon given when a customer's `after`-th order is paid; `key` never changes, `name` may."""

    key: str
    name: str
    after: int
    reward: Reward


class Redeemable(msgspec.Struct, frozen=True):
    """What points can be exchanged for."""

    key: str
    name: str
    points: int
    reward: Reward


class StageTags(msgspec.Struct, frozen=True):
    """The tag written at each stage of a customer's life; an empty word: none."""

    new: str = ""
    second_order: str = ""
    regular: str = ""
    loyal: str = ""
    lapsing: str = ""
    lost: str = ""


class WinBack(msgspec.Struct, frozen=True):
    """A coupon given once for each lapse of a customer; `key` never changes, `name` may."""

    key: str
    name: str
    reward: Reward


class Terms(msgspec.Struct, frozen=True):
    """One version's promise in full. What came later is left out, and so off, in versions from before it."""

    currency: str
    currencies: tuple[CurrencyTerms, ...]
    earn_points: int = 1  # points per earn step
    base: Literal["including_tax", "excluding_tax"] = "including_tax"
    hold_days: int = 14
    expiry_months: int = 12
    returned_days: int = 30  # points that come back live at least this long
    tiers: tuple[Tier, ...] = ()  # ascending by threshold
    tier_window_months: int = 12
    tier_term_months: int = 12
    tier_grace_days: int = 30
    nth_orders: tuple[NthOrder, ...] = ()
    redeemables: tuple[Redeemable, ...] = ()
    returning_tag: str = ""  # written from the second order on; empty: none
    count_zero_orders: bool = False  # do orders over nothing count as orders?
    lapse_min_days: int = 30  # nobody is lapsing sooner after an order
    usual_gap: int = 0  # days between orders that three in four stay within; 0: measured when published
    loyal_from: int = 5  # orders
    stage_tags: StageTags = StageTags()
    win_back: WinBack | None = None
    notice_days: tuple[int, ...] = (30, 7)  # so long before points end, a notice is written


class Version(msgspec.Struct, frozen=True):
    """A published programme: in force from `starts_at` until the next version starts.

    Orders paid before `counts_from` count for history, nth order and tier, but earn nothing.
    """

    number: int
    starts_at: datetime
    counts_from: datetime
    terms: Terms


def suggested(currency: str, currencies: tuple[str, ...] = ()) -> Terms:
    """Return the programme a new merchant starts from; every figure can be changed."""
    every = dict.fromkeys((currency, *currencies))
    return Terms(
        currency=currency,
        currencies=tuple(CurrencyTerms(code) for code in every),
        tiers=(
            Tier("Silver", 250_00, "loyalty-silver"),
            Tier("Gold", 500_00, "loyalty-gold"),
        ),
        nth_orders=(
            NthOrder("third-order", "Free shipping on the third order", 2, Reward("free_shipping")),
            NthOrder("second-order-gift", "A small gift after the second order", 2, Reward("amount", 2_50)),
        ),
        redeemables=(Redeemable("five-off", "5.00 off", 100, Reward("amount", 5_00)),),
        returning_tag="returning-customer",
        stage_tags=StageTags(
            new="customer-new",
            second_order="customer-second-order",
            regular="customer-regular",
            loyal="customer-loyal",
            lapsing="customer-lapsing",
            lost="customer-lost",
        ),
        win_back=WinBack("win-back", "10 % off to come back", Reward("percentage", 10_00, valid_days=30)),
    )
