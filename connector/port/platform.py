"""A kind of shop software as the house sees it, and the stand-in for its servers."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from connector.port.answers import MarkKind
from connector.port.changes import Change
from connector.port.deliveries import Delivery, Knock
from connector.port.hall import Hall, Installed, ShopLine, TokenVault
from connector.port.line import ShopAdapter
from connector.port.visitors import Frame, Shopper

if TYPE_CHECKING:
    from flask import Blueprint


# Whether what a line is opened for should be done now, or may wait for what should.
Pace = Literal["live", "backfill"]
Gift = Literal[
    "amount",
    "percentage",
    "free_shipping",
    "buy_x_get_y",
    "gift_card",
    "store_credit",
    "scope",
    "minimum_quantity",
    "combining",
]
"""What a platform can give: the kinds of a coupon; codes about some of what is sold; ones that ask for a number of units;
ones that go together with other discounts as the coupon says."""


class Setting(msgspec.Struct, frozen=True):
    """One environment variable a platform reads. `problem` is None when the value is good."""

    name: str
    purpose: str
    problem: str | None
    secret: bool = False


class Platform(Protocol):
    """A kind of shop software: one stateless object per installed plug."""

    name: str  # lower-case word used in URLs and rows
    title: str  # as people write it
    mark_kind: MarkKind  # what a customer can carry there
    binds_coupons: bool  # can a code be bound to one customer?
    gives: frozenset[Gift]  # what its codes can do
    codes_outlive: timedelta  # for so long after its end a code may still pass, and who used it be unknown
    shows_cards: bool  # can the shop's own pages show a customer's balance and tier?
    keeps_cards: bool  # can nobody but us write there?
    privacy_topics: tuple[str, ...]  # of messages that the law wants heeded within thirty days
    polled: bool  # True: changes are found by asking every few minutes

    def settings(self, env: Mapping[str, str]) -> tuple[Setting, ...]:
        """Check the platform's part of the environment; an empty tuple of problems means it can be used."""
        ...

    def pages(self, env: Mapping[str, str], hall: Hall) -> "Blueprint":
        """Return the install pages, to be mounted under `/<name>`."""
        ...

    def callbacks(self, env: Mapping[str, str], hall: Hall) -> "Blueprint | None":
        """Return what shops themselves call while they are connected, to be mounted under `/callbacks/<name>`.

        Nothing there has a session or is held to forms; None where the platform calls nothing.
        """
        ...

    def files(self, env: Mapping[str, str], public_url: str) -> Mapping[str, str]:
        """Return what the platform wants to be told of us, as files by their names; nothing where it wants none."""
        ...

    def connect(self, env: Mapping[str, str], address: str, public_url: str) -> Installed:
        """Return a shop that the settings alone open, without its merchant's consent; raise Refused where there is none.

        It proves nothing of whoever asks: only commands on the server may call it.
        """
        ...

    def shopper(self, env: Mapping[str, str], query: bytes, now: datetime) -> Shopper:
        """Say who asks from a shop's storefront, by the raw query that the platform signed; raise BadSignature."""
        ...

    def frame(self, env: Mapping[str, str]) -> Frame | None:
        """Return the platform's admin where it shows our pages inside itself; None where they only stand alone.

        The root of the install pages takes whom the admin sends for the first time.
        """
        ...

    def open(
        self, env: Mapping[str, str], shop: ShopLine, vault: TokenVault, pace: Pace = "live"
    ) -> ShopAdapter:
        """Open a line to one installed shop; no network call happens yet.

        Where the shop limits calls, a line of pace "backfill" leaves room for the live ones.
        """
        ...

    def receive(self, env: Mapping[str, str], knock: Knock, vault: TokenVault | None) -> Delivery:
        """Prove the message genuine on its raw bytes and read its headers; raise BadSignature or KeyWanted.

        `vault` is the shop's, where the URL named the shop by its key. No call is made.
        """
        ...

    def answer(self, delivery: Delivery) -> tuple[bytes, str] | None:
        """Return what its sender must hear with the 200, and its mimetype; None: nothing."""
        ...

    def challenge(self, env: Mapping[str, str], query: Mapping[str, str], vault: TokenVault) -> str | None:
        """Return what proves to a sender that the door at the shop's own address is ours; None: nothing it may know."""
        ...

    def read(self, delivery: Delivery) -> tuple[Change, ...]:
        """Say what the delivery means, by its body alone; raise BadMessage."""
        ...


class Sandbox(Protocol):
    """A stand-in for the platform's own servers, for tests and the demo (entry point group `comeback.sandboxes`)."""

    name: str

    def serve(self, argv: list[str]) -> None:
        """Serve until ended; `--help` in argv explains its options."""
        ...
