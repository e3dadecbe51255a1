"""What the tests of the Shopify plug share: an app, a shop, a vault that counts, a clock that does not wait."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import RLock

import pytest

from adapters.shopify import tokens
from adapters.shopify.settings import App
from adapters.shopify.shop import ShopifyShop
from adapters.shopify.tokens import Tokens
from adapters.shopify.wire import Wire

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

    def save(self, tokens: bytes) -> None:
        self.kept = tokens
        self.saves.append(tokens)

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
        scope="read_orders,write_customers,write_discounts",
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
