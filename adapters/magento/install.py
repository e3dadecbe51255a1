"""Connecting a shop: its address and keys are tried out before anything is kept."""

import time
from datetime import datetime
from enum import Enum
from typing import NamedTuple, assert_never

import msgspec

from connector.port import (
    Already,
    Forbidden,
    Hall,
    Installed,
    OutcomeUnknown,
    Refused,
    ShopError,
    ShopFacts,
    TryLater,
    Unauthorized,
    Welcomed,
)

from . import address, answers, before, confirmations, groups, keys, rights, scheme
from .before import Before
from .client import Client
from .keys import Keys
from .rights import Right
from .scheme import Fault
from .stores import Stores

PATIENCE = (
    45.0  # seconds that somebody waits before the page, for all calls together; then the last one is cut off
)
SHORTEST_SECRET = 16
LONGEST = 200


class Typed(msgspec.Struct, frozen=True):
    """What the merchant typed into the form."""

    address: str = ""
    consumer_key: str = ""
    consumer_secret: str = ""
    token: str = ""
    token_secret: str = ""
    hook_secret: str = ""
    merchant_code: str = ""
    confirms_email: bool = False

    def __repr__(self) -> str:
        return "Typed(...)"  # a traceback that shows its locals must not show these


class Four(NamedTuple):
    """What makes a signature."""

    consumer_key: str
    consumer_secret: str
    token: str
    token_secret: str

    def __repr__(self) -> str:
        return "Four(...)"


KEYS = Four._fields


class Mistake(Enum):
    """What is wrong with one field, to be said in the merchant's language."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    NO_ADDRESS = "no_address"
    NOT_ALLOWED = "not_allowed"
    UNREACHABLE = "unreachable"
    NOT_MAGENTO = "not_magento"
    REDIRECTED = "redirected"
    REDIRECTED_TO = "redirected_to"
    KEYS_REFUSED = "keys_refused"
    NOTHING_ALLOWED = "nothing_allowed"
    NO_HEADER = "no_header"
    RIGHTS_MISSING = "rights_missing"
    TURNED_DOWN = "turned_down"
    CONNECTED = "connected"
    CONNECTED_AT = "connected_at"
    REMOVED_AT = "removed_at"
    ILL_WHERE_IT_WAS = "ill_where_it_was"
    CODE_WANTED = "code_wanted"
    NOT_CONFIRMED = "not_confirmed"


class NotConnected(Exception):
    """The shop was not connected. `mistakes` names fields; `missing` the rights to tick; `to` where it redirects us."""

    def __init__(self, mistakes: dict[str, Mistake], missing: tuple[Right, ...] = (), to: str = "") -> None:
        super().__init__(", ".join(mistakes))
        self.mistakes = mistakes
        self.missing = missing
        self.to = to


class Tried(msgspec.Struct, frozen=True):
    """A shop that was tried out: what it says of itself, the keys as they are to be kept, and rights it can do without.

    `moved`: it was here before at another address, and says there itself that it has moved.
    """

    facts: ShopFacts
    keys: Keys
    missing: tuple[Right, ...] = ()
    moved: bool = False


class Connected(msgspec.Struct, frozen=True):
    """Where the merchant goes on, and what stands in the way of signing as usual."""

    url: str
    faults: tuple[Fault, ...] = ()


def connect(typed: Typed, hall: Hall, allowed: frozenset[str], now: datetime) -> Connected:
    """Try the shop out and hand it to the house; raise NotConnected where something is wrong."""
    base = _address(typed, hall)
    four = Four(*(getattr(typed, name).strip() for name in KEYS))
    try:
        ends = patience()
        tried = _try_out_above(base, four, allowed, ends)
    except Unauthorized as error:
        raise NotConnected({"consumer_key": Mistake.KEYS_REFUSED}) from error
    except ShopError as error:
        raise NotConnected({"address": mistake(error)}, to=getattr(error, "to", "")) from error
    tried = insist_moved(tried, hall, allowed, ends, typed.merchant_code)
    if typed.confirms_email:
        insist_confirmed(tried, allowed, ends)
    kept = settled(tried, hall, now, typed.hook_secret.strip(), confirms_email=typed.confirms_email)
    return Connected(welcome(kept, typed.merchant_code, hall).url, scheme.FAULTS[kept.keys.spelling])


def insist_confirmed(tried: Tried, allowed: frozenset[str], ends: float) -> None:
    """Raise NotConnected where Magento says that addresses are not confirmed on all its websites, or one was not heard."""
    heard = confirmations.contradicted(Client(tried.facts.address, tried.keys, allowed, ends=ends))
    if heard.names:
        raise NotConnected({"confirms_email": Mistake.NOT_CONFIRMED}, to=heard.names)
    if heard.missed is not None:
        raise NotConnected({"address": mistake(heard.missed)})


def insist_moved(tried: Tried, hall: Hall, allowed: frozenset[str], ends: float, code: str) -> Tried:
    """Return the shop as moved where it was at another address and says there itself that it has left.

    Raises NotConnected where it answers there as before, where nobody can tell just now, and where it does not say so and
    no code is brought that may show whose it is; whether that is the right one, the house looks at.
    """
    there = hall.elsewhere(tried.facts.address, tried.facts.sign)
    if not there:
        return tried
    tokens = hall.tokens(there)
    stands = Before.UNPROVED  # a shop that was removed has no keys to ask with
    if tokens is not None:
        stands = before.found(there, keys.unpacked(tokens), tried.keys, tried.facts.address, allowed, ends)
    match stands:
        case Before.MOVED:
            return msgspec.structs.replace(tried, moved=True)
        case Before.THERE:
            raise NotConnected({"address": Mistake.CONNECTED_AT}, to=there)
        case Before.ILL:
            raise NotConnected({"address": Mistake.ILL_WHERE_IT_WAS}, to=there)
        case Before.UNPROVED:
            if not code.strip():
                raise NotConnected({"merchant_code": Mistake.CODE_WANTED}, to=there)
            return tried
        case _:
            assert_never(stands)


def settled(
    tried: Tried, hall: Hall, now: datetime, hook_secret: str = "", *, confirms_email: bool = False
) -> Tried:
    """Return what was tried out with all that is to be kept of the shop, to be given to the house at once.

    What is kept of a shop that was here before is read only here: the calls took a while, and what the merchant saved
    meanwhile stays.
    """
    facts = tried.facts
    tokens = hall.tokens(hall.elsewhere(facts.address, facts.sign) or facts.address)
    old = None if tokens is None else keys.unpacked(tokens)
    new = renewed(old, tried.keys, now, hook_secret, confirms_email=confirms_email)
    return msgspec.structs.replace(tried, keys=new)


def renewed(
    old: Keys | None, tried: Keys, now: datetime, hook_secret: str = "", *, confirms_email: bool
) -> Keys:
    """Return the keys that were tried; all else stays as the merchant left it, unless they say otherwise now."""
    if old is None:
        # Without one typed nobody knows it, and nothing that calls itself a hint of this shop is believed.
        secret = hook_secret or keys.fresh_secret()
        return msgspec.structs.replace(tried, hook_secret=secret, confirms_email=confirms_email)
    return msgspec.structs.replace(
        keys.with_secret(old, hook_secret or old.hook_secret, now),
        **{name: getattr(tried, name) for name in (*KEYS, "spelling", "default_group")},
        confirms_email=confirms_email or old.confirms_email,
        doubted=old.doubted and not confirms_email,
    )


def patience() -> float:
    """Return until when, of the monotonic clock, somebody who comes now waits before the page."""
    return time.monotonic() + PATIENCE


def try_out(base: str, four: Four, allowed: frozenset[str], ends: float, *, known: bool = False) -> Tried:
    """Find out how the shop is signed to, whether a right is missing, and what it is.

    Raises NotConnected where rights are missing, Unauthorized where the keys are not accepted, and the port's other errors.
    A `known` shop goes on without rights that are for one thing only: its old keys may be dead, and these all that it has.
    """
    new = Keys(*four, hook_secret="")
    new = msgspec.structs.replace(new, spelling=scheme.found(base, new, allowed, ends=ends))
    client = Client(base, new, allowed, ends=ends)
    missing = tuple(right for right in rights.NEEDED if not granted(client, right))
    if rights.lacks_all(missing):
        # It names the right that each call lacks, so that it is not our signature that it does not accept.
        if scheme.is_looked_at(base, new, allowed, ends):
            raise NotConnected({"consumer_key": Mistake.NOTHING_ALLOWED})
        raise NotConnected({"address": Mistake.NO_HEADER})
    if any(right.reads or not known for right in missing):
        raise NotConnected({"address": Mistake.RIGHTS_MISSING}, missing)
    facts = Stores(client).facts()
    return Tried(facts, msgspec.structs.replace(new, default_group=groups.newcomers(client)), missing)


def _try_out_above(base: str, four: Four, allowed: frozenset[str], ends: float) -> Tried:
    """Try the shop out where it was said to be, and in the folders above where no Magento answers: pages are pasted."""
    astray: ShopError | None = None
    for place in address.folders(base):
        try:
            return try_out(place, four, allowed, ends)
        except (answers.NotMagento, answers.Gone, answers.Redirected) as error:
            if getattr(error, "to", ""):
                raise  # it says where the shop is
            astray = astray or error
    raise astray or Refused("There is no shop.")


def installed(tried: Tried, merchant_code: str = "") -> Installed:
    """Return what the house is given of a shop."""
    return Installed(
        tried.facts, keys.packed(tried.keys), merchant_code.strip() or None, has_moved=tried.moved
    )


def welcome(tried: Tried, merchant_code: str, hall: Hall) -> Welcomed:
    """Hand the shop to the house; raise NotConnected where the code is none, or the shop would be there twice."""
    try:
        return hall.welcome(installed(tried, merchant_code))
    except Already as error:
        here = Mistake.REMOVED_AT if error.removed else Mistake.CONNECTED_AT
        wrong = here if error.address else Mistake.CONNECTED
        raise NotConnected({"address": wrong}, to=error.address) from error
    except Refused as error:
        raise NotConnected({"merchant_code": Mistake.TURNED_DOWN}) from error


def _address(typed: Typed, hall: Hall) -> str:
    mistakes = {name: Mistake.EMPTY for name in ("address", *KEYS) if not getattr(typed, name).strip()}
    texts = {name: text for name in typed.__struct_fields__ if isinstance(text := getattr(typed, name), str)}
    mistakes |= {name: Mistake.TOO_LONG for name, text in texts.items() if len(text) > LONGEST}
    if 0 < len(typed.hook_secret.strip()) < SHORTEST_SECRET:
        mistakes["hook_secret"] = Mistake.TOO_SHORT
    base = ""
    if "address" not in mistakes:
        try:
            base = hall.guard(address.normalised(typed.address))
        except address.NotAnAddress:
            mistakes["address"] = Mistake.NO_ADDRESS
        except Refused:
            mistakes["address"] = Mistake.NOT_ALLOWED
    if mistakes:
        raise NotConnected(mistakes)
    return base


def granted(client: Client, right: Right) -> bool:
    """Tell whether the integration has the right, by a call that needs it and changes nothing."""
    try:
        if right.method == "GET":
            client.call("GET", right.path, pairs=rights.asked(right))
        else:
            client.call(right.method, right.path, body=b"{}")
    except (Unauthorized, Forbidden):
        return False
    except (Refused, OutcomeUnknown):
        # The empty body was looked at, so the right was not what stopped it.
        if right.method == "GET":
            raise
    return True


def mistake(error: ShopError) -> Mistake:
    """Return what a failure on the way to the shop says of the address or the keys that were typed."""
    match error:
        case answers.Redirected(to=to) | answers.SentElsewhere(to=to) if to:
            return Mistake.REDIRECTED_TO
        case answers.Redirected():
            return Mistake.REDIRECTED
        case answers.NotMagento() | Refused():
            return Mistake.NOT_MAGENTO
        case Unauthorized():
            return Mistake.KEYS_REFUSED
        case TryLater() | OutcomeUnknown():
            return Mistake.UNREACHABLE
        case _:
            return Mistake.NOT_MAGENTO
