"""Putting a backup in the place of what is there, in one transaction: killed anywhere, the old house stands as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec
import psycopg
from sqlalchemy import Connection, create_engine, text, update

from connector.store import dump, migrate, unfinished
from connector.store.dump import CannotDump
from connector.store.shops import CLOSED
from connector.store.tables import shops

_BLOCK = 1 << 18  # bytes of rows handed on at once
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND usename IS NOT NULL"
)
_TABLES = """
SELECT string_agg(format('%I.%I', nspname, relname), ', ' ORDER BY relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public' AND relkind = 'r'
"""
# What psql understands and the server does not, and a setting that PostgreSQL 16 does not know.
_SKIPPED = (b"\\restrict ", b"\\unrestrict ", b"SET transaction_timeout ")


class There(msgspec.Struct, frozen=True):
    """The database that a backup is put back into, as the owner of its tables, inside the one transaction."""

    connection: Connection

    def holds_rows(self) -> bool:
        """Tell whether a merchant is in it, or the house that an older version put aside."""
        if unfinished.found(self.connection) is not None:
            return True
        if self._value("SELECT to_regclass('public.merchants')") is None:
            return False
        return self._value("SELECT 1 FROM merchants LIMIT 1") is not None

    def close(self) -> None:
        """Keep everybody out until the transaction ends; raise CannotDump where somebody is in."""
        if not unfinished.begin(self.connection):
            raise CannotDump("another restore is under way; wait until it has ended")
        self._alone()
        # Whoever comes after this cannot write: what they were told is kept would go with the old house.
        if (tables := self._value(_TABLES)) is not None:
            self._do(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
        self._do("SELECT pg_stat_clear_snapshot()")
        self._alone()

    def put_back(self, path: Path) -> None:
        """Make the tables what the file says, in this version's form and with its walls; raise CannotDump."""
        # Without this a server would finish a long statement for a restore that was killed, and hold its locks meanwhile.
        self._do("SET LOCAL client_connection_check_interval = '1s'")
        self._do(f"DROP SCHEMA IF EXISTS {unfinished.ASIDE} CASCADE")
        self._do(f"ALTER SCHEMA public RENAME TO {unfinished.ASIDE}")
        self._do("CREATE SCHEMA public")
        driver = self.connection.connection.driver_connection
        assert driver is not None
        try:
            with dump.script(path) as said:
                _play(driver, said)
        except psycopg.Error as error:
            why = error.diag.message_primary or type(error).__name__
            raise CannotDump(f"PostgreSQL does not take what is in {path}: {why}") from error
        # The file says how it wants to be read, and that would hold for what follows too.
        self._do("RESET ALL")
        self._do("SET LOCAL client_connection_check_interval = '1s'")
        migrate.up(self.connection)
        self._begin_anew()

    def drop_old(self) -> None:
        """Let go of what was there; it is back if the transaction does not end well."""
        self._do(f"DROP SCHEMA {unfinished.ASIDE} CASCADE")

    def _begin_anew(self) -> None:
        """Drop jobs of long ago, for the sweep finds all there is to do, and what was thought of the shops' lines."""
        self._do("DELETE FROM procrastinate_jobs")
        self.connection.execute(update(shops).values(**CLOSED))
        # A dump has no statistics; until PostgreSQL takes them by itself, every page would read whole tables.
        self._do("ANALYZE")

    def _alone(self) -> None:
        if self._value(_OTHERS):
            raise CannotDump("somebody is connected to the database; stop web and workers first")

    def _do(self, statement: str) -> None:
        self.connection.execute(text(statement))

    def _value(self, statement: str) -> Any:
        return self.connection.execute(text(statement)).scalar()


@contextmanager
def opened(owner_url: str) -> Iterator[There]:
    """Connect as the owner; all that is done there is lasting at the end, or none of it."""
    engine = create_engine(owner_url, hide_parameters=True, connect_args={"connect_timeout": 5})
    try:
        with engine.begin() as connection:
            yield There(connection)
    finally:
        engine.dispose()


def _play(driver: Any, said: IO[bytes]) -> None:
    """Do what the script says: statements as they come, and between them the rows of each table."""
    statements: list[bytes] = []
    for line in said:
        if line.startswith(b"COPY ") and line.endswith(b" FROM stdin;\n"):
            driver.execute(b"".join(statements))
            statements.clear()
            with driver.cursor() as cursor, cursor.copy(line) as table:
                for rows in _rows(said):
                    table.write(rows)
        elif not line.startswith(_SKIPPED):
            statements.append(line)
    driver.execute(b"".join(statements))


def _rows(said: IO[bytes]) -> Iterator[bytes]:
    found: list[bytes] = []
    size = 0
    for line in said:
        if line == b"\\.\n":
            yield b"".join(found)
            return
        found.append(line)
        size += len(line)
        if size > _BLOCK:
            yield b"".join(found)
            found, size = [], 0
    raise dump.CutOff
