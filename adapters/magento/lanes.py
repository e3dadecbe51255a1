"""Lanes: how many calls to one shop are on their way at once, whoever in this process makes them.

A job's own calls are two at most, but jobs of several kinds and pages ask the same shop side by side, and a small server
answers nobody in time when many ask.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from connector.port import TryLater

AT_ONCE = 4

# Anybody may have a page call any host, so one that nobody talks with any more is forgotten.
_known: WeakValueDictionary[str, "Lanes"] = WeakValueDictionary()
_lock = threading.Lock()


class Lanes:
    """The lanes to one host."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(AT_ONCE)

    @contextmanager
    def one(self, patience: float) -> Iterator[None]:
        """Keep a lane for a call; raise TryLater where none gets free in so many seconds."""
        if not self._free.acquire(timeout=max(0.0, patience)):
            raise TryLater("Too many of our calls to the shop are on their way.")
        try:
            yield
        finally:
            self._free.release()


def to(address: str) -> Lanes:
    """Return the lanes to the host of an address, the same for all who hold them at once."""
    host = urlsplit(address).netloc
    with _lock:
        lanes = _known.get(host)
        if lanes is None:
            lanes = _known[host] = Lanes()
        return lanes
