"""The way to the database: transactions bound to one merchant, and the few that are not."""

import select
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg
from sqlalchemy import Connection as Connection
from sqlalchemy import CursorResult, Engine, Executable, Row, create_engine, event, text
from sqlalchemy.exc import DisconnectionError

from connector import trail
from connector.secrets import KeyRing
from connector.store import patience
from connector.store.quick import Lines
from connector.store.walls import ACROSS_ROLE, SETTING

_BIND = text(f"SELECT set_config('role', 'none', true), set_config('{SETTING}', :merchant, true)")
_ACROSS = text(f"SET LOCAL ROLE {ACROSS_ROLE}")
_TAKE = text("SELECT pg_try_advisory_lock(hashtext(:work), :key)")
_LEAVE = text("SELECT pg_advisory_unlock(hashtext(:work), :key)")


class Tx:
    """One transaction for one merchant. Every query takes it and keeps to its merchant; nobody below commits.

    `request` is the number of what it is done for (connector.trail); rows that it makes keep it.
    """

    def __init__(self, connection: Connection, merchant_id: int, ring: KeyRing) -> None:
        self.connection = connection
        self.merchant_id = merchant_id
        self.ring = ring
        self.request = trail.current()

    def run(
        self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Execute; with `rows`, once for each of them in one round trip."""
        return self.connection.execute(statement, rows)

    def all(self, statement: Executable) -> Sequence[Row[Any]]:
        """Return every row."""
        return self.connection.execute(statement).all()

    def first(self, statement: Executable) -> Row[Any] | None:
        """Return the first row, or None."""
        return self.connection.execute(statement).first()

    def one(self, statement: Executable) -> Row[Any]:
        """Return the only row; anything else is a fault of ours."""
        return self.connection.execute(statement).one()

    def value(self, statement: Executable) -> Any:
        """Return the first column of the first row, or None."""
        return self.connection.execute(statement).scalar()


def bind(connection: Connection, merchant_id: int) -> None:
    """Bind the rest of the transaction to one merchant: the database shows it no row of another (store.walls)."""
    connection.execute(_BIND, {"merchant": str(merchant_id)})


def _still_there(driver: Any, _: object, __: object) -> None:
    """Have a connection that the server has closed replaced before it is used; raise DisconnectionError.

    A closed socket can be read from, a quiet one cannot: asking the kernel costs next to nothing, asking the server as much
    as many a query.
    """
    quiet = select.poll()
    if not driver.closed:
        quiet.register(driver.fileno(), select.POLLIN)
        if not quiet.poll(0):
            return
    try:
        # Not every word from the server is a farewell.
        driver.execute("SELECT 1")
        driver.rollback()
    except psycopg.Error as error:
        raise DisconnectionError("the server has closed the connection") from error


def _engine(url: str, silence: patience.Silence, pool_size: int, more: int = 32) -> Engine:
    # Neither a log of statements nor the text of an error may quote a row.
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=more,
        pool_use_lifo=True,
        json_serializer=_json,
        json_deserializer=msgspec.json.decode,
    )
    event.listen(engine, "do_connect", lambda _d, _r, args, words: patience.connect(silence, *args, **words))
    event.listen(engine, "checkout", _still_there)
    return engine


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


class Database:
    """The engine and the key ring. Made once per process; holds no state of its own."""

    def __init__(self, url: str, ring: KeyRing, pool_size: int = 8) -> None:
        silence = patience.Silence()
        self.engine = _engine(url, silence, pool_size)
        # Whoever works alone holds a line for as long and asks next to nothing on it. Apart from the others, so that
        # those are always the same few: the server plans what it is asked for each line anew, at first.
        self._locks = _engine(url, silence, pool_size, more=64)
        self._lines = Lines(self.engine, silence)
        self.ring = ring

    @contextmanager
    def merchant(self, merchant_id: int) -> Iterator[Tx]:
        """One transaction for one merchant: commits at the end, rolls back on any exception."""
        with self.engine.begin() as connection:
            bind(connection, merchant_id)
            yield Tx(connection, merchant_id, self.ring)

    def at_once(self, statement: str, words: Mapping[str, object]) -> tuple[Any, ...]:
        """Run one statement that is a transaction of its own, and return its only row.

        One round trip, on the driver itself: for what many wait for. Raises psycopg's errors. The statement must be one
        that may run twice: where the server has closed the line meanwhile, it is asked once more on another.
        """
        return self._lines.ask(statement, words)

    @contextmanager
    def everyone(self) -> Iterator[Connection]:
        """One transaction across merchants: for finding whose something is, and for sweeps.

        It sees what walls.ACROSS lists and nothing sealed; `bind` turns it into one of the merchant that was found.
        """
        with self.engine.begin() as connection:
            connection.execute(_ACROSS)
            yield connection

    @contextmanager
    def alone(self, work: str, key: int) -> Iterator[bool]:
        """Yield True while nobody else does this work on this thing, anywhere; False when somebody does.

        The lock belongs to a connection: it ends with the process, however that ends.
        """
        name = {"work": work, "key": key}
        with self._locks.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            taken = bool(connection.execute(_TAKE, name).scalar())
            try:
                yield taken
            finally:
                if taken:
                    connection.execute(_LEAVE, name)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
        self._locks.dispose()
        self._lines.close()
