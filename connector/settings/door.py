"""Who is at the pages: the signed-in merchant, and the one transaction in which their page is read."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import NoReturn, Protocol

import msgspec
from flask import Response, abort, g, request, session

from connector.config import Settings
from connector.port import Platform, ShopAdapter
from connector.settings import sessions, tongue
from connector.store import merchants, shops
from connector.store.database import Database, Tx
from connector.store.merchants import Merchant
from connector.store.shops import Shop


class House(Protocol):
    """What the pages are handed."""

    @property
    def database(self) -> Database: ...

    @property
    def platforms(self) -> Mapping[str, Platform]: ...

    @property
    def now(self) -> Callable[[], datetime]: ...

    @property
    def settings(self) -> Settings: ...

    def line(self, shop: Shop) -> ShopAdapter: ...


class Visit(msgspec.Struct, frozen=True):
    """A signed-in merchant looking at one page: their transaction, who they are, their shops, the time."""

    tx: Tx
    merchant: Merchant
    shops: tuple[Shop, ...]
    now: datetime

    @property
    def zone(self) -> str:
        """The time zone of what belongs to no single shop."""
        return self.merchant.timezone

    def shop(self, shop_id: int) -> Shop:
        """Return one of the merchant's shops; answer 404 when it is none of theirs."""
        for shop in self.shops:
            if shop.id == shop_id:
                return shop
        not_there()


def current_merchant() -> int:
    """Return the id of the signed-in merchant; answer 401 when nobody is signed in."""
    merchant_id = session.get("merchant_id")
    if not isinstance(merchant_id, int):
        _not_signed_in()
    return merchant_id


@contextmanager
def visit(house: House) -> Iterator[Visit]:
    """Open the page's one transaction; it commits when the block ends, also by a return."""
    merchant_id = current_merchant()
    with house.database.merchant(merchant_id) as tx:
        try:
            merchant = merchants.get(tx)
        except LookupError:
            # The merchant was erased while a browser was still signed in.
            tongue.start_over()
            _not_signed_in()
        if "inside" not in g and sessions.is_over(tx, merchant):
            tongue.start_over()
            _not_signed_in()
        g.merchant = merchant
        yield Visit(tx, merchant, shops.of_merchant(tx), house.now())


def _not_signed_in() -> NoReturn:
    if request.headers.get("HX-Request"):
        # A part of a page asks: the whole page must show that the visit is over, not that part.
        abort(Response(status=401, headers={"HX-Refresh": "true"}))
    abort(401)


def not_there() -> NoReturn:
    """Answer 404: it does not exist, or it is somebody else's."""
    abort(404)
