"""What every test may ask for: a real PostgreSQL, an empty house in it, the references, a browser; and the wall."""

from __future__ import annotations

import importlib.util
import io
import ipaddress
import itertools
import logging
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import psutil
import psycopg
import pytest
import structlog
from flask.testing import FlaskClient
from playwright.sync_api import expect

from connector import logs, trail
from connector.store import patience
from connector.store.postgres import OWNER, Server, start, state

_TESTS = Path(__file__).parent
_SHARED = _TESTS.parent.parent / "shared"
_LONG = (
    "bench/",
    "road/test_storm",
    "road/test_kill",
    "road/test_faults",
    "connector/test_demo",
    "connector/test_restore",
    "connector/settings/test_browser",
    "connector/settings/test_framed",
    "connector/flow/test_one_hangs",
    "oracle/",
)
_numbers = itertools.count(1)
_ROOM = (
    6 * 1024**3
)  # bytes; each of the workers takes half a gibibyte at most, and the machine does other things


class Database(msgspec.Struct, frozen=True):
    """A database with every table and no row; `url` for the application's role, `owner_url` for the owner's."""

    name: str
    url: str
    owner_url: str


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: at the end, workers that are through find short tests to share, and none that lasts."""
    items.sort(key=lambda item: not str(item.path.relative_to(_TESTS)).startswith(_LONG))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of references beside the checkout: schemas, recorded answers, order histories."""
    if not _SHARED.is_dir():
        pytest.skip(f"the references are not here: {_SHARED} does not exist")
    return _SHARED


@pytest.fixture(scope="session", autouse=True)
def untouched() -> Iterator[None]:
    """Who a test forgets is written into a folder of its own: a restore reads the list that lies in the checkout."""
    log = _TESTS.parent / "var" / "forgotten.log"
    before = log.read_bytes() if log.exists() else None
    yield
    assert (log.read_bytes() if log.exists() else None) == before, f"a test wrote into {log}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL of this test run's own."""
    folder = Path(tempfile.mkdtemp(prefix="comeback-tests-", dir=_in_memory()))
    # As root the server runs as nobody, who must be able to enter.
    folder.chmod(0o755)
    server = start(folder)
    try:
        # Nothing here must outlive a power cut, and making a database is three times as fast.
        _as_superuser(
            server,
            "ALTER SYSTEM SET fsync = off",
            "ALTER SYSTEM SET max_wal_size = '256MB'",
            "SELECT pg_reload_conf()",
        )
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _in_memory() -> Path | None:
    """Where files need no disk, if there is room: a database is made there ten times as fast as on a disk that is busy."""
    place = Path("/dev/shm")
    if not os.access(place, os.W_OK | os.X_OK):
        return None
    for left in place.glob("comeback-tests-*"):  # of a run that was killed; it would hold its memory for ever
        if left.stat().st_mtime < time.time() - 3600 and state(left) in ("killed", "stopped"):
            shutil.rmtree(left, ignore_errors=True)
    room = min(shutil.disk_usage(place).free, psutil.virtual_memory().available)
    return place if room > _ROOM else None


@pytest.fixture(scope="session")
def template(postgres: Server) -> str:
    """The name of a database that has been migrated once, for copies."""
    from connector.store import migrate

    name = "template_house"
    _as_superuser(postgres, f"CREATE DATABASE {name} OWNER {OWNER}")
    migrate.upgrade(postgres.url_of(OWNER, name))
    # A copy is refused while anyone is connected to the original.
    _as_superuser(
        postgres,
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )
    return name


@pytest.fixture
def database(postgres: Server, template: str) -> Iterator[Database]:
    """A fresh database for one test."""
    name = f"house_{next(_numbers)}"
    # Copying the files is half the work of logging every page, and nothing here must outlive a power cut.
    _as_superuser(postgres, f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER} STRATEGY = FILE_COPY")
    yield Database(name, postgres.url_of("comeback_app", name), postgres.url_of(OWNER, name))
    _as_superuser(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser that the page tests drive."""
    module = _beside("chromium")
    found = module.found()
    if found is None:
        pytest.fail("there is no Chromium here; `make chromium` finds or fetches one")
    # A machine that does other things too lays a page out later than within the usual five seconds.
    expect.set_options(timeout=60_000)
    return str(found)


@pytest.fixture(scope="session")
def php() -> str:
    """PHP with the tools that check the module for Magento; where they are not all here the test is skipped."""
    if absent := _beside("php").missing():
        why = f"PHP is not all here: {', '.join(absent)} (make php)"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    return "php"


@pytest.fixture(scope="session")
def npm() -> ModuleType:
    """What fetches a library that tests ask for its opinion, and where it lies then."""
    return _beside("npm")


def _beside(name: str) -> ModuleType:
    """Test folders are no packages, so that a module beside this one is loaded by its path."""
    spec = importlib.util.spec_from_file_location(name, _TESTS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_paper = _beside("paper")
env, house, shop = _paper.env, _paper.house, _paper.shop


@pytest.fixture
def paper() -> ModuleType:
    """The platform on paper, which the `house` knows."""
    return _paper


_canaries = _beside("canaries")
_nothing_planted_is_logged = _canaries._nothing_planted_is_logged


@pytest.fixture
def canaries() -> ModuleType:
    """What listens to every log of the run."""
    return _canaries


def _as_superuser(server: Server, *commands: str) -> None:
    url = server.url_of("postgres", "postgres").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        for command in commands:
            connection.execute(command.encode())


@pytest.fixture(autouse=True)
def _no_request_under_way() -> None:
    """A test may leave an answer unread, and with it the number of its request and its patience with the database."""
    trail.follow("")
    patience.end()


@pytest.fixture(scope="session", autouse=True)
def _as_browsers_do() -> Iterator[None]:
    """Every browser says with a request which site's page it comes from; without that no form of ours is taken."""
    begin = FlaskClient.__init__

    def begun(self: FlaskClient, *words: Any, **named: Any) -> None:
        begin(self, *words, **named)
        self.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FlaskClient, "__init__", begun)
        yield


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """The log as it is written while the test runs."""
    out, root = io.StringIO(), logging.getLogger()
    before = (root.handlers[:], root.level)
    structlog.contextvars.clear_contextvars()
    logs.set_up(out)
    yield out
    structlog.reset_defaults()
    root.handlers[:], root.level = before


@pytest.fixture(scope="session", autouse=True)
def _the_wall() -> Iterator[None]:
    """No test leaves this machine: a connection or a name look-up beyond loopback fails the test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", _guarded_names(socket.getaddrinfo))
        yield


def _guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _loopback(address[0]):
            pytest.fail(f"a test tried to reach {address}, which is not this machine")
        return connect(self, address)

    return guarded


def _guarded_names(look_up: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(host: Any, *rest: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name and not _is_address(name) and not _loopback(name):
            pytest.fail(f"a test tried to look up {name}, which is not this machine")
        return look_up(host, *rest, **named)

    return guarded


def _loopback(host: str) -> bool:
    if not _is_address(host):
        return host == "localhost" or host.endswith(".localhost")
    return ipaddress.ip_address(host.partition("%")[0]).is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
