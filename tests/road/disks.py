"""Two ways to leave PostgreSQL no room for another message, both real: a small file system, and a limit on every file."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import psycopg
from letters import Held

INDEXES = ("inbox_pkey", "inbox_merchant_id_key")
LIMIT = 16 * 1024 * 1024  # bytes: a file of PostgreSQL's log is that large, and must still be written whole


@cache
def can_mount() -> bool:
    """Whether this account may mount a file system; not every machine lets even root."""
    with tempfile.TemporaryDirectory() as folder:
        mounted = _mount(Path(folder), "size=64k")
        if mounted:
            subprocess.run(["umount", "--lazy", folder], check=False)
        return mounted


def _mount(folder: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    with suppress(OSError):
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    return False


class SmallDisk:
    """A file system of 2 MiB under the table of messages: no space left on device."""

    said = "PostgreSQL's disk full (a file system of 2 MiB)"

    def __init__(self, postgres: Held) -> None:
        self._postgres = postgres
        self._folder = Path(tempfile.mkdtemp(prefix="comeback-small-"))
        self._folder.chmod(0o755)
        owner = postgres.cluster().stat()
        assert _mount(self._folder, f"size=2m,mode=700,uid={owner.st_uid},gid={owner.st_gid}")
        with postgres.superuser() as server:
            server.execute(f"CREATE TABLESPACE small LOCATION '{self._folder}'".encode())
            self._move(server, "small")

    def fills(self) -> None:
        filler = os.open(self._folder / "filler", os.O_WRONLY | os.O_CREAT)
        with suppress(OSError):
            while True:
                os.write(filler, b"x" * 512)
        os.close(filler)

    def makes_room(self) -> None:
        (self._folder / "filler").unlink(missing_ok=True)

    def ends(self) -> None:
        self.makes_room()
        with self._postgres.superuser() as server:
            self._move(server, "pg_default")
            server.execute("DROP TABLESPACE small")
        subprocess.run(["umount", "--lazy", str(self._folder)], check=False)
        self._folder.rmdir()

    def _move(self, server: psycopg.Connection[tuple[object, ...]], where: str) -> None:
        server.execute(f"ALTER TABLE inbox SET TABLESPACE {where}".encode())
        for name in INDEXES:
            with suppress(psycopg.Error):
                server.execute(f"ALTER INDEX {name} SET TABLESPACE {where}".encode())


class FullFile:
    """A limit of 16 MiB on every file that PostgreSQL writes, and the table of messages is that large: file too large."""

    said = "PostgreSQL's table of messages full (a limit of 16 MiB on files)"

    def __init__(self, postgres: Held) -> None:
        self._postgres = postgres

    def fills(self) -> None:
        with self._postgres.superuser() as server:
            while _bytes(server) < LIMIT:
                server.execute(
                    "INSERT INTO inbox (merchant_id, shop_id, delivery_id, way, topic, received_at, state, result)"
                    " SELECT merchant_id, id, 'filler-' || gen_random_uuid(), 'webhook', 'filler', now(), 'applied',"
                    " repeat(md5(n::text), 30) FROM shops, generate_series(1, 2000) n"
                )
                if _bytes(server) > LIMIT * 0.8:
                    self._limits(str(LIMIT))
                    self._to_the_brim(server)
                    return

    def _to_the_brim(self, server: psycopg.Connection[tuple[object, ...]]) -> None:
        """Until not even a small row goes in."""
        for length in (30, 1):
            with suppress(psycopg.Error):
                while True:
                    server.execute(
                        "INSERT INTO inbox (merchant_id, shop_id, delivery_id, way, topic, received_at, state, result)"
                        " SELECT merchant_id, id, 'filler-' || gen_random_uuid(), 'webhook', 'filler', now(),"
                        f" 'applied', repeat('x', {length}) FROM shops, generate_series(1, 20)".encode()
                    )

    def makes_room(self) -> None:
        with self._postgres.superuser() as server:
            server.execute("DELETE FROM inbox WHERE topic = 'filler'")
            server.execute("VACUUM inbox")

    def ends(self) -> None:
        self._limits("unlimited")
        self.makes_room()

    def _limits(self, size: str) -> None:
        owner = self._postgres.cluster().stat()
        # As the server's own account: root without all of its rights may not limit others.
        who = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
        for one in self._postgres.processes():
            command = ["prlimit", "--pid", str(one), f"--fsize={size}:"]
            told = subprocess.run(command, capture_output=True, check=False, cwd="/", **who)
            # A connection may have ended meanwhile.
            assert told.returncode == 0 or not Path(f"/proc/{one}").exists(), told.stderr


def _bytes(server: psycopg.Connection[tuple[object, ...]]) -> int:
    row = server.execute("SELECT pg_relation_size('inbox')").fetchone()
    assert row
    return int(str(row[0]))


def ways() -> list[type[SmallDisk] | type[FullFile]]:
    """The ways of this machine; the second is everywhere."""
    return [SmallDisk, FullFile] if can_mount() else [FullFile]
