"""One page of a long list: where it starts, and where the next one does."""

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")
SIZE = 50


class Page(msgspec.Struct, Generic[T], frozen=True):
    """The lines of one page; `next` is the last line's place when more follow, to go on after it."""

    lines: tuple[T, ...]
    next: str | None


def cut(lines: tuple[T, ...], places: tuple[str, ...], size: int = SIZE) -> Page[T]:
    """Make a page of lines that were asked for with one more than fit; `places` names each line's own place."""
    more = len(lines) > size
    return Page(lines[:size], places[size - 1] if more else None)
