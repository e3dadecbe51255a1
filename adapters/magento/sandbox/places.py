"""Where the shop sells: its websites, each with books of its own, and their store views."""

from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

TIMEZONE = ZoneInfo("America/New_York")
WEBSITE = 1
CURRENCY = "USD"  # of the main website's books, and the "global" one of the installation
_UNIT = 10000


class Website(msgspec.Struct, frozen=True):
    """One website; `currency` is that of its books, `to_global` what one unit of it is in US dollars (1.087)."""

    id: int
    code: str
    name: str
    store_name: str
    store_code: str
    currency: str = CURRENCY
    to_global: float = 1
    timezone: str = TIMEZONE.key

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class StoreView(msgspec.Struct, frozen=True):
    """One language of a website; `rate` in ten-thousandths of its currency for one unit of the website's books."""

    id: int
    code: str
    name: str
    locale: str
    currency: str
    rate: int
    website_id: int = WEBSITE

    @property
    def prefix(self) -> str:
        """What the numbers of its orders begin with."""
        return "" if self.id == 1 else str(self.id)


class Places(msgspec.Struct, frozen=True):
    """All websites and store views of the installation, in the order of their ids."""

    websites: tuple[Website, ...]
    views: tuple[StoreView, ...]

    def website(self, key: int) -> Website:
        """Return the website with that id; raise LookupError."""
        return {one.id: one for one in self.websites}[key]

    def view(self, key: int) -> StoreView | None:
        return next((one for one in self.views if one.id == key), None)

    def view_called(self, code: str) -> StoreView:
        """Return the view of that code, else the oldest."""
        return next((one for one in self.views if one.code == code), self.views[0])

    def of_view(self, key: int) -> Website:
        """Return the website a store view belongs to; a view that is not there is taken for the oldest."""
        return self.website((self.view(key) or self.views[0]).website_id)

    def views_of(self, website_id: int) -> list[StoreView]:
        return [view for view in self.views if view.website_id == website_id]

    def home_of(self, customer: int) -> StoreView:
        """The store view an invented shopper buys in: with two websites every fifth at the second."""
        return self.views_of(2)[0] if len(self.websites) > 1 and customer % 5 == 0 else self.views[0]

    def full_name(self, view: StoreView) -> str:
        """The `store_name` of an order: website, store, view, each on a line of its own."""
        site = self.website(view.website_id)
        return f"{site.name}\n{site.store_name}\n{view.name}"


Count = Literal[1, 2]

_MAIN = Website(WEBSITE, "base", "Main Website", "Main Website Store", "main_website_store")
_EUROPE = Website(2, "eu", "Europe Website", "Europe Store", "eu_store", "EUR", 1.087, "Europe/Berlin")
_DEFAULT = StoreView(1, "default", "Default Store View", "en_US", "USD", _UNIT)

# As a shop with one website stands from the start; and as the recorded shop stands, where the second website's view
# was made before the first one's second view.
ONE = Places((_MAIN,), (_DEFAULT, StoreView(2, "uk_en", "UK English", "en_GB", "GBP", 7900)))
TWO = Places(
    (_MAIN, _EUROPE),
    (
        _DEFAULT,
        StoreView(2, "eu_de", "Deutsch", "de_DE", "EUR", _UNIT, 2),
        StoreView(3, "uk_en", "UK English", "en_GB", "GBP", 7900),
    ),
)
BY_COUNT: dict[int, Places] = {1: ONE, 2: TWO}
