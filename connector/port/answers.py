"""What a shop says: of itself, of what it holds, of what was asked of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from connector.records import Customer, Order

MarkKind = Literal["tags", "group", "both"]
"""What a customer carries: any number of tags; one group, of the tier; or the tags, and the tier's group too."""
PersonWord = Literal["name", "email"]


class Window(msgspec.Struct, frozen=True):
    """What changed from `since` (included) up to `until` (excluded)."""

    since: datetime
    until: datetime


class Unread(msgspec.Struct, frozen=True):
    """Something that cannot be read. `changed`: its last change in the shop's words, to tell its states apart."""

    kind: Literal["order", "customer"]
    id: str
    changed: str = ""


class Batch(msgspec.Struct, frozen=True):
    """A piece of history. `checkpoint` resumes just behind it; `total` estimates all objects, None when unknown.

    `unread`: what belongs here too and cannot be read; it is put aside, and all else goes on.
    """

    customers: tuple[Customer, ...]
    orders: tuple[Order, ...]
    checkpoint: str
    total: int | None = None
    unread: tuple[Unread, ...] = ()


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
    own, not its platform's; None says nothing of it. `addresses`: all that it calls its own, as far as it has several.
    `sign`: what nobody but this shop brings, the same at whatever address; empty: `address` tells it from all others.
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
    addresses: tuple[str, ...] = ()
    sign: str = ""


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
    `cannot_read`: one of the missing rights is needed for reading at all.
    `faults`: settings of the shop or its server that stand in our way, each in "en" and "nl", with what to do. `notes`: what
    the merchant may know or could have beside, in the same two; nothing is amiss.
    """

    missing_rights: tuple[str, ...] = ()
    cannot_read: bool = False
    missing_topics: tuple[str, ...] = ()
    stray_topics: tuple[str, ...] = ()
    ahead: timedelta | None = None
    other_version: str = ""
    access_until: datetime | None = None
    declared_faults: tuple[str, ...] = ()
    file_silent: bool = False
    withheld: tuple[PersonWord, ...] = ()
    faults: tuple[Mapping[str, str], ...] = ()
    notes: tuple[Mapping[str, str], ...] = ()
