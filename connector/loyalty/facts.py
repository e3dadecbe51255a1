"""All that is known of one member, and what a settlement says about it. Records only."""

from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from connector.loyalty.terms import Reward
from connector.records import EVERYTHING, CouponKind, DiscountClass, Order, Scope

# --- in: what is known ------------------------------------------------------------------------------------------------


class Shop(msgspec.Struct, frozen=True):
    """The parts of a shop the rules look at. `timezone`: IANA name; `mark_kind`: tags, one group, or both.

    `codes_outlive`: for how long after its end a code may still pass there, and the order that used it be unknown.
    """

    id: int
    currency: str
    timezone: str
    mark_kind: Literal["tags", "group", "both"]
    codes_outlive: timedelta = timedelta(0)


class ShopOrder(msgspec.Struct, frozen=True, gc=False):
    """An order and the shop it was placed in. `source` = "order:<shop id>:<order id>"."""

    shop_id: int
    order: Order

    @property
    def source(self) -> str:
        return f"order:{self.shop_id}:{self.order.id}"


class ShopCustomer(msgspec.Struct, frozen=True):
    """One of the member's customers. `created_at` is the shop's own time of creation; `currency`: Customer.currency."""

    shop_id: int
    customer_id: str
    created_at: datetime
    currency: str | None = None


class Redemption(msgspec.Struct, frozen=True, tag=True):
    """Points exchanged for a coupon: a fact, booked once. `source` = "redemption:<id>".

    `state`: "open" while the coupon is being made or lives; "refused" when the shop refused it or it was given up;
    what became of a live coupon (used, expired, its order undone) follows from the orders and `coupon_ends_at`. Points for
    a gift are spent from the first: "open" while it is being given and for good once it is.
    `closed_at` is the moment of a refusal.
    """

    id: str
    at: datetime
    points: int
    reward_key: str
    reward: Reward
    shop_id: int
    customer_id: str
    version: int
    code: str
    coupon_ends_at: datetime
    actor: str
    state: Literal["open", "refused"] = "open"
    closed_at: datetime | None = None
    reward_name: str = ""  # as it was called when it was exchanged

    @property
    def source(self) -> str:
        return f"redemption:{self.id}"


class Adjustment(msgspec.Struct, frozen=True, tag=True):
    """Points given or taken by a person, with a reason: a fact. `source` = "adjustment:<id>"."""

    id: str
    at: datetime
    points: int
    actor: str
    reason: str
    version: int

    @property
    def source(self) -> str:
        return f"adjustment:{self.id}"


class Closed(msgspec.Struct, frozen=True, tag=True):
    """What an order or a redemption in a shop that was erased had come to: a fact that nothing changes any more.

    `points` came at `at` and end at `ends_at` (None: never); below zero they were taken, and `returned` of them came back
    at `returned_at`, to live until `returned_until` at least. `counted_at`: when it was paid, if it counted as an order.
    """

    id: str
    source: str
    shop_id: int
    version: int
    at: datetime
    points: int
    ends_at: datetime | None = None
    returned: int = 0
    returned_at: datetime | None = None
    returned_until: datetime | None = None
    counted_at: datetime | None = None


Act = Redemption | Adjustment | Closed


class BookedCoupon(msgspec.Struct, frozen=True):
    """A coupon already decided on. `state` as in the coupons table; `used` and `ended` ones are facts."""

    shop_id: int
    source: str
    reward_key: str
    code: str
    state: Literal["wanted", "live", "revoking", "revoked", "refused", "parked"]
    ends_at: datetime
    kind: CouponKind = "amount"


class Booked(msgspec.Struct, frozen=True):
    """What the books say: sum of points per source, the coupons decided on, and the keys of notices written."""

    points: dict[str, int]
    coupons: tuple[BookedCoupon, ...] = ()
    notices: frozenset[str] = frozenset()


class History(msgspec.Struct, frozen=True):
    """All that is known of one member: shops, customers, orders as they stand, acts.

    `uses`: every order, the member's own or not, that carries a code of one of the member's coupons.
    """

    shops: tuple[Shop, ...]
    customers: tuple[ShopCustomer, ...]
    orders: tuple[ShopOrder, ...]
    acts: tuple[Act, ...] = ()
    uses: tuple[ShopOrder, ...] = ()


# --- out: what should be true -----------------------------------------------------------------------------------------


EarnsNothing = Literal["", "unpaid", "test", "undone", "held", "early", "unlisted", "gone"]


class EarnInputs(msgspec.Struct, frozen=True, tag="earn"):
    """target = kept // step x points, or 0 where `why` says that nothing is earned; the entry is target - booked.

    Amounts in minor units of `currency`. `why`: "undone" cancelled or refunded in full, "held" in its hold again,
    "early" paid before the programme counts, "unlisted" the currency is none of the programme's, "gone" the order is no
    longer this member's. `step` is 0 where there is none to count with.
    """

    number: str
    currency: str
    kept: int
    step: int
    points: int
    target: int
    booked: int
    why: EarnsNothing = ""
    excluding_tax: bool = False  # is `kept` without VAT?


class ExpiryInputs(msgspec.Struct, frozen=True, tag="expiry"):
    """What was left of the lot of `lot_source` when it ended; `on` is the last local day it could be spent.

    `number` is the order's, empty where the lot is no order's.
    """

    lot_source: str
    number: str
    on: date
    target: int
    booked: int


Why = Literal["", "refused", "not_given", "unused", "order_undone", "order_part_refunded"]


class RedemptionInputs(msgspec.Struct, frozen=True, tag="redemption"):
    """target = -points + returned. `why` says what brought points back, if anything did."""

    reward_key: str
    points: int
    returned: int
    why: Why
    target: int
    booked: int
    name: str = ""  # the reward's name; empty in entries from before it was kept


class AdjustmentInputs(msgspec.Struct, frozen=True, tag="adjustment"):
    """A person gave or took points, and said why."""

    reason: str
    actor: str
    target: int
    booked: int


Inputs = EarnInputs | ExpiryInputs | RedemptionInputs | AdjustmentInputs
Rule = Literal["earn", "expiry", "redemption", "adjustment"]


class Entry(msgspec.Struct, frozen=True):
    """One signed line for the ledger. `moment` is when it came true, not when it was found out."""

    source: str
    rule: Rule
    version: int
    points: int
    moment: datetime
    inputs: Inputs


class Lot(msgspec.Struct, frozen=True):
    """What is left of one credit. `expires_at` is the first moment it cannot be spent any more."""

    source: str
    left: int
    expires_at: datetime | None


class PendingPoints(msgspec.Struct, frozen=True):
    """Points that an order will give when its hold ends."""

    source: str
    points: int
    available_at: datetime


class WantedCoupon(msgspec.Struct, frozen=True):
    """A coupon that should be live in a shop. The code is made by the house from (shop, source, reward)."""

    shop_id: int
    customer_id: str
    source: str
    reward_key: str
    title: str
    kind: CouponKind
    value: int  # minor units of `currency`, or hundredths of a per cent
    minimum: int  # minor units of `currency`
    currency: str
    starts_at: datetime
    ends_at: datetime
    version: int
    minimum_quantity: int = 0
    scope: Scope = EVERYTHING
    buys: Scope = EVERYTHING
    gets: int = 0
    combines: tuple[DiscountClass, ...] = ()


class WantedMarks(msgspec.Struct, frozen=True):
    """What one customer should carry: tags, or at most one group. Sorted. `tier`: which of them the group is, if any."""

    shop_id: int
    customer_id: str
    marks: tuple[str, ...]
    tier: str = ""


class Notice(msgspec.Struct, frozen=True):
    """Something worth telling the member: a line of the log that mail tools read. `key` is its own per member.

    `points` end at `expires_at` and could be spent at `moment`, `days_ahead` local days earlier. It is worth telling
    until `good_until`: the next notice of these points, or their end.
    """

    key: str
    kind: Literal["points_expire"]
    moment: datetime
    expires_at: datetime
    points: int
    days_ahead: int
    good_until: datetime


Stage = Literal["none", "new", "second_order", "regular", "loyal", "lapsing", "lost"]
STAGES: tuple[Stage, ...] = ("none", "new", "second_order", "regular", "loyal", "lapsing", "lost")


class Standing(msgspec.Struct, frozen=True):
    """Where the member is now. sum(lots) = max(balance, 0).

    `tier_until` is the end of the grace, `tier_term_until` that of the term before it. `lapsing_at`, `lost_at`: when
    the member's quiet becomes a lapse and a loss, unless an order is paid before.
    """

    balance: int
    lots: tuple[Lot, ...]
    pending: tuple[PendingPoints, ...]
    tier: str | None
    tier_until: datetime | None
    orders: int  # paid orders that count
    tier_term_until: datetime | None = None
    stage: Stage = "none"
    lapsing_at: datetime | None = None
    lost_at: datetime | None = None


class Decision(msgspec.Struct, frozen=True):
    """What is missing: write it, and everything is as it should be. Deciding again at once finds nothing more.

    `coupons` are to be made; `revoke` names booked coupons to take back. `ask_again_at` is the next moment at which
    time alone changes something; None when nothing is due.
    """

    entries: tuple[Entry, ...]
    coupons: tuple[WantedCoupon, ...]
    revoke: tuple[BookedCoupon, ...]
    marks: tuple[WantedMarks, ...]
    standing: Standing
    ask_again_at: datetime | None
    notices: tuple[Notice, ...] = ()
