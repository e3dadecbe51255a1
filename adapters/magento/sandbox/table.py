"""One table of the shop: rows by id, ids in order, rows by when they changed, and rows by chosen columns.

Searching must not walk 70,000 rows to serve a page of 100, so every index is kept while rows are written.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, Protocol, TypeVar


class Row(Protocol):
    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=Row)
Column = Callable[[R], object]


class Table(Generic[R]):
    """Rows of one kind. `changed` names the column that updated_at means; `keys` the columns looked up by equality."""

    def __init__(
        self, changed: Callable[[R], str] | None = None, keys: dict[str, Column[R]] | None = None
    ) -> None:
        self.rows: dict[int, R] = {}
        self.ids: list[int] = []
        self.moments: list[tuple[str, int]] = []
        self.changed = changed
        self.keys = keys or {}
        self.found: dict[str, dict[Hashable, set[int]]] = {name: {} for name in self.keys}
        self.last = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[R]:
        return (self.rows[key] for key in self.ids)

    def next_id(self) -> int:
        """Return the number of the next row; numbers of deleted rows do not come back."""
        return self.last + 1

    def get(self, key: int) -> R | None:
        return self.rows.get(key)

    def put(self, row: R) -> R:
        """Keep the row in place of the one with its id, if there is one."""
        old = self.rows.get(row.id)
        if old is not None:
            self._forget(old)
        elif row.id > self.last:
            self.ids.append(row.id)
            self.last = row.id
        else:
            insort(self.ids, row.id)
        self.rows[row.id] = row
        self._remember(row)
        return row

    def drop(self, key: int) -> None:
        self._forget(self.rows.pop(key))
        del self.ids[bisect_left(self.ids, key)]

    def where(self, column: str, value: object) -> list[R]:
        """Return the rows whose key column equals the value, in the order of their ids."""
        return [self.rows[key] for key in sorted(self.found[column].get(_folded(value), ()))]

    def ids_where(self, column: str, value: object) -> set[int]:
        return self.found[column].get(_folded(value), set())

    def _remember(self, row: R) -> None:
        if self.changed is not None:
            moment = (self.changed(row), row.id)
            if not self.moments or moment > self.moments[-1]:
                self.moments.append(moment)
            else:
                insort(self.moments, moment)
        for name, column in self.keys.items():
            self.found[name].setdefault(_folded(column(row)), set()).add(row.id)

    def _forget(self, row: R) -> None:
        if self.changed is not None:
            del self.moments[bisect_left(self.moments, (self.changed(row), row.id))]
        for name, column in self.keys.items():
            value = _folded(column(row))
            bucket = self.found[name][value]
            bucket.discard(row.id)
            if not bucket:
                del self.found[name][value]


def _folded(value: object) -> Hashable:
    """Texts are equal whatever their case, and 5 equals "5", as in MySQL's usual collation."""
    return str(value).casefold()
