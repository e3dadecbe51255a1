"""searchCriteria: the part of a query string that says which rows, in which order, and which page."""

import re
from urllib.parse import parse_qsl

import msgspec

from adapters.magento.sandbox.problems import Problem, required

_INDEX = re.compile(r"\[([^\]]*)\]")


class Filter(msgspec.Struct, frozen=True):
    """One comparison; `field` is a column's name."""

    field: str
    value: str
    condition_type: str = "eq"


class Sort(msgspec.Struct, frozen=True):
    field: str
    direction: str


class Criteria(msgspec.Struct, frozen=True):
    """Groups are joined by AND, the filters inside a group by OR."""

    groups: tuple[tuple[Filter, ...], ...] = ()
    sorts: tuple[Sort, ...] = ()
    page_size: int | None = None
    page: int | None = None

    def echo(self) -> dict[str, object]:
        """The `search_criteria` of the answer: what was understood, without what was not sent."""
        told: dict[str, object] = {
            "filter_groups": [
                {"filters": [msgspec.to_builtins(one) for one in group]} for group in self.groups
            ]
        }
        if self.sorts:
            told["sort_orders"] = [{"field": one.field, "direction": one.direction} for one in self.sorts]
        if self.page_size is not None:
            told["page_size"] = self.page_size
        if self.page is not None:
            told["current_page"] = self.page
        return told


Branch = dict[str, "Branch | str"]


def read(query: str) -> Criteria:
    """Read the criteria of a raw query string; raise Problem 400 when there are none or one makes no sense."""
    tree: Branch | str | None = None
    for key, value in parse_qsl(query, keep_blank_values=True):
        name = key.partition("[")[0]
        if name not in ("searchCriteria", "search_criteria"):
            continue
        path = _INDEX.findall(key[len(name) :])
        if not path:
            tree = tree if isinstance(tree, dict) else value
            continue
        tree = tree if isinstance(tree, dict) else {}
        _plant(tree, [_snake(step) for step in path], value)
    if tree is None:
        raise required("searchCriteria")
    return _criteria(tree) if isinstance(tree, dict) else Criteria()


def _snake(word: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda match: "_" + match[1].lower(), word)


def _plant(tree: Branch, path: list[str], value: str) -> None:
    for step in path[:-1]:
        below = tree.setdefault(step, {})
        if not isinstance(below, dict):
            return
        tree = below
    tree[path[-1]] = value


def _criteria(tree: Branch) -> Criteria:
    groups = []
    for group in _children(tree.get("filter_groups")):
        filters = tuple(_filter(one) for one in _children(group.get("filters")))
        if filters:
            groups.append(filters)
    return Criteria(
        groups=tuple(groups),
        sorts=tuple(_sort(one) for one in _children(tree.get("sort_orders"))),
        page_size=_number(tree.get("page_size"), "pageSize"),
        page=_number(tree.get("current_page"), "currentPage"),
    )


def _children(branch: Branch | str | None) -> list[Branch]:
    if not isinstance(branch, dict):
        return []
    return [child for _, child in sorted(branch.items(), key=_position) if isinstance(child, dict)]


def _position(item: tuple[str, object]) -> tuple[int, str]:
    return (int(item[0]) if item[0].isdigit() else 0, item[0])


def _filter(branch: Branch) -> Filter:
    return Filter(
        field=_text(branch.get("field")),
        value=_text(branch.get("value")),
        condition_type=_text(branch.get("condition_type")) or "eq",
    )


def _sort(branch: Branch) -> Sort:
    direction = _text(branch.get("direction")).upper() or "DESC"
    if direction not in ("ASC", "DESC"):
        raise Problem(
            400,
            "The sort order has to be specified as %1 for ascending order or %2 for descending order.",
            ["ASC", "DESC"],
        )
    return Sort(_text(branch.get("field")), direction)


def _text(value: Branch | str | None) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Branch | str | None, name: str) -> int | None:
    if value is None:
        return None
    text = _text(value).strip()
    if not text.isdigit():
        raise Problem(
            400,
            'The "%value" value\'s type is invalid. The "%type" type was expected. Verify and try again.',
            {"value": text, "type": "int"},
        )
    return int(text) or None
