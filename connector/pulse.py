"""A process's sign of life: that it runs, and what it counted since the last one."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from importlib.metadata import version
from typing import Literal

import structlog

from connector import trail
from connector.house import House
from connector.store import health, patience, tallies

EVERY = 10.0  # seconds between two signs of life
FORGET = timedelta(days=1)  # a process that was killed is told of for so long

_log = structlog.get_logger()


class Pulse:
    """One process's signs of life; `beat` is called often and does something every ten seconds."""

    def __init__(self, house: House, kind: Literal["web", "worker"]) -> None:
        self._house, self._kind = house, kind
        self._id, self._started = trail.new(), house.now()
        self._lock = threading.Lock()
        # A web process shows itself with the first answer after a while: most run behind a check of their health.
        self._next = 0.0 if kind == "worker" else time.monotonic() + EVERY

    @property
    def lock(self) -> str:
        """The name of a lock to be held while the process works: it ends with it, however that ends."""
        return tallies.lock_of(self._id)

    def due(self) -> bool:
        """Tell whether it is time again, and take it on: of many threads that ask one is told so."""
        with self._lock:
            now = time.monotonic()
            if now < self._next:
                return False
            self._next = now + EVERY
            return True

    def beat(self) -> None:
        """Show life and add what was counted; what cannot be written now is kept for the next time."""
        house = self._house
        counted = house.tally.take()
        sign = tallies.Process(self._id, self._kind, version("comeback"), self._started, house.now())
        try:
            with house.database.everyone() as connection:
                tallies.add(connection, counted)
                tallies.show_life(connection, sign, FORGET)
        except health.TROUBLE as error:
            house.tally.give_back(counted)
            _log.warning("no sign of life", error=type(error).__name__)

    def stop(self) -> None:
        """Add what is left, and say good-bye, so that nobody looks for this process. A silent database holds up no end."""
        patience.begin(patience.LEAST)
        self.beat()
        try:
            with self._house.database.everyone() as connection:
                tallies.leave(connection, self._id)
        except health.TROUBLE as error:
            _log.warning("no good-bye", error=type(error).__name__)
        finally:
            patience.end()
