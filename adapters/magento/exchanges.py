"""What was posted for a key, and how far the exchange of its tokens is: kept, so that a broken step is taken up again."""

import hashlib
import re
from datetime import timedelta

import msgspec

from connector.port import Hall

from .signing import Spelling

LASTS = timedelta(minutes=15)
# Without its request token a half-done exchange can never be ended, nor begun again: the shop waits for it for ever.
HALF_DONE_LASTS = timedelta(days=1)
MOST = 2  # posts about one key that are kept, and whose shops are called: anybody can post
WORD = re.compile(r"[A-Za-z0-9]{32}")
"""What Magento makes its keys, tokens, secrets and verifiers of."""


class Claim(msgspec.Struct, frozen=True):
    """What somebody posted, who may be the shop; `at` in Unix time."""

    address: str
    consumer_key: str
    consumer_secret: str
    verifier: str
    at: float

    def same(self, other: "Claim") -> bool:
        """Tell whether they say the same, whenever they came."""
        return msgspec.structs.replace(self, at=other.at) == other

    def __repr__(self) -> str:
        return "Claim(...)"  # a traceback that shows its locals must not show these


class Exchange(msgspec.Struct, frozen=True):
    """How far the exchange is that the shop agreed to. `browser` is a digest of the word that the merchant's browser holds.

    `address`: where the shop did, which may be shorter than it says. `done`: a shop that was here before has its new tokens.
    """

    claim: Claim
    address: str
    browser: str
    spelling: Spelling
    request_token: str
    request_secret: str
    token: str = ""
    token_secret: str = ""
    done: bool = False

    def __repr__(self) -> str:
        return "Exchange(...)"


def claim(hall: Hall, new: Claim) -> None:
    """Keep what was posted, before what was posted for its key earlier."""
    others = [one for one in claims(hall, new.consumer_key) if not one.same(new)]
    hall.keep(f"claims {new.consumer_key}", msgspec.json.encode([new, *others][:MOST]), LASTS)


def claims(hall: Hall, key: str) -> list[Claim]:
    """Return what was posted for a key, the newest first."""
    found = hall.kept(f"claims {key}")
    return [] if found is None else msgspec.json.decode(found, type=list[Claim])


def begun(hall: Hall, key: str) -> Exchange | None:
    """Return how far the exchange for a key is; None where the shop has agreed to none."""
    found = hall.kept(f"exchange {key}")
    return None if found is None else msgspec.json.decode(found, type=Exchange)


def keep(hall: Hall, exchange: Exchange) -> None:
    """Keep how far the exchange is."""
    lasts = LASTS if exchange.token else HALF_DONE_LASTS
    hall.keep(f"exchange {exchange.claim.consumer_key}", msgspec.json.encode(exchange), lasts)


def drop(hall: Hall, key: str) -> None:
    """Keep nothing of a key any more."""
    hall.drop(f"claims {key}")
    hall.drop(f"exchange {key}")


def digest(word: str) -> str:
    """Return what is kept of the word that a browser holds."""
    return hashlib.sha256(word.encode()).hexdigest()
