"""Reading long lists without page numbers: pages drift while rows change, and 2.3 repeats the last one for ever."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from connector.port import Refused

from .client import Client
from .criteria import Filter, Search, above, moment
from .wire import CreditMemo, Customer, Order, Page

P = TypeVar("P")
S = TypeVar("S", bound=msgspec.Struct)
Dated = TypeVar("Dated", Order, Customer, CreditMemo)


ROWS = 100  # of a page
QUICK, SLOW = 2.0, 8.0  # seconds for a page; three times as many rows of a quick one stay below 20 s


class List(msgspec.Struct, frozen=True):
    """A route that lists things, and the name of the number that grows with each."""

    path: str
    key: str = "entity_id"


ORDERS = List("orders")
INVOICES = List("invoices")
SHIPMENTS = List("shipments")
CREDITMEMOS = List("creditmemos")
CUSTOMERS = List("customers/search")  # filters say entity_id though the answers say id
GROUPS = List("customerGroups/search", "id")
RULES = List("salesRules/search", "rule_id")
COUPONS = List("coupons/search", "coupon_id")


def ahead(pages: Iterator[P]) -> Iterator[P]:
    """Yield the same pages, the next one being read while the last is worked on: two calls at a time, never three.

    What goes wrong while reading is raised where that page would have come. `pages` may use no client that the other
    side uses.
    """

    def read() -> P | None:
        return next(pages, None)

    with ThreadPoolExecutor(1, "page") as reader:
        coming = reader.submit(copy_context().run, read)
        while (page := coming.result()) is not None:
            coming = reader.submit(copy_context().run, read)
            yield page


def by_id(
    client: Client,
    route: List,
    kind: type[S],
    number: Callable[[S], int],
    after: int = 0,
    filters: tuple[Filter, ...] = (),
    size: int = ROWS,
    most: int = 0,
) -> Iterator[Page[S]]:
    """Yield everything whose number is above `after`, upwards. `total_count` counts what was still to come.

    Pages grow to `most` rows while the shop is quick, and shrink again when it is slow.
    """
    while True:
        search = Search((*filters, above(route.key, after)), (route.key,), size)
        begun = time.monotonic()
        page = client.search(route.path, kind, search)
        size = _next_size(size, most, time.monotonic() - begun) if most else size
        numbers = [number(row) for row in page.rows]
        if not numbers:
            return
        if numbers[0] <= after or numbers != sorted(numbers):
            # Something in between drops the query; going on would skip rows or never end.
            raise Refused(
                "The shop does not honour our search; does a proxy drop the query of its addresses?"
            )
        yield page
        after = numbers[-1]
        if len(numbers) >= page.total_count:
            return


def _next_size(size: int, most: int, took: float) -> int:
    """How many rows to ask for next, so that no page is silent for as long as a call may be."""
    if took < QUICK:
        return most
    return min(size, ROWS) if took > SLOW else size


def by_time(
    client: Client,
    route: List,
    kind: type[Dated],
    number: Callable[[Dated], int],
    since: datetime,
    until: datetime,
) -> Iterator[list[Dated]]:
    """Yield what changed from `since` (included) up to `until` (excluded); a row that changes meanwhile may come twice."""
    begin, end = moment(since), moment(until)
    while begin < end:
        window = (Filter("updated_at", begin, "gteq"), Filter("updated_at", end, "lt"))
        page = client.search(route.path, kind, Search(window, ("updated_at", route.key)))
        if page.rows:
            yield page.rows
        if len(page.rows) >= page.total_count or not page.rows:
            return
        last = page.rows[-1].updated_at or begin
        if last > begin:
            # From the last second again: more of its rows may be on the next page.
            begin = last
            continue
        # An SQL update stamps thousands of rows with one second; within it only the number tells them apart.
        for crowd in by_id(client, route, kind, number, filters=(Filter("updated_at", begin),)):
            yield crowd.rows
        begin = _next_second(begin)


def _next_second(text: str) -> str:
    return (datetime.fromisoformat(text) + timedelta(seconds=1)).strftime("%Y-%m-%d %H:%M:%S")
