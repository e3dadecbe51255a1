"""The open line to one shop: all that the house ever asks of a platform's network code."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from connector import trail
from connector.port.answers import (
    Batch,
    Choice,
    CodeResult,
    CodeTaken,
    Condition,
    Counts,
    CouponMade,
    LeftAlone,
    MarkResult,
    Numbers,
    PersonWord,
    ShopFacts,
    Shown,
    Window,
)
from connector.records import Card, Coupon, CouponKind, Customer, Order


def request_headers() -> dict[str, str]:
    """Return the header that tells the shop on whose request a call is made; every call of an adapter carries it."""
    number = trail.current()
    return {trail.HEADER: number} if number else {}


class ShopAdapter(Protocol):
    """An open line to one shop: pull, push, subscribe. The only network code; one per shop, never shared.

    Every call may raise TryLater, Unauthorized or Refused; those that change something also OutcomeUnknown.
    """

    def facts(self) -> ShopFacts: ...

    def counts(self, before: datetime | None = None) -> Counts:
        """Return how many there are; of those made before this moment of the shop's clock, where one is given."""
        ...

    def history(self, checkpoint: str | None) -> Iterator[Batch]:
        """Yield everything there is, customers before the orders that name them, from behind `checkpoint` on."""
        ...

    def changed(self, window: Window) -> Iterator[Batch]:
        """Yield customers and orders changed in the window; a row may come twice, none may be missing."""
        ...

    def orders(self, ids: tuple[str, ...]) -> dict[str, Order]:
        """Return the orders that exist, by id; at most 100 ids. Raise Unreadable, with what can be read."""
        ...

    def customers(self, ids: tuple[str, ...]) -> dict[str, Customer]:
        """Return the customers that exist, by id; at most 100 ids. Raise Unreadable, with what can be read."""
        ...

    def numbers(self) -> Iterator[Numbers]:
        """Yield the ids of all there is, each at least once: what is known and not among them may be deleted.

        Asked every hour of shops that are polled: it has to be cheap there.
        """
        ...

    def shows_since(self, now: datetime) -> datetime | None:
        """Return from when on orders are shown to us: an older one that is absent may exist all the same; None: all are."""
        ...

    def withheld(self) -> tuple[PersonWord, ...]:
        """Return what the shop keeps from us of its customers: such a word that is absent may be there all the same."""
        ...

    def not_allowed(self) -> tuple[CouponKind, ...]:
        """Return what the platform gives and this shop lets nobody give through us, until its merchant grants the right.

        The platform's page at /<name>/allow?shop=<address> leads to where that is done.
        """
        ...

    def mark(
        self,
        customer_id: str,
        wanted: tuple[str, ...],
        known: tuple[str, ...],
        tier: str = "",
        before: str = "",
    ) -> MarkResult:
        """Make the customer carry `wanted`, and of `known` (ours, from before) nothing else; safe to repeat.

        `tier`: which of `wanted` the group is, where there are groups. `before`: what was last kept of a `Replaces` or
        `Marked`; it is put back when nothing of ours stands in its place any more.
        """
        ...

    def choices(self, language: str, ours: tuple[str, ...] = ()) -> tuple[Choice, ...]:
        """Return what the merchant may choose for this shop, in "en" or "nl"; none where there is nothing.

        `ours`: the words of tiers, which as groups are no groups of the shop's own.
        """
        ...

    def choose(self, key: str, values: tuple[str, ...]) -> None:
        """Keep what was chosen of one choice; raise Refused, in words for the merchant, where it cannot be."""
        ...

    def show(self, cards: tuple[Card, ...]) -> tuple[Shown | LeftAlone, ...]:
        """Put balance and tier where the shop's own pages can read them; one answer for each card. Safe to repeat.

        At most 12 cards. A platform without such a place (`Platform.shows_cards`) is never asked.
        """
        ...

    def make_coupon(self, coupon: Coupon) -> CouponMade | CodeTaken:
        """Make the code, or find that it is already made by us; safe to repeat.

        A gift (`Coupon.is_gift`) is looked for before it is given, whatever became of an earlier call: it is given once.
        """
        ...

    def make_codes(self, coupon: Coupon, codes: tuple[str, ...]) -> tuple[CodeResult, ...]:
        """Make many codes, each good for what `coupon` says; one answer for each. Safe to repeat.

        At most 250, bound to nobody. `coupon.code` is made too: the others are known by it where they hang together.
        """
        ...

    def find_gift(self, coupon: Coupon) -> CouponMade | None:
        """Tell whether this gift was given, changing nothing; a platform that gives none is never asked."""
        ...

    def gifts(self, kind: CouponKind, since: datetime, customer_ids: tuple[str, ...]) -> dict[str, Coupon]:
        """Return gifts of ours of one kind that these customers were given since then, by their ids in the shop.

        Of each gift only what the shop shows: no code, and of a store credit no title.
        """
        ...

    def revoke_coupon(self, code: str, remote_id: str | None) -> None:
        """End the code so that nobody can use it; a code that is not there is fine. Gifts are never ended."""
        ...

    def delete_coupons(self, codes: tuple[str, ...]) -> None:
        """Take these codes out of the merchant's list where they are ours, ended and never used; any other stays.

        At most 24. Safe to repeat: a code that is gone is fine.
        """
        ...

    def coupons(self) -> Iterator[Coupon]:
        """Yield the discount codes of ours that are live in the shop, as the shop states them; no gifts."""
        ...

    def subscribe(self, address: str) -> tuple[str, ...]:
        """Make the shop send its webhooks to `address`; return the topics subscribed. Safe to repeat.

        Platforms without webhooks return an empty tuple and are polled.
        """
        ...

    def examine(self, address: str) -> Condition:
        """Look, by a few calls that change nothing, how the line stands; webhooks are wanted at `address`."""
        ...

    def new_secret(self, now: datetime) -> str:
        """Make and keep a new secret that proves the shop's messages, and return it; the one before holds for a day.

        Raise Refused where the platform's messages are proved otherwise.
        """
        ...

    def learn(self, name: str, now: datetime) -> None:
        """Fetch and keep the key of that name, which `Platform.receive` wanted; safe to repeat."""
        ...

    def end_codes(self) -> None:
        """End codes of ours whose end has come and that the platform would not end by itself.

        Asked every hour of shops that are polled: it has to be cheap there. Safe to repeat.
        """
        ...

    def keep_alive(self) -> datetime | None:
        """Renew our access where it would otherwise end for want of use; return until when it lasts, None: without end."""
        ...

    def farewell(self) -> None:
        """Take back what was subscribed, as far as the shop still lets us; never raises Unauthorized."""
        ...
