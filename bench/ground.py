"""What the figures stand on: a PostgreSQL of their own, fresh databases in it, and houses on those."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg

from connector import config, logs
from connector.flow import programme, welcoming
from connector.house import House, furnish
from connector.loyalty.terms import suggested
from connector.port import Installed, ShopFacts
from connector.store import migrate, postgres, shops
from connector.store.shops import Shop

PLATFORM = "shopify"
KEYS = {"SHOPIFY_CLIENT_ID": "bench", "SHOPIFY_CLIENT_SECRET": "shpss_bench"}
CURRENCY, ZONE = "GBP", "Europe/London"
LONG_AGO = timedelta(days=3650)
_NOWHERE = Path(os.devnull).open("w")  # noqa: SIM115  open as long as the process


class Ground(msgspec.Struct):
    """The server, and what makes databases in it. `secrets` are the same for every house."""

    server: postgres.Server
    secrets: dict[str, str]
    made: int = 0

    def database(self) -> str:
        """Make a database with every table and no row; return its name."""
        return self.copy("bench_template")

    def copy(self, origin: str) -> str:
        """Copy a database to which nobody is connected; return the copy's name."""
        self.made += 1
        self.run(f"CREATE DATABASE bench_{self.made} TEMPLATE {origin} OWNER {postgres.OWNER}")
        return f"bench_{self.made}"

    def bare(self) -> str:
        """Make an empty database; return its name."""
        self.made += 1
        self.run(f"CREATE DATABASE bench_{self.made} OWNER {postgres.OWNER}")
        return f"bench_{self.made}"

    def env(self, database: str, port: int = 8080, **more: str) -> dict[str, str]:
        """A whole environment for a house on this database."""
        kept = {name: word for name, word in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        return {
            **kept,
            **self.secrets,
            **KEYS,
            "DATABASE_URL": self.server.url_of(postgres.APP, database),
            "DATABASE_OWNER_URL": self.server.url_of(postgres.OWNER, database),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            **more,
        }

    def owner(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        """A plain connection as the owner of the tables."""
        return psycopg.connect(
            self.server.url_of(postgres.OWNER, database).replace("+psycopg", ""), autocommit=True
        )

    def drop(self, database: str) -> None:
        """Take a database away, whoever is connected to it."""
        self.run(f"DROP DATABASE {database} WITH (FORCE)")

    def run(self, *commands: str) -> None:
        """Run commands as the superuser."""
        url = self.server.url_of("postgres", "postgres").replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            for command in commands:
                connection.execute(command.encode())

    def version(self) -> str:
        """PostgreSQL's own."""
        with self.owner("postgres") as connection:
            row = connection.execute("SHOW server_version").fetchone()
        assert row is not None
        return str(row[0])


@contextmanager
def ground() -> Iterator[Ground]:
    """Start a PostgreSQL in a folder of its own, with one migrated database to copy; it is gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="comeback-bench-"))
    # As root the server runs as nobody, who must be able to enter.
    folder.chmod(0o755)
    server = postgres.start(folder)
    try:
        found = Ground(server, config.fresh_secrets())
        found.run(f"CREATE DATABASE bench_template OWNER {postgres.OWNER}")
        migrate.upgrade(server.url_of(postgres.OWNER, "bench_template"))
        # A copy is refused while anyone is connected to the original.
        found.run(
            "ALTER DATABASE bench_template ALLOW_CONNECTIONS false",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'bench_template'",
        )
        yield found
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def house(env: dict[str, str]) -> Iterator[House]:
    """A house on the environment; its log lines are made as always, and thrown away."""
    logs.set_up(_NOWHERE)
    opened = furnish(env)
    try:
        yield opened
    finally:
        opened.close()


def now() -> datetime:
    return datetime.now(UTC)


def welcome(house: House, number: int = 1) -> Shop:
    """A shop with a merchant of its own, whose history is taken as read; without tokens that open anything."""
    address = f"bench-{number}.myshopify.com"
    facts = ShopFacts(address, f"Bench {number}", CURRENCY, ZONE, "en")
    platform = house.platforms[PLATFORM]
    arrived = welcoming.welcome(house.database, platform, Installed(facts, b"none"), house.now())
    with house.database.merchant(arrived.merchant_id) as tx:
        return shops.get(tx, arrived.shop_id)


def start_programme(house: House, merchant_id: int) -> None:
    """Put the suggested programme in force, counting from long ago; points count at once."""
    terms = msgspec.structs.replace(suggested(CURRENCY), hold_days=0)
    with house.database.merchant(merchant_id) as tx:
        programme.publish(tx, terms, house.now() - LONG_AGO, house.now())
