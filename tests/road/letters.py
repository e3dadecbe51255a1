"""Messages that a test signs and brings to the door, so that it knows what was answered; and a PostgreSQL to kill."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import psycopg
import requests
from town import Town

from connector.store import migrate
from connector.store.postgres import Server, start


class Letters:
    """Orders in the gift shop whose messages the test itself brings to the door."""

    def __init__(self, town: Town) -> None:
        self._town, self._shop = town, town.keepers["shopify"]
        self._secret = town.env["SHOPIFY_CLIENT_SECRET"].encode()
        self._at = town.house.now() - timedelta(days=30)
        self._number = 0

    def order(self) -> str:
        """Let a new customer buy for 50.00, without a word about it from the shop; return the order's id."""
        self._shop.does("faults", drop=1.0)
        self._number += 1
        self._at += timedelta(minutes=1)
        customer = self._shop.does(
            "customers", email=f"kill-{self._number}@example.com", verified=True, at=self._at.isoformat()
        )["id"]
        lines = [{"title": "Soap", "quantity": 1, "price": "50.00"}]
        made = self._shop.does(
            "orders", at=self._at.isoformat(), customer_id=customer, lines=lines, paid=True
        )
        return str(made["id"])

    def brings(self, order: str, name: str, url: str = "") -> bool:
        """Say to the door that something about the order was given back; was it answered with 200?"""
        body = b'{"id":1,"order_id":%d,"created_at":"2026-01-01T00:00:00Z"}' % int(order)
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": "refunds/create",
            "X-Shopify-Hmac-Sha256": base64.b64encode(
                hmac.digest(self._secret, body, hashlib.sha256)
            ).decode(),
            "X-Shopify-Shop-Domain": self._shop.address,
            "X-Shopify-Webhook-Id": name,
        }
        try:
            answer = requests.post(
                f"{url or self._town.url}/webhooks/shopify", body, headers=headers, timeout=60
            )
        except requests.RequestException:
            return False
        return answer.status_code == 200


class Held:
    """A PostgreSQL of the test's own; `begins` starts it again after it was killed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.server: Server = start(folder)
        self.name = "comeback"
        self.url, self.owner_url = self.server.url, self.server.owner_url
        migrate.upgrade(self.owner_url)

    def dies(self) -> None:
        """Kill -9 every process of the server."""
        self._signals(signal.SIGKILL)
        self.server.hold.close()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop every process of the server where it is, its sockets open; at the end of the block all go on."""
        stopped = self._signals(signal.SIGSTOP)
        try:
            yield
        finally:
            for one in stopped:
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGCONT)

    def _signals(self, number: signal.Signals) -> list[int]:
        """Send every process of the server a signal, the one that would start others first."""
        pid, *_ = self.processes()
        os.kill(pid, number)
        _, *children = self.processes(pid)
        for one in children:
            with suppress(ProcessLookupError):
                os.kill(one, number)
        return [*children, pid]

    def processes(self, pid: int = 0) -> list[int]:
        """The numbers of the server's processes, first the one that starts the others."""
        pid = pid or int((self.cluster() / "postmaster.pid").read_text().splitlines()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def cluster(self) -> Path:
        """The folder of the server's files."""
        with psycopg.connect(
            self.server.url_of("postgres", "postgres").replace("+psycopg", "")
        ) as connection:
            folder = connection.execute("SHOW data_directory").fetchone()
        assert folder
        return Path(folder[0])

    def begins(self) -> None:
        before, self.server = self.server.hold, start(self._folder)
        before.close()
        assert self.server.url == self.url, "the database has moved"

    def stops(self) -> None:
        """Stop the server as an administrator does: who is connected is cut off."""
        note = self.cluster() / "postmaster.pid"
        os.kill(int(note.read_text().splitlines()[0]), signal.SIGINT)
        until = time.monotonic() + 60
        while note.exists():
            assert time.monotonic() < until, "PostgreSQL does not stop"
            time.sleep(0.02)

    def superuser(self) -> psycopg.Connection[tuple[object, ...]]:
        """Connect as whoever may do everything; every statement stands by itself."""
        url = self.server.url_of("postgres", self.name).replace("+psycopg", "")
        return psycopg.connect(url, autocommit=True)
