"""Where a shop was before: whether it is there still, has left that address, or nobody can tell.

Who copies a shop copies its keys too, and who once set up an integration may hold its key and secret still. So a move is
proved by what answers at the old address, never by what answers at the new one.
"""

import math
import time
from enum import Enum
from urllib.parse import urlsplit

import msgspec

from connector.port import Forbidden, Refused, ShopError, Unauthorized

from . import answers, groups
from .client import Client
from .keys import Keys

PATIENCE = 10.0  # seconds, for all that is asked there


class Before(Enum):
    """What was found where the shop was before."""

    THERE = "there"
    ILL = "ill"
    MOVED = "moved"
    UNPROVED = "unproved"


def found(
    there: str, old: Keys, new: Keys, address: str, allowed: frozenset[str], ends: float = math.inf
) -> Before:
    """Tell how it stands at the address `there`, where the shop took its old keys; `address` is where it takes the new.

    MOVED is only what the shop itself says: it sends us on to where it is now, or takes the new keys in place of the old.
    ILL is what may be over in a moment. UNPROVED: nothing answers there, or something that is not the shop.
    """
    ends = min(ends, time.monotonic() + PATIENCE)
    try:
        _ask(there, old, allowed, ends)
    except (Forbidden, answers.Untrusted):
        return Before.THERE  # it names a right that is missing: the keys are good
    except Unauthorized:
        if old.spelling == "bearer":
            return Before.UNPROVED  # whoever has that address now would be handed the new token itself
        return _renewed(there, msgspec.structs.replace(new, spelling=old.spelling), allowed, ends)
    except ShopError as error:
        return _without_answer(error, address)
    return Before.THERE


def _renewed(there: str, new: Keys, allowed: frozenset[str], ends: float) -> Before:
    """Tell how it stands where the old keys are dead, as they are after Reauthorize, and once the integration is deleted."""
    try:
        _ask(there, new, allowed, ends)
    except Unauthorized:
        return Before.UNPROVED
    except ShopError as error:
        return _without_answer(error, "")
    return Before.MOVED


def _without_answer(error: ShopError, address: str) -> Before:
    match error:
        case answers.Redirected(to=to) | answers.SentElsewhere(to=to):
            sent_here = bool(to) and urlsplit(to).netloc == urlsplit(address).netloc
            return Before.MOVED if sent_here else Before.UNPROVED
        case answers.Unreached() | answers.NotMagento() | Refused():
            return Before.UNPROVED
        case _:
            return Before.ILL


def _ask(address: str, keys: Keys, allowed: frozenset[str], ends: float) -> None:
    # Not its websites: a shop may tell anybody of those, whatever keys they bring.
    groups.newcomers(Client(address, keys, allowed, ends=ends))
