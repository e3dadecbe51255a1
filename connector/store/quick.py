"""Lines to the database for single statements that are transactions of their own: what a shop waits for at the door.

A pool asks each line whether it still lives before it lends it, and ends what was begun on it afterwards. Here nothing is
begun, and a line that has died is found out by asking: so neither is needed.
"""

from collections.abc import Mapping
from threading import BoundedSemaphore
from typing import Any

import psycopg
from sqlalchemy import Engine

from connector.store import patience

MOST = 24  # at once, in one process
_WAIT = 3.0  # seconds for one of them; a shop that hears 503 by then comes again


class Lines:
    """The lines that nobody uses just now, the last used first, and how many there may be."""

    def __init__(self, engine: Engine, silence: patience.Silence) -> None:
        self._engine, self._silence = engine, silence
        self._idle: list[patience.Patient] = []
        self._free = BoundedSemaphore(MOST)

    def ask(self, statement: str, words: Mapping[str, object]) -> tuple[Any, ...]:
        """Run a statement that may run twice, and return its only row; raise psycopg's errors."""
        if not self._free.acquire(timeout=_WAIT):
            raise psycopg.OperationalError("every line to the database is busy")
        try:
            return self._ask(statement, words)
        finally:
            self._free.release()

    def _ask(self, statement: str, words: Mapping[str, object]) -> tuple[Any, ...]:
        try:
            line = self._idle.pop()
        except IndexError:
            return self._ask_on(self._connect(), statement, words)
        try:
            return self._ask_on(line, statement, words)
        except psycopg.OperationalError:
            if not line.closed:
                raise
        # The others have died with it, as a rule.
        self.close()
        return self._ask_on(self._connect(), statement, words)

    def _ask_on(self, line: patience.Patient, statement: str, words: Mapping[str, object]) -> tuple[Any, ...]:
        try:
            row: tuple[Any, ...] | None = line.execute(statement, words, prepare=True).fetchone()
        finally:
            if not line.closed:
                self._idle.append(line)
        assert row is not None, "the statement returns a row"
        return row

    def _connect(self) -> patience.Patient:
        words, named = self._engine.dialect.create_connect_args(self._engine.url)
        return patience.connect(self._silence, *words, **named, autocommit=True)

    def close(self) -> None:
        """Close the lines that nobody uses."""
        while self._idle:
            try:
                self._idle.pop().close()
            except IndexError:  # another thread took the last one
                return
