"""The plug: what a platform gives the house, and the words that cross the border.

A platform is a folder under `adapters/` that offers one `Platform` object through the entry point group
`comeback.platforms`. It is stateless; everything it needs is handed in. Nothing here does input or output.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from connector import trail
from connector.addresses import is_public as is_public
from connector.addresses import looked_up as looked_up
from connector.deadline import cut_off_after as cut_off_after
from connector.deadline import hears as hears
from connector.records import Card, Coupon, CouponKind, Customer, Order

if TYPE_CHECKING:
    from flask import Blueprint

MarkKind = Literal["tags", "group", "both"]
"""What a customer carries: any number of tags; one group, of the tier; or the tags, and the tier's group too."""
PersonWord = Literal["name", "email"]
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


# --- changes: what a delivery means ---------------------------------------------------------------------------


class OrderChanged(msgspec.Struct, frozen=True, tag=True):
    """The order stands like this now. `lacks_paid_at`: it is paid, or may have been once, and the message does not say
    since when."""

    order: Order
    lacks_paid_at: bool = False


class OrderTouched(msgspec.Struct, frozen=True, tag=True):
    """Something about this order changed; fetch it to know what."""

    order_id: str


class OrderRemoved(msgspec.Struct, frozen=True, tag=True):
    """The order is gone from the shop."""

    order_id: str


class CustomerChanged(msgspec.Struct, frozen=True, tag=True):
    """The customer stands like this now. `lacks_marks`: the message does not carry tags or group."""

    customer: Customer
    lacks_marks: bool = False


class CustomerTouched(msgspec.Struct, frozen=True, tag=True):
    """Something about this customer changed; fetch it to know what."""

    customer_id: str


class CustomerRemoved(msgspec.Struct, frozen=True, tag=True):
    """The customer is gone from the shop; the person keeps what is booked."""

    customer_id: str


class CustomersMerged(msgspec.Struct, frozen=True, tag=True):
    """The shop joined two customers: `gone_id` lives on as `kept_id`."""

    kept_id: str
    gone_id: str


class CustomerForgotten(msgspec.Struct, frozen=True, tag=True):
    """The law asks to erase this person. `shop_address` is what the signed body names."""

    shop_address: str
    customer_id: str | None
    email: str | None
    order_ids: tuple[str, ...] = ()


class DataAsked(msgspec.Struct, frozen=True, tag=True):
    """The person asks what is known of them. `shop_address` is what the signed body names."""

    shop_address: str
    customer_id: str | None
    email: str | None
    request_id: str = ""
    order_ids: tuple[str, ...] = ()


class ShopRemoved(msgspec.Struct, frozen=True, tag=True):
    """The merchant removed Comeback from the shop named in the signed body."""

    shop_address: str


class ShopForgotten(msgspec.Struct, frozen=True, tag=True):
    """Everything of this shop must go. `waited`: how long after its removal, at least, the platform asks for that."""

    shop_address: str
    waited: timedelta = timedelta(0)


class ShopTouched(msgspec.Struct, frozen=True, tag=True):
    """Something about the shop itself changed, like its name; ask it to know what."""


class RightsChanged(msgspec.Struct, frozen=True, tag=True):
    """What we may do in the shop is no longer what it was; ask it to know what."""


class SyncWanted(msgspec.Struct, frozen=True, tag=True):
    """A hint without details: look for what changed since the last look."""


class ImportReady(msgspec.Struct, frozen=True, tag=True):
    """The history that an import waits for can be fetched."""


class Ignored(msgspec.Struct, frozen=True, tag=True):
    """A good message that means nothing to us; `why` is shown in the activity list."""

    why: str


Change = (
    OrderChanged
    | OrderTouched
    | OrderRemoved
    | CustomerChanged
    | CustomerTouched
    | CustomerRemoved
    | CustomersMerged
    | CustomerForgotten
    | DataAsked
    | ShopRemoved
    | ShopForgotten
    | ShopTouched
    | RightsChanged
    | SyncWanted
    | ImportReady
    | Ignored
)


# --- deliveries: messages at the door ----------------------------------------------------------------------------


class Delivery(msgspec.Struct, frozen=True):
    """One raw message as it came, after its signature was found good.

    `shop_address` tells whose it is when the URL does not; `id` is the sender's own, equal on every retry.
    `other_version`: the interface it was written for, where that is not the one asked for. `old_secret`: it was signed
    with the secret before the last rotation. `declared`: the word in the address it came to, where that is one that
    `Platform.files` tells the platform of (the door says so, not the platform).
    """

    id: str
    topic: str
    body: bytes
    shop_address: str | None = None
    triggered_at: datetime | None = None
    other_version: str = ""
    old_secret: bool = False
    declared: str = ""


class Knock(msgspec.Struct, frozen=True):
    """One message as it stands at the door, nothing of it believed. Header names are lower-cased."""

    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str]
    at: datetime


class KeyWanted(Exception):
    """The message may be genuine, but is signed with a key that must be fetched first (`ShopAdapter.learn`): answer 503.

    Where it names several, any of them may prove it, and none need be there.
    """

    def __init__(self, *names: str) -> None:
        super().__init__(*names)
        self.names = names


class BadSignature(Exception):
    """The message is not from the shop: answer 401 and keep nothing."""


class BadMessage(Exception):
    """The message is signed but cannot be understood; the text says why, without quoting the body."""


# --- the shop's line ------------------------------------------------------------------------------------------------


class Window(msgspec.Struct, frozen=True):
    """What changed from `since` (included) up to `until` (excluded)."""

    since: datetime
    until: datetime


class Batch(msgspec.Struct, frozen=True):
    """A piece of history. `checkpoint` resumes just behind it; `total` estimates all objects, None when unknown."""

    customers: tuple[Customer, ...]
    orders: tuple[Order, ...]
    checkpoint: str
    total: int | None = None


class Counts(msgspec.Struct, frozen=True):
    """How many there are in the shop, by the shop's own count."""

    orders: int
    customers: int


class Numbers(msgspec.Struct, frozen=True):
    """The ids of some of what is in the shop now."""

    orders: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()


class ShopFacts(msgspec.Struct, frozen=True):
    """What a shop says of itself. `timezone` is an IANA name; `currency` the one its books are kept in.

    `currencies`: of the books of parts of the shop that keep others. `mark_kind`, `shows_cards`: where they are this shop's
    own, not its platform's; None says nothing of it.
    """

    address: str
    name: str
    currency: str
    timezone: str
    language: str = "en"
    email: str | None = None
    mark_kind: MarkKind | None = None
    shows_cards: bool | None = None
    currencies: tuple[str, ...] = ()


class Marked(msgspec.Struct, frozen=True, tag=True):
    """The customer now carries these marks of ours (those asked for, and no other of ours).

    `before`: what of the shop's own one of them stands in place of, in the adapter's word; empty: nothing to put back.
    """

    marks: tuple[str, ...]
    before: str = ""


class Replaces(msgspec.Struct, frozen=True, tag=True):
    """Nothing was done yet: a mark of ours would stand in place of `before`. Keep that word, and ask again with it.

    An answer that is lost, or a worker killed behind the call, then costs nobody what they had.
    """

    before: str


class LeftAlone(msgspec.Struct, frozen=True, tag=True):
    """Something that is not ours stands there; `why` is one English sentence for the activity page.

    `marks`: what of ours the customer carries all the same.
    """

    why: str
    marks: tuple[str, ...] = ()


MarkResult = Marked | Replaces | LeftAlone


class Choice(msgspec.Struct, frozen=True):
    """Something the merchant may choose for a shop, in their language. `options`: value and title; `many`: or several.

    Without options they write one text, of a few lines perhaps; no text is nothing chosen.
    """

    key: str
    title: str
    hint: str
    many: bool
    options: tuple[tuple[str, str], ...]
    chosen: tuple[str, ...]


class Shown(msgspec.Struct, frozen=True, tag=True):
    """The customer's card stands in the shop."""


class CouponMade(msgspec.Struct, frozen=True, tag=True):
    """The code is live in the shop, made now or found as ours."""

    remote_id: str


class CodeTaken(msgspec.Struct, frozen=True, tag=True):
    """The code exists in the shop and is not ours: take another."""


class CodeRefused(msgspec.Struct, frozen=True, tag=True):
    """The shop does not take this one code; the others of the call are not concerned."""

    why: str


CodeResult = CouponMade | CodeTaken | CodeRefused


class Condition(msgspec.Struct, frozen=True):
    """How a shop's line stands, for whoever looks after Comeback; rights and topics as the platform names them.

    `missing_topics`: wanted and not sent to us, or sent elsewhere. `stray_topics`: sent without our wanting them so: twice,
    elsewhere, or cut down. `ahead`: the shop's clock before ours, None where it tells no time. `other_version`: the
    interface it answered with, where that is not the one asked for. `access_until`: when our access to it ends unless it
    is renewed before; None: without end, or not known. `declared_faults`: in what the platform was told otherwise of us
    than `Platform.files` says, each worded to follow "the file". `file_silent`: nothing came by that file for two days,
    though it subscribes: where nothing happens in the shop, nothing is amiss. `withheld`: what is kept from us of customers.
    `faults`: settings of the shop or its server that stand in our way, each in "en" and "nl", with what to do.
    """

    missing_rights: tuple[str, ...] = ()
    missing_topics: tuple[str, ...] = ()
    stray_topics: tuple[str, ...] = ()
    ahead: timedelta | None = None
    other_version: str = ""
    access_until: datetime | None = None
    declared_faults: tuple[str, ...] = ()
    file_silent: bool = False
    withheld: tuple[PersonWord, ...] = ()
    faults: tuple[Mapping[str, str], ...] = ()


class ShopError(Exception):
    """The root of what goes wrong on a shop's line. The text is safe to show and to log."""


class TryLater(ShopError):
    """The shop is busy or out of order; nothing was done. `wait` is what it asked for, if it did."""

    def __init__(self, why: str, wait: timedelta | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class NotReady(TryLater):
    """What was asked for is still being prepared; the shop itself is well, and all else goes on with it."""


class OutcomeUnknown(ShopError):
    """The call went out and no answer came back: it may have been done. Look before trying again."""


class Doubtful(OutcomeUnknown):
    """The shop answered, and its answer leaves open whether it was done: a doubt about one thing, not about the line."""


class Refused(ShopError):
    """The shop says no, and will say no again; the text says what to do."""


class Forbidden(Refused):
    """A right is missing for this one thing; the shop stays connected and all else goes on."""


class Unauthorized(ShopError):
    """The shop no longer accepts our token, or a right that everything needs is missing: the merchant must reconnect."""


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
        """Return the orders that exist, by id; at most 100 ids."""
        ...

    def customers(self, ids: tuple[str, ...]) -> dict[str, Customer]:
        """Return the customers that exist, by id; at most 100 ids."""
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

    def choices(self, language: str) -> tuple[Choice, ...]:
        """Return what the merchant may choose for this shop, in "en" or "nl"; none where there is nothing."""
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


# --- what the house hands in --------------------------------------------------------------------------------------------


class TokenVault(Protocol):
    """One shop's tokens, encrypted at rest. `locked` holds the shop's row so that only one refreshes at a time."""

    def read(self) -> bytes: ...

    def locked(self) -> AbstractContextManager["OpenVault"]: ...


class OpenVault(Protocol):
    """The vault while its lock is held; what is saved is lasting when the block ends, so use it only afterwards.

    `save` tells whether it was kept: not where the shop was removed or connected anew since it was read.
    """

    def read(self) -> bytes: ...

    def save(self, tokens: bytes) -> bool: ...


class ShopLine(msgspec.Struct, frozen=True):
    """What an adapter must know of its shop: `address` names it, `key` is the random word in its URLs.

    `declared`: the last word of `/webhooks/<platform>/declared/<word>` where a message of the shop last came to; empty where
    none has of late. Only what `Platform.files` tells the platform to send comes there.
    """

    address: str
    key: str
    declared: str = ""


class Installed(msgspec.Struct, frozen=True):
    """A shop that has just proved itself. `tokens` is opaque to the house; `merchant_code` joins an existing merchant."""

    facts: ShopFacts
    tokens: bytes
    merchant_code: str | None = None


class Welcomed(msgspec.Struct, frozen=True):
    """Where the browser goes after an install: a URL that signs the merchant in."""

    url: str
    shop_key: str


class Known(msgspec.Struct, frozen=True):
    """A shop that was here before. `state`: connected, reconnect or removed."""

    state: str


class Hall(Protocol):
    """What install pages are given: the house's doorstep.

    `welcome` keeps the shop, signs the merchant in and starts the import. `public_url` has no slash at its end.
    `session_secret` signs short-lived state; it is not any platform's own secret.
    """

    public_url: str
    session_secret: bytes

    def welcome(self, installed: Installed) -> Welcomed: ...

    def vault(self, address: str) -> TokenVault | None:
        """Return the vault of an installed shop, or None where the shop is not known."""
        ...

    def tokens(self, address: str) -> bytes | None:
        """Return the tokens of an installed shop; None where the shop is not known, or they cannot be opened."""
        ...

    def once(self, word: str, lasts: timedelta) -> bool:
        """Tell whether this word comes for the first time within so long, at whichever process it came before."""
        ...

    def keep(self, word: str, what: bytes, lasts: timedelta) -> None:
        """Keep something secret under this word for so long, for every process; what it held before is gone."""
        ...

    def kept(self, word: str) -> bytes | None:
        """Return what is kept under this word; None where nothing is, or not any more."""
        ...

    def drop(self, word: str) -> None:
        """Forget what is kept under this word; nothing there is fine."""
        ...

    def known(self, address: str) -> Known | None:
        """Return how a shop stands; None where it was never here."""
        ...

    def expects(self) -> bool:
        """Tell whether a merchant is about to bring a further shop: a code that joins one is out."""
        ...

    def reconnect(self, installed: Installed) -> None:
        """Give a shop that was here before its new tokens, signing nobody in; raise LookupError for any other."""
        ...

    def enter(self, address: str) -> str:
        """Return a one-time address that signs in the merchant of a known shop; raise LookupError."""
        ...

    def visits(self, caller: str) -> timedelta | None:
        """Count a visit that has a shop called, from this IP address; return how long to wait where there are too many."""
        ...

    def guard(self, url: str) -> str:
        """Return the URL when outgoing calls may go there; raise Refused with the reason otherwise."""
        ...


class Shopper(msgspec.Struct, frozen=True):
    """Who asks from a shop's storefront, as its signature proves; `customer_id` is None where nobody is signed in.

    `place`: the path on the shop's own address that leads here. `page`: of the history, from 1. `proof`: a word that this
    request alone has. `mimetype`: what the answer must call itself, to be set into the shop's own page.
    """

    address: str
    customer_id: str | None
    place: str
    page: int
    proof: str
    mimetype: str


# --- the platform's own admin, with our pages inside ----------------------------------------------------------------------

Question = Sequence[tuple[str, str]]  # what stands behind the ? of an address, in its order


class Visitor(msgspec.Struct, frozen=True):
    """Who looks at our pages in the platform's admin, as its token proves: the shop, and one browser's sitting there."""

    address: str
    sitting: str


class Framing(msgspec.Struct, frozen=True):
    """What pages need in order to be shown inside one shop's admin, and nowhere else.

    `script` comes first in every head, behind the `metas`; `ancestors` and `sources` are origins: who may frame the pages,
    and where the script comes from and may ask. `keeps` are the names in an address that say where it is framed. The admin
    shows the pages' navigation as its own: of elements `menu` and `item`, on the latter of which it lets `event` happen.
    """

    script: str
    metas: tuple[tuple[str, str], ...]
    ancestors: tuple[str, ...]
    sources: tuple[str, ...]
    keeps: tuple[str, ...]
    menu: str
    item: str
    event: str


class Frame(Protocol):
    """The platform's admin, which shows the merchant's pages as a part of its own and proves who looks at each of them.

    `proof` is the bearer that came with a request, None where none did; `question` what its address asks.
    """

    retry: tuple[str, str]  # the header that has the admin's script ask once more, with a new proof

    def visitor(self, proof: str | None, question: Question) -> Visitor | None:
        """Return who asks; None where nothing is claimed to prove it. Raise BadSignature where the proof is not good."""
        ...

    def plain(self, question: Question) -> list[tuple[str, str]]:
        """Return the question without what the admin adds to it."""
        ...

    def bounce(self, question: Question, wanted: str) -> str | None:
        """Return the page that comes back to `wanted`, an address of ours, with a new proof.

        None where the question names no shop, or where it comes from there already.
        """
        ...

    def framing(self, address: str) -> Framing:
        """Return what pages need to be shown in this shop's admin."""
        ...


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
    shows_cards: bool  # can the shop's own pages show a customer's balance and tier?
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
