"""The Magento plug: what the house finds under the entry point, every call handed on."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import flask

from connector import port

from . import callbacks, hints, pages
from .line import Line


class Magento:
    """Magento Open Source and Adobe Commerce, 2.3 and later, over REST."""

    name = "magento"
    title = "Magento"
    mark_kind: port.MarkKind = "group"
    binds_coupons = False
    gives: frozenset[port.Gift] = frozenset({"amount", "percentage", "free_shipping"})
    # Rules are switched off within the hour of their last day (Line.end_codes), and orders read every few minutes.
    codes_outlive = timedelta(hours=2)
    shows_cards = False
    keeps_cards = False  # staff, other programs and the shopper's own calls write the same attributes
    polled = True
    privacy_topics: tuple[str, ...] = ()

    def settings(self, env: Mapping[str, str]) -> tuple[port.Setting, ...]:
        """Nothing: all that is needed, the merchant pastes for their own shop."""
        return ()

    def pages(self, env: Mapping[str, str], hall: port.Hall) -> flask.Blueprint:
        return pages.blueprint(env, hall)

    def callbacks(self, env: Mapping[str, str], hall: port.Hall) -> flask.Blueprint | None:
        return callbacks.blueprint(hall)

    def files(self, env: Mapping[str, str], public_url: str) -> Mapping[str, str]:
        """None: all that Magento is told, the merchant enters there."""
        return {}

    def connect(self, env: Mapping[str, str], address: str, public_url: str) -> port.Installed:
        """None: every Magento shop has keys of its own."""
        raise port.Refused(f"Magento shops are connected by their merchant, at {public_url}/magento.")

    def shopper(self, env: Mapping[str, str], query: bytes, now: datetime) -> port.Shopper:
        """Nobody: Magento forwards nothing of its storefront."""
        raise port.BadSignature("no storefront")

    def frame(self, env: Mapping[str, str]) -> None:
        """None: Magento's admin frames no pages of others."""

    def open(
        self, env: Mapping[str, str], shop: port.ShopLine, vault: port.TokenVault, pace: port.Pace = "live"
    ) -> Line:
        # Magento counts no calls; there is no room to leave.
        return Line(env, shop, vault)

    def receive(
        self, env: Mapping[str, str], knock: port.Knock, vault: port.TokenVault | None
    ) -> port.Delivery:
        return hints.received(knock, vault)

    def answer(self, delivery: port.Delivery) -> tuple[bytes, str] | None:
        return hints.answer(delivery)

    def challenge(
        self, env: Mapping[str, str], query: Mapping[str, str], vault: port.TokenVault
    ) -> str | None:
        return hints.challenge(query, vault)

    def read(self, delivery: port.Delivery) -> tuple[port.Change, ...]:
        return hints.read(delivery)


platform: port.Platform = Magento()
