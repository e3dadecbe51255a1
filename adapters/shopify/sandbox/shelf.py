"""Things found by id and kept in order, so that a page of them costs no more than the page."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

Key = tuple[object, ...]


class HasId(Protocol):
    id: int


T = TypeVar("T", bound=HasId)
Measure = Callable[[T], object]


class Shelf(Generic[T]):
    """Things by id, sorted by each of the named measures; ties are broken by id."""

    def __init__(self, measures: dict[str, Measure[T]]) -> None:
        self.things: dict[int, T] = {}
        self._measures = measures
        self._sorted: dict[str, list[tuple[object, int]]] = {name: [] for name in measures}

    def __len__(self) -> int:
        return len(self.things)

    def __iter__(self) -> Iterator[T]:
        return iter(self.things.values())

    def get(self, thing_id: int) -> T | None:
        return self.things.get(thing_id)

    def fill(self, things: list[T]) -> None:
        """Take in many things at once."""
        self.things.update((thing.id, thing) for thing in things)
        for name, measure in self._measures.items():
            self._sorted[name] = sorted((measure(thing), thing.id) for thing in self.things.values())

    def put(self, thing: T) -> None:
        """Take in a new thing."""
        self.things[thing.id] = thing
        for name, measure in self._measures.items():
            insort(self._sorted[name], (measure(thing), thing.id))

    def move(self, thing: T, change: Callable[[T], None]) -> None:
        """Change the thing and put it where it then belongs."""
        before = {name: measure(thing) for name, measure in self._measures.items()}
        change(thing)
        for name, measure in self._measures.items():
            if (after := measure(thing)) != before[name]:
                self._take(name, before[name], thing.id)
                insort(self._sorted[name], (after, thing.id))

    def remove(self, thing: T) -> None:
        for name, measure in self._measures.items():
            self._take(name, measure(thing), thing.id)
        del self.things[thing.id]

    def between(self, name: str, low: object | None, high: object | None) -> list[tuple[object, int]]:
        """Return (measure, id) pairs in order, from `low` to `high`, both included; None leaves a side open."""
        rows = self._sorted[name]
        start = 0 if low is None else bisect_left(rows, (low,))
        end = len(rows) if high is None else bisect_right(rows, (high, float("inf")))
        return rows[start:end]

    def _take(self, name: str, value: object, thing_id: int) -> None:
        rows = self._sorted[name]
        del rows[bisect_left(rows, (value, thing_id))]
