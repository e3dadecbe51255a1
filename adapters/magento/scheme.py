"""Finding out how a shop can be signed to, and which setting of it or of its server keeps that from being the usual way."""

import math
from typing import Literal

import msgspec

from connector.port import Unauthorized

from .answers import Untrusted
from .client import DEAD, Client
from .keys import Keys
from .signing import Spelling, spellings

Fault = Literal["scheme", "port", "bearer"]

FAULTS: dict[Spelling, tuple[Fault, ...]] = {
    "as_is": (),
    "other_scheme": ("scheme",),
    "no_port": ("port",),
    "other_scheme_no_port": ("scheme", "port"),
    "bearer": ("bearer",),
}


def found(
    address: str, keys: Keys, allowed: frozenset[str], *, bearer: bool = True, ends: float = math.inf
) -> Spelling:
    """Return how calls must be signed for the shop to accept them, by a call that changes nothing.

    The bearer is looked for where it is asked for, and found only where no signature is accepted and the token alone is.
    Raises Unauthorized where nothing is, and whatever else keeps the shop from being asked. `ends` as of a Client.
    """
    for spelling in spellings(address):
        if _signed(address, msgspec.structs.replace(keys, spelling=spelling), allowed, ends):
            return spelling
    if not bearer:
        raise Unauthorized(DEAD)
    bare = Client(address, msgspec.structs.replace(keys, spelling="bearer"), allowed, ends=ends)
    try:
        bare.probe()
    except Untrusted as error:
        # The right to the probe may be all that is missing.
        if not bare.is_let_in():
            raise Unauthorized(DEAD) from error
    return "bearer"


def is_looked_at(address: str, keys: Keys, allowed: frozenset[str], ends: float = math.inf) -> bool:
    """Tell whether Magento sees signatures at all, by a wrong one: to a call with none it names a right it lacks."""
    wrong = msgspec.structs.replace(keys, token_secret=f"not {keys.token_secret}", spelling="as_is")
    return not _signed(address, wrong, allowed, ends)


def _signed(address: str, keys: Keys, allowed: frozenset[str], ends: float) -> bool:
    try:
        Client(address, keys, allowed, ends=ends).probe()
    except Untrusted as error:
        # Where Magento names a right it has looked at the signature before, and found it good; or has seen none.
        return bool(error.resources)
    return True
