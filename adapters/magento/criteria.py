"""Searches, and the one spelling of a query that every Magento 2 verifies the signature of.

Spaces as %20 and never +, every key with its =, nothing raw that is not a letter, digit or one of -._~, no key twice,
and at most ten entries in any index: Magento sorts [10] before [2], the standard does not, and the call is refused.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec

MOST_ENTRIES = 10
EVERYTHING = 2**31


class Filter(msgspec.Struct, frozen=True):
    """One test of one field; `test` is Magento's word for it. An unknown one silently means eq there."""

    field: str
    value: str
    test: str = "eq"


class Search(msgspec.Struct, frozen=True):
    """A search: all filters must hold; sorted upwards by `sort`; the first page only, of `size` rows.

    There is no page number: pages drift while rows change, so the next page is a search from the last row on.
    """

    filters: tuple[Filter, ...] = ()
    sort: tuple[str, ...] = ()
    size: int = 100
    fields: str = ""


def among(field: str, values: Iterable[str | int]) -> Filter:
    """Return the filter for rows whose field is one of the values."""
    return Filter(field, ",".join(str(value) for value in values), "in")


def above(field: str, number: int) -> Filter:
    """Return the filter for rows whose field is greater."""
    return Filter(field, str(number), "gt")


def moment(when: datetime) -> str:
    """Write a time as Magento reads it: UTC without a mark. An offset in the text would be ignored without a word."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def query(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the query string in the spelling that every version verifies."""
    return "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs)


def pairs(search: Search) -> list[tuple[str, str]]:
    """Return a search as Magento's nested keys."""
    if max(len(search.filters), len(search.sort)) > MOST_ENTRIES:
        raise ValueError(f"more than {MOST_ENTRIES} entries in one index break the signature")
    spelled = []
    for place, each in enumerate(search.filters):
        spot = f"searchCriteria[filter_groups][{place}][filters][0]"
        spelled += [(f"{spot}[field]", each.field), (f"{spot}[value]", each.value)]
        spelled += [(f"{spot}[condition_type]", each.test)]
    for place, field in enumerate(search.sort):
        spot = f"searchCriteria[sortOrders][{place}]"
        spelled += [(f"{spot}[field]", field), (f"{spot}[direction]", "ASC")]
    spelled += [("searchCriteria[pageSize]", str(search.size)), ("searchCriteria[currentPage]", "1")]
    return [*spelled, ("fields", f"items[{search.fields}],total_count")] if search.fields else spelled
