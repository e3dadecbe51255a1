"""The shop: everything it knows, under one lock, and the rooms that its rules work in."""

import secrets
import shutil
import tempfile
import threading
import weakref
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from adapters.shopify.sandbox import paging
from adapters.shopify.sandbox.cost import Bucket
from adapters.shopify.sandbox.faults import Faulty
from adapters.shopify.sandbox.shelf import Shelf
from adapters.shopify.sandbox.things import (
    Bulk,
    Catalogue,
    Customer,
    Discount,
    Fate,
    Gifts,
    ManyCodes,
    Order,
    Subscription,
)
from adapters.shopify.sandbox.tokens import Desk

if TYPE_CHECKING:
    from adapters.shopify.sandbox.mail import Mail

ZONE = "Europe/London"
CURRENCY = "GBP"
API_VERSION = "2026-10"
ALL_SCOPES = (
    "read_all_orders,read_orders,read_customers,write_customers,read_customer_merge,read_products,"
    "read_discounts,write_discounts,write_app_proxy"
)

# Numbers as large as the platform's own, each kind in a range of its own.
_FIRST = {
    "customer": 7_100_000_000_000,
    "order": 5_700_000_000_000,
    "line": 14_700_000_000_000,
    "transaction": 6_300_000_000_000,
    "refund": 880_000_000_000,
    "refund_line": 590_000_000_000,
    "fulfillment": 5_200_000_000_000,
    "discount": 1_600_000_000_000,
    "collection": 470_000_000_000,
    "segment": 530_000_000_000,
    "metafield": 31_000_000_000_000,
    "definition": 190_000_000_000,
    "gift_card": 660_000_000_000,
    "credit_account": 12_000_000_000,
    "credit": 45_000_000_000,
    "subscription": 1_300_000_000_000,
    "bulk": 7_900_000_000_000,
    "edit": 78_000_000_000,
    "many_codes": 799_000_000_000,
}


_OF_PEOPLE = ("ORDERS_", "REFUNDS_", "CUSTOMERS_")
_BY_LAW = ("CUSTOMERS_REDACT", "CUSTOMERS_DATA_REQUEST")
_PERSONAL = frozenset({"email", "contact_email", "first_name", "last_name", "phone"})


def nameless(body: Any) -> Any:
    """Return a body as an app sees it that is not approved for what is personal."""
    match body:
        case dict():
            return {name: None if name in _PERSONAL else nameless(word) for name, word in body.items()}
        case list():
            return [nameless(one) for one in body]
        case _:
            return body


class Refusal(Exception):
    """The shop's rules do not allow this; the text says why."""


class Shop:
    """One sandbox shop. Hold `lock` while reading or changing it.

    `clock` gives the time of the platform's own stamps (updated_at, tokens); what a caller dates comes as an argument.
    """

    def __init__(
        self,
        domain: str = "demo-gifts.myshopify.com",
        client_id: str | None = None,
        client_secret: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.domain = domain
        self.client_id = client_id or secrets.token_hex(16)
        self.client_secret = client_secret or "shpss_" + secrets.token_hex(16)
        self.clock = clock
        self.lock = threading.RLock()
        self.id = 61_000_000_000 + sum(domain.encode())
        self.opened_at = datetime(2009, 12, 1, tzinfo=UTC)
        self.app_scopes = ALL_SCOPES
        self.api_version = API_VERSION
        self.embedded = False  # as the app file says
        # Where topics go for every shop that has the app, by the app file; None: no file came, and only what an app cannot
        # do without goes to its own address.
        self.declared: dict[str, list[str]] | None = None
        self.visitor: str | None = None  # the customer who is signed in in the storefront
        self.own_url = ""  # where this process answers, once it does
        self.protected = 2  # how much of protected customer data the app is approved for: 0, 1 or 2
        self.order_days = 60  # how far back orders are shown without read_all_orders
        self.page_end = paging.END  # how many things the pages of one search show
        self.public_url: str | None = None
        self.customers: Shelf[Customer] = Shelf(
            {
                "id": lambda it: it.id,
                "created_at": lambda it: it.created_at,
                "updated_at": lambda it: it.updated_at,
            }
        )
        self.orders: Shelf[Order] = Shelf(
            {
                "id": lambda it: it.id,
                "processed_at": lambda it: it.placed_at,
                "updated_at": lambda it: it.updated_at,
            }
        )
        self.discounts: Shelf[Discount] = Shelf(
            {
                "id": lambda it: it.id,
                "title": lambda it: it.title,
                "created_at": lambda it: it.created_at,
                "updated_at": lambda it: it.updated_at,
                "starts_at": lambda it: it.starts_at,
            }
        )
        self.codes: dict[str, int] = {}
        self.many_codes: dict[int, ManyCodes] = {}
        self.catalogue = Catalogue()
        self.gifts = Gifts()
        self.subscriptions: dict[int, Subscription] = {}
        self.bulks: dict[int, Bulk] = {}
        self.files: dict[int, str] = {}  # where each bulk file lies
        self.bulk_seconds = 0.0  # how long a bulk query takes at least
        self.bulk_most: int | None = None  # roots that a bulk query gets through before its time is up
        self.bulk_fates: list[Fate] = []  # what becomes of the next bulk queries
        self.bulk_shuffled: int | None = (
            None  # the seed by which a file's lines are mixed; None: in their order
        )
        self.last_ids: dict[str, int] = {}
        self.last_number = 1000
        self.asked: Counter[str] = Counter()
        self.notes: dict[str, int] = {}  # how the history was read
        self.mail: Mail | None = None
        self.bucket = Bucket()
        self.desk = Desk()
        self.faulty = Faulty()

    @cached_property
    def folder(self) -> str:
        """Where bulk files lie; it goes when the shop goes."""
        made = tempfile.mkdtemp(prefix="sandbox-shop-")
        weakref.finalize(self, shutil.rmtree, made, ignore_errors=True)
        return made

    def next_id(self, kind: str) -> int:
        """Return a number no other thing of this kind has."""
        self.last_ids[kind] = number = self.last_ids.get(kind, _FIRST[kind]) + 1
        return number

    def now(self) -> datetime:
        """The platform's own time, in whole seconds as it states it."""
        return self.clock().replace(microsecond=0)

    def stamp(self, at: datetime, before: datetime | None = None) -> datetime:
        """Return the `updated_at` of a change dated `at`: when it was written, in whole seconds, never backwards.

        A change dated in the past is written now, so that whoever looks for what is new finds it. Two changes within
        one second bear the same stamp, as on the platform.
        """
        known = [at.replace(microsecond=0), self.now()]
        return max(known if before is None else [*known, before])

    def tell(self, topic: str, body: Callable[[], dict[str, object]]) -> None:
        """Send a webhook on this topic (spelled as in the schema) to whoever asked for it."""
        self.asked["told"] += 1
        of_people = topic.startswith(_OF_PEOPLE) and topic not in _BY_LAW
        if self.mail is not None and not (of_people and self.protected < 1):
            self.mail.post(topic, (lambda: nameless(body())) if of_people and self.protected < 2 else body)

    def order(self, order_id: int) -> Order:
        """Return the order; raise Refusal where there is none."""
        found = self.orders.get(order_id)
        if found is None:
            raise Refusal(f"there is no order {order_id}")
        return found

    def customer(self, customer_id: int) -> Customer:
        """Return the customer; raise Refusal where there is none."""
        found = self.customers.get(customer_id)
        if found is None:
            raise Refusal(f"there is no customer {customer_id}")
        return found
