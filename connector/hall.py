"""The doorstep that install pages are given: welcome a shop, find its tokens, ask whether an address may be called."""

from __future__ import annotations

from datetime import timedelta

from flask import has_request_context, session
from msgspec.structs import replace

from connector.addresses import household, neighbourhood
from connector.flow import welcoming
from connector.house import House
from connector.port import Installed, Known, Platform, TokenVault, Welcomed
from connector.secrets import CannotOpen
from connector.store import merchants, moves, pending, rates, shops, spent, vaults
from connector.store.rates import Limit
from connector.store.shops import Shop

VISITS_OF_A_CALLER, VISITS_OF_A_NETWORK, VISITS = 20, 40, 120  # a minute, that have shops called
SIGN_IN_VALID = timedelta(minutes=10)


class DoorStep:
    """One platform's hall (port.Hall)."""

    def __init__(self, house: House, platform: Platform) -> None:
        self._house = house
        self._platform = platform
        self.public_url = house.settings.public_url
        self.session_secret = house.key(f"install state of {platform.name}")

    def welcome(self, installed: Installed) -> Welcomed:
        """Keep the shop, start its import, and return a one-time address that signs its merchant in."""
        house = self._house
        arrived = welcoming.welcome(house.database, self._platform, _as_read(installed), house.now())
        return Welcomed(sign_in_url(house, arrived.merchant_id), arrived.shop_key)

    def vault(self, address: str) -> TokenVault | None:
        """Return the vault of an installed shop, or None where the shop is not known."""
        shop = self._find(address)
        return None if shop is None or shop.state == "removed" else self._house.vault(shop)

    def tokens(self, address: str) -> bytes | None:
        """Return the tokens of an installed shop; None where the shop is not known, or they cannot be opened."""
        vault = self.vault(address)
        try:
            return None if vault is None else vault.read()
        except (vaults.NoTokens, CannotOpen):
            # It is being connected again, and what it brings takes their place.
            return None

    def once(self, word: str, lasts: timedelta) -> bool:
        """Tell whether this word comes for the first time within so long, at whichever process it came before."""
        now = self._house.now()
        with self._house.database.everyone() as connection:
            return spent.take(connection, f"{self._platform.name} {word}", now, now + lasts)

    def keep(self, word: str, what: bytes, lasts: timedelta) -> None:
        """Keep something secret under this word for so long, for every process; what it held before is gone."""
        now = self._house.now()
        with self._house.database.everyone() as connection:
            pending.keep(connection, self._house.ring, self._own(word), what, now, now + lasts)

    def kept(self, word: str) -> bytes | None:
        """Return what is kept under this word; None where nothing is, or not any more."""
        with self._house.database.everyone() as connection:
            return pending.kept(connection, self._house.ring, self._own(word), self._house.now())

    def drop(self, word: str) -> None:
        """Forget what is kept under this word; nothing there is fine."""
        with self._house.database.everyone() as connection:
            pending.drop(connection, self._house.ring, self._own(word))

    def known(self, address: str) -> Known | None:
        """Return how a shop stands; None where it was never here."""
        shop = self._find(address)
        return None if shop is None else Known(shop.state)

    def elsewhere(self, address: str, sign: str) -> str:
        """Return at which other address the house knows the shop of this sign; empty where it is new, or known here."""
        with self._house.database.everyone() as connection:
            found = moves.known_elsewhere(connection, self._house.ring, self._platform.name, address, sign)
        return "" if found is None else found.address

    def expects(self) -> bool:
        """Tell whether a merchant is about to bring a further shop: a code that joins one is out."""
        with self._house.database.everyone() as connection:
            return merchants.is_out(connection, "join", self._house.now())

    def reconnect(self, installed: Installed) -> None:
        """Give a shop that was here before, wherever, its new tokens, signing nobody in; raise LookupError for any other."""
        facts = installed.facts
        if self._find(facts.address) is None and not self.elsewhere(facts.address, facts.sign):
            raise LookupError("no such shop")
        welcoming.welcome(self._house.database, self._platform, installed, self._house.now())

    def enter(self, address: str) -> str:
        """Return a one-time address that signs in the merchant of a known shop; raise LookupError."""
        shop = self._find(address)
        if shop is None:
            raise LookupError("no such shop")
        return sign_in_url(self._house, shop.merchant_id)

    def visits(self, caller: str) -> timedelta | None:
        """Count a visit that has a shop called, from this IP address; return how long to wait where there are too many."""
        limits = (
            Limit(f"{self._own('visits from')} {household(caller)}", VISITS_OF_A_CALLER),
            Limit(f"{self._own('visits of')} {neighbourhood(caller)}", VISITS_OF_A_NETWORK),
            Limit(self._own("visits"), VISITS),
        )
        with self._house.database.everyone() as connection:
            return rates.count(connection, self._house.ring, limits, self._house.now())

    def guard(self, url: str) -> str:
        """Return the URL when outgoing calls may go there; raise Refused with the reason otherwise."""
        return self._house.guard(url)

    def _own(self, word: str) -> str:
        return f"{self._platform.name} {word}"

    def _find(self, address: str) -> Shop | None:
        with self._house.database.everyone() as connection:
            return shops.find_by_address(connection, self._platform.name, address)


def _as_read(installed: Installed) -> Installed:
    """Return it with the language in which its merchant reads our pages, where they chose one; else with the shop's own."""
    reads = session.get("language") if has_request_context() else None
    if reads is None:
        return installed
    return replace(installed, facts=replace(installed.facts, language=str(reads)))


def sign_in_url(house: House, merchant_id: int, valid: timedelta = SIGN_IN_VALID) -> str:
    """Return an address that signs the merchant in, once."""
    with house.database.merchant(merchant_id) as tx:
        word = merchants.give_pass(tx, "sign_in", house.now(), valid)
    return f"{house.settings.public_url}/signin/{word}"
