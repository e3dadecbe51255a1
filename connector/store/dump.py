"""Backups by PostgreSQL's own pg_dump and pg_restore: those of the wheel, or the ones on the PATH."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, create_engine, text, update
from sqlalchemy.engine import make_url

from connector.store.account import CannotStart, programs
from connector.store.shops import CLOSED
from connector.store.tables import shops

_PASSED = {"host": "PGHOST", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "port": "PGPORT"}
# What belongs to the server and not to the tables; `comeback migrate` puts it up again.
_LEFT_OUT = re.compile(r"^\d+; \d+ \d+ (?:POLICY|ROW SECURITY|ACL|DEFAULT ACL|SCHEMA|COMMENT - SCHEMA)\b")
_ASIDE = "before_restore"
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND usename IS NOT NULL"
)


class CannotDump(Exception):
    """A backup cannot be made or put back; the text says what to do."""


def make(owner_url: str, path: Path) -> None:
    """Write all of the database into a new file, readable by nobody else; it is there whole or not at all."""
    half = path.with_name(f".{path.name}.half")
    half.unlink(missing_ok=True)
    os.close(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        # The owner sees every row although the walls are up; see walls.
        _run("pg_dump", owner_url, "--format=custom", "--enable-row-security", "--no-owner", f"--file={half}")
        with half.open("rb") as file:
            os.fsync(file.fileno())
        half.rename(path)
    finally:
        half.unlink(missing_ok=True)


def contents(path: Path) -> list[str]:
    """Return the lines of the file's table of contents; raise CannotDump when it is no backup."""
    if not path.is_file():
        raise CannotDump(f"there is no file {path}")
    return _run("pg_restore", None, "--list", str(path)).splitlines()


def rows(path: Path, table: str) -> list[dict[str, str | None]]:
    """Return the rows of a small table as the file holds them, in PostgreSQL's own writing."""
    said = _run("pg_restore", None, "--data-only", f"--table={table}", "--file=-", str(path))
    return list(_copied(said))


class There(msgspec.Struct, frozen=True):
    """The database that a backup is put back into, as the owner of its tables."""

    url: str
    connection: Connection

    def holds_rows(self) -> bool:
        """Tell whether a merchant is in it."""
        if self._value("SELECT to_regclass('public.merchants')") is None:
            return False
        return self._value("SELECT 1 FROM merchants LIMIT 1") is not None

    def others(self) -> int:
        """Return how many others are connected to it."""
        return int(self._value(_OTHERS))

    def put_back(self, path: Path) -> None:
        """Make the database what the file says, without the walls; what was there is gone only when that worked."""
        if self._value(f"SELECT to_regnamespace('{_ASIDE}')") is not None:
            self._take_back()  # an earlier restore was killed half-way
        self._do(f"ALTER SCHEMA public RENAME TO {_ASIDE}")
        self._do("CREATE SCHEMA public")
        try:
            self._restore(path)
        except BaseException:
            self._take_back()
            raise
        self._do(f"DROP SCHEMA {_ASIDE} CASCADE")

    def begin_anew(self) -> None:
        """Drop jobs of long ago, for the sweep finds all there is to do, and what was thought of the shops' lines."""
        self._do("DELETE FROM procrastinate_jobs")
        self.connection.execute(update(shops).values(**CLOSED))
        # A dump has no statistics; until PostgreSQL takes them by itself, every page would read whole tables.
        self._do("ANALYZE")

    def _restore(self, path: Path) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".list") as chosen:
            chosen.write("\n".join(line for line in contents(path) if not _LEFT_OUT.match(line)))
            chosen.flush()
            whole = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
            name = make_url(self.url).database or ""
            _run("pg_restore", self.url, *whole, f"--use-list={chosen.name}", f"--dbname={name}", str(path))

    def _take_back(self) -> None:
        self._do("DROP SCHEMA IF EXISTS public CASCADE")
        self._do(f"ALTER SCHEMA {_ASIDE} RENAME TO public")

    def _do(self, statement: str) -> None:
        self.connection.execute(text(statement))

    def _value(self, statement: str) -> Any:
        return self.connection.execute(text(statement)).scalar()


@contextmanager
def opened(owner_url: str) -> Iterator[There]:
    """Connect as the owner; every statement stands by itself."""
    engine = create_engine(owner_url, connect_args={"connect_timeout": 5})
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield There(owner_url, connection)
    finally:
        engine.dispose()


def _run(program: str, url: str | None, *arguments: str) -> str:
    command = [_program(program), *arguments]
    try:
        done = subprocess.run(command, env=_environment(url), capture_output=True, text=True, check=False)
    except OSError as error:
        raise CannotDump(f"{program} cannot be run: {error.strerror}") from error
    if done.returncode:
        said = [line for line in done.stderr.strip().splitlines() if line] or ["it did not say why"]
        if any("server version mismatch" in line for line in said):
            raise CannotDump(
                f"{program} is older than the database's PostgreSQL; put that version's {program} first on the PATH"
            )
        raise CannotDump(f"{program}: {said[-1].partition('error: ')[2] or said[-1]}")
    return done.stdout


def _program(name: str) -> str:
    try:
        return str(programs() / name)
    except CannotStart:
        found = shutil.which(name)
    if found is None:
        raise CannotDump(f"{name} is not on this machine; install PostgreSQL's client programs")
    return found


def _environment(url: str | None) -> dict[str, str]:
    """What libpq is to know; a password among the arguments would be seen by everybody on the machine."""
    env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    if url is None:
        return env
    there = make_url(url)
    found = {
        "PGHOST": there.host,
        "PGPORT": there.port,
        "PGUSER": there.username,
        "PGPASSWORD": there.password,
        "PGDATABASE": there.database,
    } | {_PASSED[name]: word for name, word in there.query.items() if name in _PASSED}
    return env | {name: str(word) for name, word in found.items() if word is not None}


def _copied(said: str) -> Iterator[dict[str, str | None]]:
    names: list[str] = []
    # Not splitlines: a shop's name may hold a sign at which that would break a row in two.
    for line in said.split("\n"):
        if line.startswith("COPY "):
            names = [
                name.strip().strip('"') for name in line[line.index("(") + 1 : line.index(")")].split(",")
            ]
        elif line == "\\.":
            names = []
        elif names:
            words = [None if word == "\\N" else word.replace("\\\\", "\\") for word in line.split("\t")]
            yield dict(zip(names, words, strict=True))
