"""What Magento's tests share: keys, a client, the recorded answers, and a shop that answers what it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import responses

from adapters.magento import keys
from adapters.magento.client import Client
from adapters.magento.keys import Keys

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

    def save(self, tokens: bytes) -> None:
        self.tokens = tokens


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
