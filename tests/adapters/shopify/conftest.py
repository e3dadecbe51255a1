"""What the tests of the Shopify plug share: an app, a shop, a vault that counts, a clock that does not wait."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any

import pytest
import requests
from flask import Flask, request
from werkzeug.serving import make_server

from adapters.shopify import tokens
from adapters.shopify.platform import platform
from adapters.shopify.sandbox import Shop, create_server
from adapters.shopify.settings import App
from adapters.shopify.shop import ShopifyShop
from adapters.shopify.tokens import Tokens
from adapters.shopify.wire import Wire
from connector.port import Delivery, Installed, Knock, ShopAdapter, ShopLine, Welcomed
from connector.records import Customer, Order

SHOP = "demo-gifts.myshopify.com"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECRET = "hush-hush-hush-hush-hush-hush-01"


class FakeClock:
    """Time that passes only where somebody waits for it."""

    def __init__(self) -> None:
        self.time = NOW
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += timedelta(seconds=seconds)


class MemoryVault:
    """A vault of one shop, with a real lock; remembers every save."""

    def __init__(self, kept: bytes) -> None:
        self.kept = kept
        self.saves: list[bytes] = []
        self._lock = RLock()

    def read(self) -> bytes:
        return self.kept

    def save(self, tokens: bytes) -> bool:
        self.kept = tokens
        self.saves.append(tokens)
        return True

    @contextmanager
    def locked(self) -> Iterator["MemoryVault"]:
        with self._lock:
            yield self


def fresh_tokens(access: str = "access-1", minutes: int = 60) -> Tokens:
    return Tokens(
        access=access,
        expires_at=NOW + timedelta(minutes=minutes),
        refresh="refresh-1",
        refresh_until=NOW + timedelta(days=90),
        scope="read_orders,write_customers,read_customer_merge,read_products,write_discounts,write_app_proxy",
    )


@pytest.fixture
def app() -> App:
    return App(client_id="client-1", secrets=(SECRET, "the-secret-before-this-one-00000"))


@pytest.fixture
def shop_address() -> str:
    return SHOP


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make_tokens() -> Callable[..., Tokens]:
    return fresh_tokens


@pytest.fixture
def vault() -> MemoryVault:
    return MemoryVault(tokens.pack(fresh_tokens()))


@pytest.fixture
def make_vault() -> Callable[[bytes], MemoryVault]:
    return MemoryVault


@pytest.fixture
def wire() -> Iterator[Wire]:
    line = Wire(SHOP, read_timeout=0.5)
    yield line
    line.close()


@pytest.fixture
def shop(app: App, vault: MemoryVault, clock: FakeClock, wire: Wire) -> ShopifyShop:
    return ShopifyShop(app, SHOP, vault, clock, wire)


# --- a whole shop on this machine, and a house that may connect to it ----------------------------------------

START = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)


def at(days: int, seconds: int = 0) -> str:
    return (START + timedelta(days=days, seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class House:
    """The app's side of the road: install pages, a doorstep, a door that keeps what it believes."""

    session_secret = b"a secret of the house"

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.installed: list[Installed] = []
        self.kept: list[Delivery] = []
        self.spent: set[str] = set()
        app = Flask(__name__)
        self.server = make_server("127.0.0.1", 0, app, threaded=True)
        self.public_url = f"http://127.0.0.1:{self.server.server_port}"
        app.register_blueprint(platform.pages(environment, self), url_prefix="/shopify")
        app.add_url_rule("/welcomed", view_func=lambda: "welcome")
        app.add_url_rule("/webhooks/shopify", view_func=self.door, methods=["POST"])
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def door(self) -> str:
        headers = {name.lower(): value for name, value in request.headers}
        self.kept.append(
            platform.receive(self.environment, Knock(headers, request.get_data(), {}, NOW), None)
        )
        return ""

    def welcome(self, installed: Installed) -> Welcomed:
        self.installed.append(installed)
        return Welcomed(f"{self.public_url}/welcomed", "key-1")

    def vault(self, address: str) -> None:
        return None

    def known(self, address: str) -> None:
        return None

    def expects(self) -> bool:
        return False

    def enter(self, address: str) -> str:
        raise LookupError(address)

    def guard(self, url: str) -> str:
        return url

    def once(self, word: str, lasts: timedelta) -> bool:
        return word not in self.spent and self.spent.add(word) is None


class Street:
    """A sandbox shop and a house that may connect to it."""

    def __init__(self, make_vault: Any, domain: str = "demo-gifts.myshopify.com") -> None:
        self.shop = Shop(domain)
        self.server = create_server(self.shop)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = self.shop.own_url
        ready = requests.get(f"{self.url}/_sandbox/ready", timeout=60).json()
        self.environment: dict[str, str] = ready["environment"]
        self.address: str = ready["address"]
        self.house = House(self.environment)
        self.make_vault = make_vault
        self.vault: Any = None

    def control(self, path: str, body: object = None, method: str = "POST") -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body or {}, timeout=60)
        assert answer.ok, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def install(self, **wish: object) -> ShopAdapter:
        found = self.control("install", {"public_url": self.house.public_url, **wish})
        assert found["url"] == f"{self.house.public_url}/welcomed", found
        self.vault = self.make_vault(self.house.installed[-1].tokens)
        return platform.open(self.environment, ShopLine(self.address, "key-1"), self.vault)

    def open_again(self, declared: str = "") -> ShopAdapter:
        """Another line to the same shop, as another process would open it."""
        return platform.open(self.environment, ShopLine(self.address, "key-1", declared), self.vault)

    def graphql(self, query: str, **variables: Any) -> Any:
        """Call the shop past the plug, with its token; the answer's data."""
        answer = requests.post(
            f"{self.url}/admin/api/2026-10/graphql.json",
            json={"query": query, "variables": variables},
            headers={
                "X-Shopify-Access-Token": tokens.unpack(self.vault.kept).access,
                "X-Sandbox-Shop": self.address,
            },
            timeout=60,
        )
        return answer.json()["data"]

    def quiet(self) -> None:
        self.control("release")

    def lives(self, orders: int) -> None:
        """Wait until so many were placed by the shoppers who are about."""
        until = time.monotonic() + 60
        while len(self.shop.orders) < orders:
            assert time.monotonic() < until, f"{len(self.shop.orders)} orders in a minute"
            time.sleep(0.02)

    def customer(self, name: str = "anna", verified: bool = True) -> str:
        wish = {
            "email": f"{name}@example.com",
            "first_name": name.title(),
            "last_name": "Bakker",
            "at": at(0),
        }
        return str(self.control("customers", {**wish, "verified": verified})["id"])

    def order(self, **wish: Any) -> str:
        line = {"sku": "MUG-1", "title": "Mug", "quantity": 2, "price": "12.50"}
        basket = {
            "at": at(1),
            "lines": [line],
            "shipping": "4.95",
            "paid": True,
            "codes": [],
            "customer_id": None,
        }
        return str(self.control("orders", basket | wish)["id"])

    def truth(self, what: str) -> list[dict[str, Any]]:
        """What the shop says of itself: orders, customers or coupons."""
        return list(self.control(f"{what}?limit=1000", method="GET")[what])

    def at(self, days: int) -> str:
        """A moment in the shop's past, as the control addresses want it."""
        return at(days)

    def busy(self) -> dict[str, str]:
        """Orders of every kind; returns their ids by what they are."""
        anna, bert = self.customer("anna"), self.customer("bert", verified=False)
        ids = {
            "plain": self.order(customer_id=anna),
            "guest": self.order(email="guest@example.com"),
            "unpaid": self.order(customer_id=bert, paid=False),
            "late": self.order(customer_id=bert, paid=False),
            "gift": self.order(
                customer_id=anna,
                lines=[
                    {"sku": "G", "title": "Gift card", "quantity": 1, "price": "25.00", "gift_card": True},
                    {"sku": "P", "title": "Plate", "quantity": 3, "price": "7.00", "discount": "1.00"},
                ],
            ),
            "refunded": self.order(customer_id=anna),
            "cancelled": self.order(customer_id=anna),
            "edited": self.order(customer_id=bert),
            "test": self.order(customer_id=bert, test=True),
            "free": self.order(
                customer_id=bert,
                lines=[{"sku": "F", "title": "Flyer", "quantity": 1, "price": "0.00"}],
                shipping="0.00",
            ),
            "long": self.order(
                customer_id=bert,
                lines=[
                    {"sku": f"S{n}", "title": f"Thing {n}", "quantity": 1, "price": "1.00"}
                    for n in range(130)
                ],
            ),
        }
        self.control(f"orders/{ids['late']}/pay", {"at": at(3)})
        self.control(f"orders/{ids['plain']}/fulfil", {"at": at(4)})
        self.control(
            f"orders/{ids['refunded']}/refund",
            {"at": at(5), "lines": [{"line": 0, "quantity": 1}], "shipping": "4.95"},
        )
        self.control(f"orders/{ids['gift']}/refund", {"at": at(5), "amount": "3.00", "lines": []})
        self.control(f"orders/{ids['cancelled']}/cancel", {"at": at(6)})
        edit = {
            "at": at(7),
            "lines": [{"line": 0, "quantity": 1}],
            "add": [{"sku": "X", "title": "Extra", "quantity": 1, "price": "3.00"}],
        }
        self.control(f"orders/{ids['edited']}/edit", edit)
        return ids


@pytest.fixture
def street(make_vault: Any) -> Iterator[Street]:
    made = Street(make_vault)
    yield made
    made.house.server.shutdown()
    made.house.server.server_close()
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def line(street: Street) -> ShopAdapter:
    return street.install()


@pytest.fixture
def everything() -> Callable[..., tuple[list[Customer], list[Order]]]:
    """Read a shop's whole history, from a checkpoint on."""

    def read(line: ShopAdapter, checkpoint: str | None = None) -> tuple[list[Customer], list[Order]]:
        batches = list(line.history(checkpoint))
        customers = [one for batch in batches for one in batch.customers]
        return customers, [one for batch in batches for one in batch.orders]

    return read
