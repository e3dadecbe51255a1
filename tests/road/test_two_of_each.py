"""Two web servers and two workers over one PostgreSQL behind TCP and passwords: nothing is shared but the database.

Each process has folders of its own and finds nobody else's; one of each is killed on the way.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest
import requests
from test_kill import TERMS, Letters, ends_right
from town import Town, answers, kill

from connector.demo.cast import Player
from connector.demo.ground import free_port
from connector.hall import sign_in_url
from connector.store import migrate
from connector.store.postgres import APP, OWNER, start

OWN = ("HOME", "TMPDIR", "COMEBACK_HOME")


class Remote(msgspec.Struct, frozen=True):
    """A database that is reached over the network alone."""

    url: str
    owner_url: str


@pytest.fixture
def remote() -> Iterator[Remote]:
    """A PostgreSQL as an administrator would set it up: TCP, passwords, the two roles of docs/operations.md."""
    folder, port = Path(tempfile.mkdtemp(prefix="comeback-remote-")), free_port()
    # As root the server runs as nobody, who must be able to enter.
    folder.chmod(0o755)
    words = {role: secrets.token_hex(16) for role in (OWNER, APP)}
    server = start(folder)
    local = server.url_of("postgres", "postgres").replace("+psycopg", "")
    with psycopg.connect(local, autocommit=True) as administrator:
        for role, word in words.items():
            administrator.execute(f"ALTER ROLE {role} PASSWORD '{word}'".encode())
        administrator.execute("ALTER SYSTEM SET listen_addresses = '127.0.0.1'")
        administrator.execute(f"ALTER SYSTEM SET port = {port}".encode())
    access = folder / "cluster" / "pg_hba.conf"
    access.write_text(access.read_text().replace("reject", "scram-sha-256"))
    server.stop()
    server = start(folder)
    urls = {
        role: f"postgresql+psycopg://{role}:{word}@127.0.0.1:{port}/comeback" for role, word in words.items()
    }
    migrate.upgrade(urls[OWNER])
    yield Remote(urls[APP], urls[OWNER])
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


class TwoOfEach(Town):
    """A town with a second web server; every process of Comeback's has folders of its own."""

    def __init__(self, database: Remote, folder: Path) -> None:
        self.folders: list[Path] = []
        super().__init__(database, folder, {"shopify": "none"}, workers=2)
        self.other_url = f"http://127.0.0.1:{free_port()}"
        port = self.other_url.rpartition(":")[2]
        other = self._begin("web", ["web", "--port", port], self.env)
        other.wait_until(lambda: answers(f"{self.other_url}/healthz"))

    def _begin(self, name: str, arguments: list[str], env: dict[str, str]) -> Player:
        if name in ("web", "worker"):
            own = {word: self._folder / f"{name}-{self._started}-{word.lower()}" for word in OWN}
            for folder in own.values():
                folder.mkdir()
            self.folders += own.values()
            env = env | {word: str(folder) for word, folder in own.items()}
        return super()._begin(name, arguments, env)


class Postman(Letters):
    """Brings messages to one web server after the other, and what one does not take to the other."""

    def __init__(self, town: TwoOfEach) -> None:
        super().__init__(town)
        self._doors, self.refused = [town.url, town.other_url], 0

    def surely_brings(self, order: str, name: str) -> None:
        until = time.monotonic() + 60
        while True:
            self._doors.reverse()
            if self.brings(order, name, self._doors[0]):
                return
            self.refused += 1
            assert time.monotonic() < until, f"nobody takes {name}"


def test_two_webs_and_two_workers_share_nothing_but_the_database(remote: Remote, tmp_path: Path) -> None:
    with TwoOfEach(remote, tmp_path) as town:
        town.opens(TERMS, counts_days=365)
        postman, accepted = Postman(town), dict[str, str]()
        for number in range(24):
            if number == 8:
                kill(town.web)
            if number == 12:
                town.kills_worker(0)
            if number == 16:
                town.web = town.begins_web()
            order = postman.order()
            postman.surely_brings(order, f"two-{number}")
            accepted[f"two-{number}"] = order
        assert postman.refused > 0, "the dead web server was never asked"
        ends_right(town, accepted)
        same_visit_on_either(town)
        kept = [str(path) for folder in town.folders for path in folder.rglob("*") if path.is_file()]
        assert kept == [], "something was kept outside the database"


def same_visit_on_either(town: TwoOfEach) -> None:
    """A visit that begins at one web server goes on at the other; its one-time address is spent on both."""
    link = sign_in_url(town.house, town.merchant_id, timedelta(minutes=5))
    visit, late = requests.Session(), requests.Session()
    assert visit.get(link, timeout=60).status_code == 200
    there = visit.get(f"{town.other_url}/settings/members", timeout=60)
    assert (there.status_code, late.get(f"{town.other_url}/settings/members", timeout=60).status_code) == (
        200,
        401,
    )
    spent = link.replace(town.url, town.other_url)
    assert late.get(spent, timeout=60).status_code == 401
