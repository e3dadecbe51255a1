"""The platform's search syntax, as far as shops are searched here: `field:>=value` terms joined by blanks, AND, OR, -."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from adapters.shopify.sandbox.state import ZONE

_TERM = re.compile(
    r"""\s*(?:(?P<word>AND|OR|NOT)\b
    |(?P<not>-)?(?:(?P<field>[A-Za-z_.]+):)?(?P<op><=|>=|<|>)?(?P<value>'[^']*'|"[^"]*"|[^\s()]+)
    |(?P<paren>[()]))""",
    re.VERBOSE,
)
Wanted = Callable[["Term", object], bool]


class Term(msgspec.Struct, frozen=True):
    """One condition. `op` is one of "", "<", "<=", ">", ">="."""

    field: str
    op: str
    value: str
    negated: bool = False


class Filter(msgspec.Struct, frozen=True):
    """What was asked for: any of the groups, all terms of a group. `warnings` name terms that were passed over."""

    groups: tuple[tuple[Term, ...], ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()


def parse(query: str | None, known: set[str]) -> Filter:
    """Read a search; terms on fields that are not `known` are passed over with a warning, as the platform does."""
    groups: list[list[Term]] = [[]]
    warnings: list[tuple[str, str]] = []
    negate = False
    for match in _TERM.finditer((query or "").strip()):
        if match["word"] or match["paren"]:
            negate = match["word"] == "NOT"
            if match["word"] == "OR":
                groups.append([])
            continue
        field, value = match["field"] or "", match["value"].strip("'\"")
        if field not in known and field != "":
            warnings.append((field, "invalid_field"))
        else:
            groups[-1].append(Term(field, match["op"] or "", value, negate or bool(match["not"])))
        negate = False
    return Filter(tuple(tuple(group) for group in groups), tuple(warnings))


def moment(text: str) -> datetime | None:
    """Read a time as people and programs write it; one without an offset is the shop's local time."""
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(ZONE))).astimezone(UTC)


def time_matches(term: Term, at: datetime | None) -> bool:
    """Compare a moment with the term's own; nothing matches a term that names no time."""
    wanted = moment(term.value)
    if wanted is None or at is None:
        return False
    return _compare(term.op, at, wanted)


def day_matches(term: Term, at: datetime) -> bool:
    """Compare whole days of the shop: the platform does so for customers, whatever the term's time of day."""
    wanted = moment(term.value)
    if wanted is None:
        return False
    zone = ZoneInfo(ZONE)
    return _compare(term.op, at.astimezone(zone).date(), wanted.astimezone(zone).date())


def number_matches(term: Term, number: int) -> bool:
    """Compare an id, plain or global."""
    tail = term.value.rpartition("/")[2]
    return tail.isdigit() and _compare(term.op, number, int(tail))


def text_matches(term: Term, text: str | None) -> bool:
    """Compare texts without regard to capitals; a star at the end stands for any rest."""
    have, want = (text or "").lower(), term.value.lower()
    return have.startswith(want[:-1]) if want.endswith("*") else have == want


def title_matches(term: Term, title: str) -> bool:
    """Find the term's words in a title: all of them, a star at the end of one stands for any rest."""
    words = re.findall(r"\w+", title.lower())
    for want in term.value.lower().split():
        stem = re.sub(r"\W", " ", want.rstrip("*")).split()
        if not all(
            any(w.startswith(part) if want.endswith("*") else w == part for w in words) for part in stem
        ):
            return False
    return True


def _compare(op: str, left: object, right: object) -> bool:
    match op:
        case "<":
            return left < right  # type: ignore[operator, no-any-return]
        case "<=":
            return left <= right  # type: ignore[operator, no-any-return]
        case ">":
            return left > right  # type: ignore[operator, no-any-return]
        case ">=":
            return left >= right  # type: ignore[operator, no-any-return]
        case _:
            return left == right
