"""Answering searchCriteria from a table's indexes.

A filter on the id, on updated_at or on a key column narrows the rows first; what is left is compared row by row.
Values are compared as MySQL would: numbers as numbers, texts without case, moments as text.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

import msgspec

from adapters.magento.sandbox.criteria import Criteria, Filter
from adapters.magento.sandbox.problems import Problem
from adapters.magento.sandbox.table import Row, Table

R = TypeVar("R", bound=Row)
Columns = dict[str, Callable[[R], object]]

_LOW = ("gt", "gteq", "from", "moreq")
_HIGH = ("lt", "lteq", "to")
_LAST = 2**63
_WIDEST = 10_000


class Found(msgspec.Struct, Generic[R], frozen=True):
    """One page of rows, and how many there are in all."""

    rows: list[R]
    total: int


class Catalogue(Generic[R]):
    """A searchable table: its columns, the column that is the id, and what an unknown column answers."""

    def __init__(
        self, table: Table[R], columns: Columns[R], id_column: str, unknown: Callable[[str], Problem]
    ) -> None:
        self.table = table
        self.columns = columns
        self.id_column = id_column
        self.unknown = unknown

    def find(self, criteria: Criteria) -> Found[R]:
        """Return the page that is asked for; past the last page there is nothing, and the total stays."""
        self._check(criteria)
        rest = list(criteria.groups)
        ids, by_moment = self._narrowed(rest)
        if rest:
            ids = [key for key in ids if all(self._matches(key, group) for group in rest)]
        total = len(ids)
        backwards = self._direction(criteria, by_moment)
        if backwards is None:
            ids, backwards = self._sorted(ids, criteria), False
        start, stop = _page(criteria, total)
        if backwards:
            start, stop = total - stop, total - start
        page: Iterable[int] = ids[start:stop]
        if backwards:
            page = reversed(list(page))
        return Found([self.table.rows[key] for key in page], total)

    def _check(self, criteria: Criteria) -> None:
        asked = [one.field for group in criteria.groups for one in group] + [s.field for s in criteria.sorts]
        for field in asked:
            if field not in self.columns:
                raise self.unknown(field)

    # --- narrowing: which index serves best ------------------------------------------------------------------

    def _narrowed(self, groups: list[tuple[Filter, ...]]) -> tuple[Sequence[int], bool]:
        """Take out of `groups` what an index answers, and return the ids left; True: they come by moment."""
        keyed = self._by_key(groups)
        if keyed is not None:
            return keyed, False
        ranged = self._by_range(groups)
        if ranged is not None:
            return ranged, False
        low, high, used = 0, _LAST, []
        for group in groups:
            bounds = self._id_bounds(group)
            if bounds is not None:
                low, high = max(low, bounds[0]), min(high, bounds[1])
                used.append(group)
        if used:
            _remove(groups, used)
            ids = self.table.ids
            return ids[bisect_left(ids, low) : bisect_left(ids, high)], False
        return self._by_moment(groups)

    def _by_key(self, groups: list[tuple[Filter, ...]]) -> list[int] | None:
        for group in groups:
            one = group[0]
            if len(group) != 1 or one.condition_type not in ("eq", "in"):
                continue
            values = one.value.split(",") if one.condition_type == "in" else [one.value]
            if one.field == self.id_column and all(value.strip().isdigit() for value in values):
                _remove(groups, [group])
                return sorted({int(value) for value in values} & self.table.rows.keys())
            if one.field in self.table.keys:
                _remove(groups, [group])
                return sorted(set().union(*(self.table.ids_where(one.field, v.strip()) for v in values)))
        return None

    def _by_range(self, groups: list[tuple[Filter, ...]]) -> list[int] | None:
        """The ids whose key column lies between two whole numbers, such as the invoices of neighbouring orders."""
        for name in self.table.keys:
            found = {
                group[0].condition_type: group
                for group in groups
                if len(group) == 1 and group[0].field == name
            }
            ends = [found[word][0].value.strip() for word in ("gteq", "lteq") if word in found]
            if (
                len(ends) == 2
                and all(end.isdigit() for end in ends)
                and int(ends[1]) - int(ends[0]) < _WIDEST
            ):
                _remove(groups, [found["gteq"], found["lteq"]])
                between = range(int(ends[0]), int(ends[1]) + 1)
                return sorted(key for one in between for key in self.table.ids_where(name, one))
        return None

    def _id_bounds(self, group: tuple[Filter, ...]) -> tuple[int, int] | None:
        one = group[0]
        if len(group) != 1 or one.field != self.id_column or not one.value.strip().isdigit():
            return None
        value = int(one.value)
        if one.condition_type in _LOW:
            return value + (one.condition_type == "gt"), _LAST
        if one.condition_type in _HIGH:
            return 0, value + (one.condition_type != "lt")
        return None

    def _by_moment(self, groups: list[tuple[Filter, ...]]) -> tuple[Sequence[int], bool]:
        moments, low, high, used = self.table.moments, 0, len(self.table.moments), []
        for group in groups:
            one = group[0]
            if len(group) != 1 or one.field != "updated_at" or self.table.changed is None:
                continue
            stamp = moment(one.value)
            if one.condition_type in (*_LOW, "eq"):
                edge = _LAST if one.condition_type == "gt" else 0
                low = max(low, bisect_left(moments, (stamp, edge)))
            if one.condition_type in (*_HIGH, "eq"):
                edge = 0 if one.condition_type == "lt" else _LAST
                high = min(high, bisect_right(moments, (stamp, edge)))
            if one.condition_type in (*_LOW, *_HIGH, "eq"):
                used.append(group)
        if not used:
            return self.table.ids, False
        _remove(groups, used)
        return [key for _, key in moments[low : max(low, high)]], True

    # --- comparing and sorting -------------------------------------------------------------------------------

    def _matches(self, key: int, group: tuple[Filter, ...]) -> bool:
        row = self.table.rows[key]
        return any(holds(self.columns[one.field](row), one) for one in group)

    def _direction(self, criteria: Criteria, by_moment: bool) -> bool | None:
        """False: the ids stand as asked for; True: exactly the other way round; None: they must be sorted."""
        fields = [one.field for one in criteria.sorts]
        natural = [["updated_at"], ["updated_at", self.id_column]] if by_moment else [[self.id_column]]
        if not fields and not by_moment:
            return False
        directions = {one.direction for one in criteria.sorts}
        if fields not in natural or len(directions) != 1:
            return None
        if fields == ["updated_at"] and directions == {"DESC"}:
            return None  # rows of one second come in the order of their ids, also backwards
        return directions == {"DESC"}

    def _sorted(self, ids: Sequence[int], criteria: Criteria) -> list[int]:
        rows = self.table.rows
        ordered = sorted(ids)
        if [one.field for one in criteria.sorts] == [self.id_column]:
            return ordered if criteria.sorts[0].direction == "ASC" else ordered[::-1]
        for one in reversed(criteria.sorts):
            column = self.columns[one.field]
            ordered.sort(key=lambda key: _rank(column(rows[key])), reverse=one.direction == "DESC")
        return ordered


def holds(value: object, one: Filter) -> bool:
    """Say whether a column's value meets the filter; an unknown condition is taken for `eq`."""
    wanted = one.value
    match one.condition_type:
        case "null":
            return value is None
        case "notnull":
            return value is not None
        case "neq":
            return value is not None and _compare(value, wanted) != 0
        case "in" | "finset":
            return value is not None and any(_compare(value, word.strip()) == 0 for word in wanted.split(","))
        case "nin":
            return value is not None and all(_compare(value, word.strip()) != 0 for word in wanted.split(","))
        case "like" | "nlike":
            pattern = re.escape(wanted).replace("%", ".*").replace("_", ".")
            hit = re.fullmatch(pattern, str(value), re.IGNORECASE | re.DOTALL) is not None
            return value is not None and hit == (one.condition_type == "like")
        case "gt":
            return value is not None and _compare(value, wanted) > 0
        case "gteq" | "from" | "moreq":
            return value is not None and _compare(value, wanted) >= 0
        case "lt":
            return value is not None and _compare(value, wanted) < 0
        case "lteq" | "to":
            return value is not None and _compare(value, wanted) <= 0
        case _:
            return value is not None and _compare(value, wanted) == 0


def moment(text: str) -> str:
    """Read a date as MySQL does: a day alone is its midnight, and a zone behind it is ignored."""
    match = re.match(r"\s*(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?))?", text)
    if match is None:
        return text
    time = match[2] or "00:00:00"
    return f"{match[1]} {time if len(time) == 8 else time + ':00'}"


def _compare(value: object, wanted: str) -> int:
    if isinstance(value, bool | int | float):
        number = float(value)
        other = _float(wanted)
        return (number > other) - (number < other)
    text = str(value)
    if re.match(r"\d{4}-\d{2}-\d{2} \d{2}:", text):
        wanted = moment(wanted)
    left, right = text.casefold(), wanted.casefold()
    return (left > right) - (left < right)


def _float(text: str) -> float:
    match = re.match(r"\s*-?\d+(?:\.\d+)?", text)
    return float(match[0]) if match else 0.0


def _rank(value: object) -> tuple[int, float, str]:
    if value is None:
        return (0, 0.0, "")
    if isinstance(value, bool | int | float):
        return (1, float(value), "")
    return (1, 0.0, str(value).casefold())


def _remove(groups: list[tuple[Filter, ...]], used: Sequence[tuple[Filter, ...]]) -> None:
    groups[:] = [group for group in groups if not any(group is one for one in used)]


def _page(criteria: Criteria, total: int) -> tuple[int, int]:
    if criteria.page_size is None:
        return 0, total
    start = min(total, ((criteria.page or 1) - 1) * criteria.page_size)
    return start, min(total, start + criteria.page_size)
