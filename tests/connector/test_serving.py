"""The web servers in front of the application: neither may hand a message over that is not whole."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
import requests
from sqlalchemy import func, select

from connector.app import create_app
from connector.demo.ground import free_port
from connector.house import House
from connector.serving import Web
from connector.store import tables, tallies
from connector.store.shops import Shop
from webhooks import door

GRANIAN = Path(sys.executable).with_name("granian")


@pytest.fixture
def granian(served: tuple[int, subprocess.Popen[bytes]]) -> int:
    """The server that the Procfile names, with two workers; its port."""
    return served[0]


@pytest.fixture
def stopped(served: tuple[int, subprocess.Popen[bytes]]) -> Callable[[], None]:
    """Tell that server to end, and wait until it has."""

    def stop() -> None:
        served[1].send_signal(signal.SIGTERM)
        served[1].wait(60)

    return stop


@pytest.fixture
def served(env: dict[str, str], tmp_path: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    full = env | {"PATH": os.environ["PATH"], "PUBLIC_URL": f"http://127.0.0.1:{port}"}
    options = [
        "--interface",
        "wsgi",
        "--factory",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "2",
        # Now and then a worker of it does not end by itself; the Procfile has this option for the same reason.
        "--workers-kill-timeout",
        "5",
    ]
    with (tmp_path / "log").open("wb") as log:
        serving = subprocess.Popen(
            [str(GRANIAN), *options, "connector.app:create_app"],
            env=full,
            cwd=tmp_path,
            stdout=log,
            stderr=log,
        )
    try:
        until = time.monotonic() + 60
        while not _ready(port):
            assert serving.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < until, (tmp_path / "log").read_text()
            time.sleep(0.2)
        yield port, serving
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(60)


def test_behind_the_procfiles_server_a_chunked_message_is_411_and_a_long_one_413(
    granian: int, house: House
) -> None:
    url = f"http://127.0.0.1:{granian}/webhooks/paper"
    assert requests.post(url, iter([b"{}"]), timeout=60).status_code == 411
    assert requests.post(url, iter([b"x" * door.LARGEST, b"y"]), timeout=60).status_code == 411
    assert _stated(granian, door.LARGEST + 1) == 413
    assert requests.post(url, b"{}", timeout=60).status_code == 401


def test_our_own_server_puts_a_chunked_message_together_before_it_is_looked_at(
    house: House, shop: Shop, paper: ModuleType
) -> None:
    web = Web(create_app(house), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{web.port}/webhooks/paper"
    whole = b"x" * 100_000
    answer = requests.post(
        url, iter([whole[:70_000], whole[70_000:]]), headers=paper.headers(whole), timeout=60
    )
    assert answer.status_code == 200
    cut = requests.post(url, iter([whole[:70_000]]), headers=paper.headers(whole, id="d-2"), timeout=60)
    assert cut.status_code == 401
    assert _stated(web.port, 3 * door.LARGEST) == 413
    with house.database.everyone() as connection:
        assert connection.execute(select(func.count()).select_from(tables.inbox)).scalar_one() == 1
    web.stop()


def _stated(port: int, length: int) -> int:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    line.putrequest("POST", "/webhooks/paper")
    line.putheader("Content-Length", str(length))
    line.endheaders()
    # A server may wait for some of the body before it answers.
    line.send(b"x" * 1000)
    status = line.getresponse().status
    line.close()
    return status


def _ready(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=60).status_code == 200
    except requests.RequestException:
        return False


def test_our_own_server_leaves_its_counts_and_says_good_bye_when_it_stops(
    house: House, shop: Shop, paper: ModuleType
) -> None:
    web = Web(create_app(house), "127.0.0.1", 0)
    answer = requests.post(
        f"http://127.0.0.1:{web.port}/webhooks/paper", b"{}", headers=paper.headers(b"{}"), timeout=60
    )
    assert answer.status_code == 200
    web.stop()
    assert _left(house) == (1.0, 0)


def test_the_procfiles_server_leaves_its_counts_when_it_is_told_to_end(
    granian: int, stopped: Callable[[], None], house: House, shop: Shop, paper: ModuleType
) -> None:
    """Less than ten seconds old: nothing else would have written them down."""
    url = f"http://127.0.0.1:{granian}/webhooks/paper"
    assert requests.post(url, b"{}", headers={"X-Paper-Signature": "AAAA"}, timeout=60).status_code == 401
    stopped()
    assert _left(house) == (1.0, 0)


def _left(house: House) -> tuple[float, int]:
    """How many webhooks were counted, and how many processes are still looked for."""
    with house.database.everyone() as connection:
        counted = sum(value for (name, _), value in tallies.every(connection).items() if name == "webhooks")
        return counted, len(tallies.alive(connection))
