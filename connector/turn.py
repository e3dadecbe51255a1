"""Whose turn it is to compute, among the threads of a process.

Python runs one thread at a time anyway. Many that all compute hand the interpreter back and forth at every question to the
database, keep a line to it each, and cost a quarter more in all; so they compute one after the other, and wait for shops
side by side.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_waits: ContextVar[Callable[[], object]] = ContextVar("waits", default=int)


def tell_when_aside(callback: Callable[[], object]) -> None:
    """Have this called, from here on, whenever what is done here stands aside: nobody knows when it will be back."""
    _waits.set(callback)


class Turn:
    """A turn that one thread has at a time: `with turn:`. First come, first served.

    A plain lock would go back, nearly always, to whoever has just let go of it: one that computes for minutes, batch after
    batch, would keep all others waiting.
    """

    def __init__(self) -> None:
        self._taken = False
        self._queue = deque[threading.Lock]()
        self._guard = threading.Lock()

    def __enter__(self) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._queue.append(mine)
        mine.acquire()  # let go of by whoever has it now

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._taken = False

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let others have it meanwhile: whoever has it is going to wait, for a shop or for anything else far away."""
        self.__exit__()
        try:
            _waits.get()()
            yield
        finally:
            self.__enter__()
