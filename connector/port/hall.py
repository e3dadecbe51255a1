"""What the house hands in: a shop's tokens, and the doorstep that install pages stand on."""

from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Protocol

import msgspec

from connector.port.answers import ShopFacts


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
    """A shop that has just proved itself. `tokens` is opaque to the house; `merchant_code` joins an existing merchant.

    `has_moved`: where the house knows it elsewhere, it says there itself that it has moved. Without that a code of its
    merchant moves it, and nothing else.
    """

    facts: ShopFacts
    tokens: bytes
    merchant_code: str | None = None
    has_moved: bool = False


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

    def elsewhere(self, address: str, sign: str) -> str:
        """Return at which other address the house knows the shop of this sign; empty where it is new, or known here.

        It is there no more once it is welcomed or connected again from this address.
        """
        ...

    def expects(self) -> bool:
        """Tell whether a merchant is about to bring a further shop: a code that joins one is out."""
        ...

    def reconnect(self, installed: Installed) -> None:
        """Give a shop that was here before, wherever, its new tokens, signing nobody in; raise LookupError for any other."""
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
