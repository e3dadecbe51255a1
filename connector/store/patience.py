"""How long a request waits for the database. One that is frozen neither answers nor closes the line: no error ever comes.

Time-outs of the server's own freeze with it, and TCP's look at the other machine's kernel, which goes on acknowledging.
So the wait itself has an end. Workers and commands have none: they wait, and go on when the database does.
"""

from __future__ import annotations

from contextvars import ContextVar
from time import monotonic
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen

REQUEST = 8.0  # seconds from a request's beginning in which answers are waited for
LEAST = 2.0  # and for each answer asked for after them, so that a page of many questions may take longer
PAUSE = 1.0  # after a silence: so long nobody asks, and whoever stands in the queue behind is told at once
_CONNECT = 5.0

_until: ContextVar[float | None] = ContextVar("until", default=None)


def begin(seconds: float = REQUEST) -> None:
    """From here on wait for the database no longer than this, all in all."""
    _until.set(monotonic() + seconds)


def end() -> None:
    """From here on wait as long as it takes."""
    _until.set(None)


class Silence:
    """What this process knows of the database's silence: when it last said anything, and until when nobody asks."""

    def __init__(self) -> None:
        self._heard = self._pause_until = 0.0  # by the monotonic clock; no pause: 0

    def left(self) -> float | None:
        """Return for how many seconds an answer may be waited for, None for ever; raise OperationalError in a pause."""
        until = _until.get()
        if until is None:
            return None
        now = monotonic()
        if now < self._pause_until:
            raise psycopg.OperationalError("the database did not answer a moment ago")
        # While nothing has been heard since a silence, one more look need not take as long.
        return LEAST if self._pause_until else max(until - now, LEAST)

    def hear(self) -> None:
        """The database has answered."""
        self._heard, self._pause_until = monotonic(), 0.0

    def fall(self, began: float) -> None:
        """An answer waited for since `began` has not come; one that others had meanwhile says that it is only slow."""
        if self._heard < began:
            self._pause_until = monotonic() + PAUSE


class Patient(psycopg.Connection[Any]):
    """A connection whose waiting ends where a request's patience does; it is of no use afterwards, and closed."""

    silence: Silence

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for what the server says; raise OperationalError when it comes too late."""
        try:
            left = self.silence.left()
        except psycopg.OperationalError:
            self.pgconn.finish()
            raise
        if left is None:
            found = super().wait(gen, interval, timeout)
        else:
            began = monotonic()
            try:
                found = super().wait(gen, interval, left)
            except psycopg.OperationalError:
                if monotonic() - began >= left:
                    self.silence.fall(began)
                    self.pgconn.finish()
                raise
        self.silence.hear()
        return found


def connect(silence: Silence, *words: Any, **named: Any) -> Patient:
    """Connect within what is left of the patience, at most five seconds; raise OperationalError."""
    left, began = silence.left(), monotonic()
    named["connect_timeout"] = max(int(min(left or _CONNECT, _CONNECT)), 2)
    try:
        made = Patient.connect(*words, **named)
    except psycopg.errors.ConnectionTimeout:
        silence.fall(began)
        raise
    made.silence = silence
    return made
