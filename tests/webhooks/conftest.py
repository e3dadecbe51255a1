"""The door of a house on a real port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import msgspec
import pytest
from flask import Flask
from werkzeug.serving import make_server

from connector.house import House
from webhooks import door


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
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return Served("127.0.0.1", server.server_port)

    yield opened
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def at(house: House, serve: Callable[[House], Served]) -> Served:
    return serve(house)
