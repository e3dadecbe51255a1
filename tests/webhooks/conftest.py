"""A house with one shop of a platform on paper, and its door on a real port."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from flask import Flask
from werkzeug.serving import make_server

from connector import config
from connector.house import House, furnish
from connector.port import ShopFacts
from connector.store import merchants, shops
from connector.store.shops import Shop
from webhooks import door

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def paper() -> ModuleType:
    spec = importlib.util.spec_from_file_location("paper", Path(__file__).parents[1] / "paper.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def house(database: Any, paper: ModuleType) -> Iterator[House]:
    env = config.fresh_secrets() | paper.ENVIRONMENT
    env |= {"DATABASE_URL": database.url, "DATABASE_OWNER_URL": database.owner_url}
    made = furnish(env, {"paper": paper.PaperPlatform()}, lambda: NOW)
    yield made
    made.close()


@pytest.fixture
def shop(house: House) -> Shop:
    """The shop `paper.example`; its own secret is "tokens"."""
    with house.database.everyone() as connection:
        merchant_id = merchants.add(connection, house.ring, "Paper", "EUR", "Europe/Amsterdam", "nl", NOW)
    with house.database.merchant(merchant_id) as tx:
        facts = ShopFacts("paper.example", "Paper Shop", "EUR", "Europe/Amsterdam", "nl")
        made = shops.add(tx, "paper", "tags", facts, NOW)
        shops.keep_tokens(tx, made.id, b"tokens")
    return made


class Served(msgspec.Struct, frozen=True):
    """A door on a port of this machine."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


@pytest.fixture
def serve() -> Iterator[Callable[[House], Served]]:
    """Open a house's door on a free port."""
    servers = []

    def opened(house: House) -> Served:
        app = Flask("door")
        app.register_blueprint(door.create_blueprint(house), url_prefix="/webhooks")
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return Served("127.0.0.1", server.server_port)

    yield opened
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def at(house: House, serve: Callable[[House], Served]) -> Served:
    return serve(house)
