"""Connecting a shop: its address and keys are tried out before anything is kept."""

import secrets
from enum import Enum

import msgspec

from connector.port import (
    Forbidden,
    Hall,
    Installed,
    OutcomeUnknown,
    Refused,
    ShopError,
    TryLater,
    Unauthorized,
    Welcomed,
)

from . import address, answers, groups, keys, rights
from .client import Client
from .keys import Keys
from .rights import Right
from .stores import Stores

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


KEYS = ("consumer_key", "consumer_secret", "token", "token_secret")


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
    RIGHTS_MISSING = "rights_missing"
    TURNED_DOWN = "turned_down"


class NotConnected(Exception):
    """The shop was not connected. `mistakes` names fields; `missing` the rights to tick; `to` where it redirects us."""

    def __init__(self, mistakes: dict[str, Mistake], missing: tuple[Right, ...] = (), to: str = "") -> None:
        super().__init__(", ".join(mistakes))
        self.mistakes = mistakes
        self.missing = missing
        self.to = to


def connect(typed: Typed, hall: Hall, allowed: frozenset[str]) -> Welcomed:
    """Try the shop out and hand it to the house; raise NotConnected where something is wrong."""
    base = _address(typed, hall)
    new = Keys(
        **{name: getattr(typed, name).strip() for name in KEYS},
        # Without one typed nobody knows it, and nothing that calls itself a hint of this shop is believed.
        hook_secret=typed.hook_secret.strip() or secrets.token_urlsafe(24),
        confirms_email=typed.confirms_email,
    )
    try:
        client = Client(base, new, allowed)
        _prove(client)
        facts = Stores(client).facts()
        new = msgspec.structs.replace(new, default_group=groups.newcomers(client))
    except ShopError as error:
        raise NotConnected({"address": mistake(error)}, to=getattr(error, "to", "")) from error
    try:
        return hall.welcome(Installed(facts, keys.packed(new), typed.merchant_code.strip() or None))
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


def _prove(client: Client) -> None:
    missing = tuple(right for right in rights.NEEDED if not granted(client, right))
    if len(missing) == len(rights.NEEDED):
        raise NotConnected({"consumer_key": Mistake.KEYS_REFUSED})
    if missing:
        raise NotConnected({"address": Mistake.RIGHTS_MISSING}, missing)


def granted(client: Client, right: Right) -> bool:
    """Tell whether the integration has the right, by a call that needs it and changes nothing."""
    one = (("searchCriteria[pageSize]", "1"), ("searchCriteria[currentPage]", "1"), ("fields", "total_count"))
    try:
        if right.method == "GET":
            client.call("GET", right.path, pairs=() if right.path == rights.GRANTED else one)
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
