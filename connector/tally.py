"""Counting what happens, in this process, until it is added to what all processes counted (store.tallies).

A process that wrote into a counter of its own could be asked only by itself, and a worker answers no requests. So counts go
into one row each, by adding: they never fall, survive every restart, and any web process can tell them.
"""

from __future__ import annotations

import threading
from collections import Counter

WAITS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
"""Upper bounds, in seconds, of the pieces in which waits are counted; what took longer is counted as "inf"."""


Key = tuple[str, str]
"""What is counted: a name, and labels as "platform=...,result=...". Closed sets only: never a shop, never a person."""


class Tally:
    """What happened since it was last taken. Safe for many threads."""

    def __init__(self) -> None:
        self._counts: Counter[Key] = Counter()
        self._sums: dict[Key, float] = {}
        self._lock = threading.Lock()

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        """Count something that happened."""
        with self._lock:
            self._counts[_key(name, labels)] += by

    def waited(self, name: str, seconds: float, **labels: str) -> None:
        """Count a wait of so many seconds: in its piece, and in the sum."""
        bound = next((str(bound) for bound in WAITS if seconds <= bound), "inf")
        key = _key(f"{name}_sum", labels)
        with self._lock:
            self._counts[_key(f"{name}_piece", labels | {"to": bound})] += 1
            self._sums[key] = self._sums.get(key, 0.0) + max(seconds, 0.0)

    def take(self) -> dict[Key, float]:
        """Return what was counted, and begin again at nothing."""
        with self._lock:
            taken = {**self._counts, **self._sums}
            self._counts, self._sums = Counter(), {}
        return taken

    def give_back(self, taken: dict[Key, float]) -> None:
        """Take back what could not be written down, so that it is not lost."""
        with self._lock:
            for key, value in taken.items():
                self._sums[key] = self._sums.get(key, 0.0) + value


def _key(name: str, labels: dict[str, str]) -> Key:
    return name, ",".join(f"{label}={labels[label]}" for label in sorted(labels))


def labels_of(key: Key) -> dict[str, str]:
    """Return the labels of what was counted."""
    return dict(pair.split("=", 1) for pair in key[1].split(",") if pair)
