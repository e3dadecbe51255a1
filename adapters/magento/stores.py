"""What the installation says of itself: websites, their currency and time zone, the language of each store view."""

from functools import cached_property
from urllib.parse import urlsplit

from connector.port import Refused, ShopFacts

from . import address
from .client import Client
from .wire import StoreConfig, Website

# What Magento calls the first website until somebody gives it a name.
_UNNAMED = "main website"


class Stores:
    """The websites and store views of one installation, read once."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @cached_property
    def views(self) -> list[StoreConfig]:
        """Every store view but the admin's, the oldest first."""
        found = self._client.read("store/storeConfigs", list[StoreConfig])
        views = sorted((view for view in found if view.website_id != 0), key=lambda view: view.id)
        if not views:
            raise Refused("The shop has no store view.")
        return views

    @cached_property
    def sites(self) -> list[Website]:
        """Every website but the admin's."""
        return [site for site in self._client.read("store/websites", list[Website]) if site.id != 0]

    @property
    def main(self) -> StoreConfig:
        """The store view that answers at the shop's address, else the oldest."""
        own = self._client.address
        here = (view for view in self.views if own in (view.secure_base_url, view.base_url))
        return next(here, self.views[0])

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address that the shop calls its own, as the house keeps addresses."""
        said = {text for view in self.views for text in (view.secure_base_url, view.base_url)}
        return tuple(sorted(filter(None, map(_normalised, said))))

    def facts(self) -> ShopFacts:
        """Return the shop's name, books' currency, time zone and language, as its main store view has them."""
        books = {view.base_currency_code for view in self.views}
        name = next((site.name for site in self.sites if site.id == self.main.website_id), "")
        return ShopFacts(
            address=self._client.address,
            name=name if name and name.lower() != _UNNAMED else urlsplit(self._client.address).netloc,
            currency=self.main.base_currency_code,
            timezone=self.main.timezone,
            language=language(self.main.locale),
            currencies=tuple(sorted(books - {self.main.base_currency_code})),
            addresses=self.addresses,
            sign=self._client.sign,
        )

    def language_of(self, store_id: int | None) -> str | None:
        """Return the language of a store view; None where the view is unknown."""
        return next((language(view.locale) for view in self.views if view.id == store_id), None)

    def websites(self, currency: str | None = None) -> tuple[int, ...]:
        """Return the websites, or those that keep their books in `currency`."""
        return tuple(
            sorted({view.website_id for view in self.views if currency in (None, view.base_currency_code)})
        )

    def books_of(self, website_id: int | None) -> str | None:
        """Return the currency of a website's books; None where all websites have the same, or this one is unknown."""
        books = {view.website_id: view.base_currency_code for view in self.views}
        return books.get(website_id or 0) if len(set(books.values())) > 1 else None

    def currency_of(self, website_ids: list[int]) -> str:
        """Return the currency of the books of these websites, else of the main one."""
        found = (view.base_currency_code for view in self.views if view.website_id in website_ids)
        return next(found, self.main.base_currency_code)


def _normalised(text: str) -> str:
    try:
        return address.normalised(text)
    except address.NotAnAddress:
        return ""  # a shop may say {{base_url}}


def language(locale: str) -> str:
    """Return the language of a locale: nl_NL -> nl."""
    return locale.partition("_")[0].lower() or "en"
