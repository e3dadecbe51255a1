"""What the demo stands on: a folder of its own, one demo at a time, a fresh database."""

from __future__ import annotations

import fcntl
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import psycopg

from connector.store import postgres

_DATABASE = "demo"
ROOT = Path(__file__).parents[2]
_HISTORIES = ROOT.parent / "shared" / "data"


class Ground(msgspec.Struct, frozen=True):
    """Where things are. The addresses are those of the fresh database, for the application and for migrations."""

    folder: Path
    database_url: str
    owner_url: str


class AnotherRuns(Exception):
    """Another demo uses the folder."""


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """Start PostgreSQL in the folder with an empty database, and stop it at the end; raise AnotherRuns."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AnotherRuns(f"another demo runs in {folder}; end it first") from error
        server = postgres.start(folder / "postgres")
        try:
            with psycopg.connect(
                server.url_of(postgres.OWNER, "postgres").replace("+psycopg", ""), autocommit=True
            ) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)")
                connection.execute(f"CREATE DATABASE {_DATABASE}")
            yield Ground(
                folder, server.url_of(postgres.APP, _DATABASE), server.url_of(postgres.OWNER, _DATABASE)
            )
        finally:
            server.stop()


def free_port() -> int:
    """Return a port of this machine that nobody listens on.

    From below those that the system hands out by itself: until its server stands there, no connection outward takes it.
    """
    for port in random.SystemRandom().sample(range(15_000, 32_000), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError("of a hundred ports none is free")


def history(full: bool) -> str | None:
    """Return what a sandbox is told to load; None when everything is wanted and the order histories are not there."""
    if not full:
        return "slice"
    return f"full:{_HISTORIES}" if _HISTORIES.is_dir() else None
