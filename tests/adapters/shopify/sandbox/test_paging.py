"""Pages of the sandbox: they end at 25,000 things, as on the platform, and say nothing of it."""

from __future__ import annotations

from itertools import count

import pytest

from adapters.shopify.sandbox import paging
from adapters.shopify.sandbox.paging import Cut
from adapters.shopify.sandbox.state import Shop

ROWS = [(number, number) for number in range(60_000)]


def walked(size: int, end: int | None = None, odd: bool = False, reverse: bool = False) -> list[int]:
    """Go from page to page until there is no next one."""
    found: list[int] = []
    after: str | None = None
    for _ in count():
        cut = Cut(first=size, after=after, reverse=reverse)
        page = paging.page(
            ROWS,
            cut,
            lambda number: number,
            lambda number: not odd or number % 2 == 1,
            end or Shop().page_end,
        )
        found += [thing for _, thing in page.items]
        if not page.has_next:
            return found
        after = paging.cursor(page.items[-1][0])
    raise AssertionError


def test_pages_of_one_search_show_25_000_things_and_no_more() -> None:
    assert walked(250) == list(range(25_000))


@pytest.mark.parametrize("size", [1, 3, 7, 10])
def test_the_end_is_counted_in_things_that_are_wanted_whatever_the_size_of_a_page(size: int) -> None:
    assert walked(size, end=10) == list(range(10))
    assert walked(size, end=10, odd=True) == list(range(1, 21, 2))
    assert walked(size, end=10, reverse=True) == list(range(59_999, 59_989, -1))


def test_a_bulk_query_reads_everything() -> None:
    page = paging.page(ROWS, Cut(first=paging.EVERYTHING), lambda number: number, lambda _: True)
    assert len(page.items) == 60_000
