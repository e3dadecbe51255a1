"""What Magento's tests share: keys, a client, the recorded answers, and a shop that answers what it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import responses

from adapters.magento import keys
from adapters.magento.client import Client
from adapters.magento.keys import Keys
from adapters.magento.line import Line
from adapters.magento.platform import platform
from adapters.magento.sandbox import Shop, aftermath, checkout, create_server, people
from connector.app import create_app
from connector.house import House, furnish
from connector.port import ShopLine
from connector.serving import Web

ADDRESS = "https://shop.test/"
KEYS = Keys("consumer-key", "consumer-secret", "access-token", "access-secret", "hook-secret-of-16")


class Vault:
    """One shop's tokens, in memory."""

    def __init__(self, kept: Keys = KEYS) -> None:
        self.tokens = keys.packed(kept)

    def read(self) -> bytes:
        return self.tokens

    @contextmanager
    def locked(self) -> Iterator[Vault]:
        yield self

    def save(self, tokens: bytes) -> bool:
        self.tokens = tokens
        return True


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest.fixture
def client() -> Client:
    return Client(ADDRESS, KEYS)


@pytest.fixture
def shop() -> Iterator[responses.RequestsMock]:
    """A shop at ADDRESS that answers only what the test tells it to."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def says(shop: responses.RequestsMock) -> Callable[..., None]:
    """Make the shop answer a call with JSON: says("GET", "orders", {...}, 200)."""

    def answer(method: str, path: str, body: object, status: int = 200, **headers: str) -> None:
        shop.add(
            method,
            f"{ADDRESS}rest/V1/{path}",
            body=json.dumps(body),
            status=status,
            content_type="application/json; charset=utf-8",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    return answer


@pytest.fixture
def recorded(shared: Path) -> Callable[[str], dict[str, Any]]:
    """Return a recorded exchange by its name."""

    def find(name: str) -> dict[str, Any]:
        for file in sorted((shared / "magento").glob("*.json")):
            for case in json.loads(file.read_text()):
                if case["name"] == name:
                    return dict(case)
        raise KeyError(name)

    return find


@pytest.fixture
def answer(recorded: Callable[[str], dict[str, Any]]) -> Callable[..., Any]:
    """Return a recorded answer's body, read as a record: answer("order_404", wire.Order)."""

    def read(name: str, kind: Any) -> Any:
        body = json.dumps(recorded(name)["response"]["body"]).encode()
        return msgspec.json.decode(body, type=kind, strict=False)

    return read


class Sandbox:
    """A sandbox shop on loopback with a clock that the test moves."""

    def __init__(self) -> None:
        # From today on: the shop refuses signatures of its own future.
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.shop = Shop(clock=lambda: self.now)
        # Statuses are the shop's own, and what is asked for without an order comes in none.
        self.shop.extras |= {"statuses": "our_", "unsorted": True}
        self._server = create_server(self.shop)
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        self.env = {"ALLOW_PRIVATE_HOSTS": f"127.0.0.1:{self._server.server_port}"}
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def keys(self) -> Keys:
        given = self.shop.desk.keys
        four = (given.consumer_key, given.consumer_secret, given.access_token, given.access_token_secret)
        return Keys(*four, hook_secret="hook-secret-of-16")

    def line(self, **changes: Any) -> Line:
        """Open a new line to the shop, as a worker does for each job."""
        kept = Vault(msgspec.structs.replace(self.keys, **changes))
        return Line(self.env, ShopLine(self.address, "shop-key"), kept)

    def client(self) -> Client:
        return Client(self.address, self.keys, frozenset(self.env.values()))

    @property
    def stamp(self) -> str:
        return self.now.strftime("%Y-%m-%d %H:%M:%S")

    def later(self, **amount: float) -> None:
        self.now += timedelta(**amount)

    def customer(self, name: str, verified: bool = True) -> int:
        made = people.register(
            self.shop, f"{name}@example.com", name.title(), "Shopper", verified=verified, at=self.stamp
        )
        return made.id

    def order(self, customer: int | None = None, price: str = "20.00", **more: Any) -> int:
        """Place an order for two of one thing; `paid` and `sent` do what they say, at once."""
        paid, sent = more.pop("paid", True), more.pop("sent", False)
        wish = checkout.Wish(title="Candle", quantity=2, price=price, sku="SKU-1")
        more |= {} if customer else {"email": "guest@example.com"}
        basket = checkout.Basket((wish,), customer, **more)
        placed = checkout.place(self.shop, basket, self.stamp)
        if paid:
            aftermath.invoice(self.shop, self.row(placed.id), {}, self.stamp)
        if sent:
            aftermath.ship(self.shop, self.row(placed.id), {}, self.stamp)
        return placed.id

    def row(self, order: int) -> Any:
        found = self.shop.orders.get(order)
        assert found is not None
        return found

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.close()


@pytest.fixture
def home(env: dict[str, str], sandbox: Any) -> Iterator[House]:
    """A whole house in which the sandbox's shop can be connected; no shop is yet."""
    made = furnish(env | sandbox.env, {"magento": platform})
    yield made
    made.close()


@pytest.fixture
def web(home: House) -> Iterator[Web]:
    """That house's pages and addresses, served."""
    served = Web(create_app(home), "127.0.0.1", 0, 0)
    yield served
    served.stop()
