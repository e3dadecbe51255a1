"""Pages of things: cursors that stay good while the shop changes, and the limits of a page."""

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec

from adapters.shopify.sandbox.refusals import GraphRefusal

LARGEST = 250
END = 25_000  # things that pages of one search show; what lies behind is as if it were not there
EVERYTHING = 2**31  # more than a client can ask for: what a bulk query reads
T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some things, each with the sorted row it was found in."""

    items: tuple[tuple[tuple[Any, int], T], ...]
    has_next: bool
    has_previous: bool


class Cut(msgspec.Struct, frozen=True):
    """The platform's arguments of a page."""

    first: int | None = None
    last: int | None = None
    after: str | None = None
    before: str | None = None
    reverse: bool = False


def check(cut: Cut) -> None:
    """Raise GraphRefusal where the arguments name no page, two pages or one that is too long."""
    if cut.first is None and cut.last is None:
        raise GraphRefusal("a page needs one of first and last", "BAD_REQUEST")
    if cut.first is not None and cut.last is not None:
        raise GraphRefusal("a page takes one of first and last, not both", "BAD_REQUEST")
    size = cut.first if cut.first is not None else cut.last
    assert size is not None
    if not 0 <= size <= LARGEST and size != EVERYTHING:
        raise GraphRefusal(f"a page holds 0 to {LARGEST} things", "BAD_REQUEST")


def page(
    rows: Sequence[tuple[Any, int]],
    cut: Cut,
    thing: Callable[[int], T],
    wanted: Callable[[T], bool],
    end: int = END,
) -> Page[T]:
    """Cut one page out of sorted (measure, id) rows, of which only some are wanted.

    A cursor is the row itself, so things that move or vanish meanwhile shift nothing. Whoever goes on from page to page
    is told that there is no next one once `end` things lie behind them.
    """
    check(cut)
    low, high = _bounds(rows, cut)
    backwards = cut.last is not None
    size = cut.last if backwards else cut.first
    assert size is not None
    step = -1 if cut.reverse != backwards else 1
    found: list[tuple[tuple[Any, int], T]] = []
    more = False
    left = end
    behind = range(low) if step == 1 else range(high, len(rows))
    if size < EVERYTHING and not backwards and len(behind) + size >= end:
        left = max(0, end - sum(1 for at in behind if wanted(thing(rows[at][1]))))
        size = min(size, left)
    for at in range(low, high) if step == 1 else range(high - 1, low - 1, -1):
        candidate = thing(rows[at][1])
        if not wanted(candidate):
            continue
        if len(found) == size:
            more = size < left
            break
        found.append((rows[at], candidate))
    if backwards:
        found.reverse()
    asked = cut.after is not None if not backwards else cut.before is not None
    return Page(tuple(found), asked if backwards else more, more if backwards else asked)


def listed(things: Sequence[T], cut: Cut) -> Page[T]:
    """Cut one page out of a short list; its cursors are places."""
    rows = [(place, place) for place in range(len(things))]
    if cut.first == EVERYTHING:
        return Page(tuple(zip(rows, things, strict=True)), False, False)
    return page(rows, cut, lambda place: things[place], lambda _: True)


def _bounds(rows: Sequence[tuple[Any, int]], cut: Cut) -> tuple[int, int]:
    low, high = 0, len(rows)
    # In a reversed list, "after" a row is what sorts before it.
    after, before = (cut.before, cut.after) if cut.reverse else (cut.after, cut.before)
    if after is not None:
        low = bisect_right(rows, _row(after))
    if before is not None:
        high = bisect_left(rows, _row(before))
    return low, high


def cursor(row: tuple[Any, int]) -> str:
    """Write a row as the opaque text that stands for its place."""
    value = row[0]
    if isinstance(value, datetime):
        kind, text = "t", value.astimezone(UTC).isoformat()
    else:
        kind, text = ("n", str(value)) if isinstance(value, int) else ("s", str(value))
    return base64.urlsafe_b64encode(msgspec.json.encode([kind, text, row[1]])).decode()


def _row(cursor: str) -> tuple[Any, int]:
    try:
        kind, text, number = msgspec.json.decode(base64.urlsafe_b64decode(cursor), type=tuple[str, str, int])
        value: Any = text
        if kind != "s":
            value = datetime.fromisoformat(text) if kind == "t" else int(text)
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise GraphRefusal("the cursor is none of this shop's", "BAD_REQUEST") from error
    return value, number
