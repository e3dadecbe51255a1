"""Reading a shop: its whole history from behind a checkpoint, what changed in a window, and things by number."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Literal, TypeVar

import msgspec

from connector import records
from connector.port import Batch, Counts, Forbidden, Numbers, Unread, Unreadable, Window

from . import read, walk
from .client import Client
from .criteria import EVERYTHING, Filter, Search, above, among, moment
from .groups import Groups
from .stores import Stores
from .tags import Tags
from .wire import CreditMemo, Customer, Invoice, Order, Page, Shipment

D = TypeVar("D", Invoice, Shipment, CreditMemo)
Documents = defaultdict[int, list[D]]  # by order

# Magento stamps a row before its transaction ends; a slow checkout appears behind a window that was already read.
OVERLAP = timedelta(minutes=2)

CLOSE = timedelta(seconds=5)  # answers take time, and tell whole seconds
# A clock that is further off would have days read again at every look; the doctor says that it is wrong.
A_DAY = timedelta(days=1)

MOST = 300  # rows of a page of the history, where the shop is quick: the limit that Magento's admin proposes

NAMED = 100  # numbers in one search: up to three kilobytes of address; most servers take eight, some four

BITE = 3 * MOST  # customers, or lines of orders, that are kept at once

S = TypeVar("S")
R = TypeVar("R", records.Order, records.Customer)
Row = TypeVar("Row", Order, Customer)
Chosen = Iterable[tuple[Filter, ...]]

_UNPAID = ("new", "pending_payment")


class Checkpoint(msgspec.Struct, frozen=True):
    """The last customer and the last order that were read."""

    customer: int = 0
    order: int = 0

    def text(self) -> str:
        return msgspec.json.encode(self).decode()


class Reader:
    """All reading from one shop. `pages` is a client for lists alone: one reads ahead while the other asks for details."""

    def __init__(
        self, client: Client, pages: Client, groups: Groups, stores: Stores, tags: Tags, confirms_email: bool
    ) -> None:
        self._client = client
        self._pages = pages
        self._groups = groups
        self._stores = stores
        self._tags = tags
        self._confirms_email = confirms_email
        self._sees_memos = True

    def counts(self, before: datetime | None = None) -> Counts:
        """Return how many orders and customers there are, or were made before this moment of the shop's clock."""
        early = () if before is None else (Filter("created_at", moment(before), "lt"),)
        everything = Search((above("entity_id", 0), *early), ("entity_id",), size=1)
        return Counts(
            orders=self._pages.search("orders", _Numbered, everything).total_count,
            customers=self._pages.search("customers/search", _Customer, everything).total_count,
        )

    def numbers(self) -> Iterator[Numbers]:
        """Yield the number of every order and customer. The shop builds each row whole: pages are those of a history."""
        for orders in walk.by_id(self._client, walk.ORDERS, _Numbered, _entity, most=MOST):
            yield Numbers(orders=tuple(str(row.entity_id) for row in orders.rows))
        for people in walk.by_id(self._client, walk.CUSTOMERS, _Customer, _id, most=MOST):
            yield Numbers(customers=tuple(str(row.id) for row in people.rows))

    def history(self, checkpoint: str | None) -> Iterator[Batch]:
        """Yield every customer, then every order; with an order whoever registered after the customers were read."""
        mark = msgspec.json.decode(checkpoint, type=Checkpoint) if checkpoint else Checkpoint()
        counts = self.counts()
        total = counts.customers + counts.orders
        everybody = walk.by_id(self._pages, walk.CUSTOMERS, self._tags.kind, _id, mark.customer, most=MOST)
        for customers in walk.ahead(_together(everybody)):
            mark = msgspec.structs.replace(mark, customer=customers[-1].id)
            people, unread = self._customers(customers)
            yield Batch(people, (), mark.text(), total, unread)
        placed = walk.by_id(self._pages, walk.ORDERS, Order, _entity, mark.order, most=MOST)
        for rows, memos in walk.ahead(self._with_memos(_together(placed, _lines), whole=True)):
            mark = msgspec.structs.replace(mark, order=rows[-1].entity_id)
            late = {row.customer_id for row in rows if (row.customer_id or 0) > mark.customer}
            people, strange = self._customers(self._people(tuple(map(str, late))))
            orders, unread = self._pictures(rows, memos, whole=True)
            yield Batch(people, orders, mark.text(), total, strange + unread)

    def changed(self, window: Window) -> Iterator[Batch]:
        """Yield what changed in the window and shortly before it, whatever the shop's clock says meanwhile."""
        knew, seen = self._pages.ahead is not None, self._by_its_clock(window)
        yield from self._changed_customers(seen)
        told = self._by_its_clock(window)
        if told != seen and not knew:
            yield from self._changed_customers(told)  # the first answer has told its clock
        changed = walk.by_time(self._pages, walk.ORDERS, Order, _entity, told.since, told.until)
        met = set[int]()
        for rows, memos in walk.ahead(self._with_memos(changed)):
            met.update(row.entity_id for row in rows)
            orders, unread = self._pictures(rows, memos)
            yield Batch((), orders, "", unread=unread)
        yield from self._given_back(told, met)

    def _given_back(self, window: Window, met: set[int]) -> Iterator[Batch]:
        """Yield the orders that credit memos of the window are about, but for those already met: they may not have moved."""
        memos = walk.by_time(self._client, walk.CREDITMEMOS, CreditMemo, _entity, window.since, window.until)
        try:
            for rows in memos:
                if missing := sorted({row.order_id for row in rows} - met):
                    orders, unread = self._orders(tuple(map(str, missing)))
                    yield Batch((), orders, "", unread=unread)
        except Forbidden:
            self._sees_memos = False

    def _changed_customers(self, window: Window) -> Iterator[Batch]:
        changed = walk.by_time(self._pages, walk.CUSTOMERS, self._tags.kind, _id, window.since, window.until)
        for rows in walk.ahead(changed):
            people, unread = self._customers(rows)
            yield Batch(people, (), "", unread=unread)

    def _by_its_clock(self, window: Window) -> Window:
        """Return the window with what the shop stamps into it: begun earlier where its clock is behind ours, ended later
        where it is ahead. What is read twice for that changes nothing."""
        ahead = self._pages.ahead or timedelta()
        if not CLOSE <= abs(ahead) <= A_DAY:
            ahead = timedelta()
        since, until = window.since - OVERLAP, window.until
        return Window(since + min(ahead, timedelta()), until + max(ahead, timedelta()))

    def orders(self, ids: tuple[str, ...]) -> dict[str, records.Order]:
        """Return the orders that exist; raise Unreadable."""
        orders, unread = self._orders(ids)
        if unread:
            raise Unreadable(Batch((), orders, "", unread=unread))  # left out, it would be taken for deleted
        return {order.id: order for order in orders}

    def customers(self, ids: tuple[str, ...]) -> dict[str, records.Customer]:
        """Return the customers that exist; raise Unreadable."""
        people, unread = self._customers(self._people(ids))
        if unread:
            raise Unreadable(Batch(people, (), "", unread=unread))
        return {customer.id: customer for customer in people}

    def _people(self, ids: tuple[str, ...]) -> list[Customer]:
        return self._by_number(walk.CUSTOMERS, self._tags.kind, ids)

    def _by_number(self, route: walk.List, kind: type[walk.Dated], ids: tuple[str, ...]) -> list[walk.Dated]:
        # A number beyond the column's reach would be clipped by the database and find another row.
        numbers = sorted({int(each) for each in ids if each.isdecimal() and int(each) < EVERYTHING})
        found: list[walk.Dated] = []
        for start in range(0, len(numbers), NAMED):
            chosen = (among("entity_id", numbers[start : start + NAMED]),)
            for page in walk.by_id(self._client, route, kind, _number, filters=chosen):
                found += page.rows
        return found

    def _customers(self, rows: list[Customer]) -> tuple[tuple[records.Customer, ...], tuple[Unread, ...]]:
        def read_one(row: Customer) -> records.Customer:
            return read.customer(
                row,
                self._tags.marks(row, self._groups.code(row.group_id)),
                self._stores.language_of(row.store_id),
                self._confirms_email,
                self._stores.books_of(row.website_id),
            )

        return _each("customer", rows, read_one)

    def _orders(self, ids: tuple[str, ...]) -> tuple[tuple[records.Order, ...], tuple[Unread, ...]]:
        rows = self._by_number(walk.ORDERS, Order, ids)
        return self._pictures(rows, self._memos(self._client, rows))

    def _pictures(
        self, rows: list[Order], memos: Documents[CreditMemo], whole: bool = False
    ) -> tuple[tuple[records.Order, ...], tuple[Unread, ...]]:
        """Return orders with their documents. `whole`: the rows are all there are between the outer ones."""
        shipped = [row.entity_id for row in rows if any(line.qty_shipped for line in row.items or [])]
        invoices = self._documents(self._client, walk.INVOICES, Invoice, _chosen(_billed(rows), whole))
        shipments = self._documents(self._client, walk.SHIPMENTS, Shipment, _chosen(shipped, whole))

        def read_one(row: Order) -> records.Order:
            number = row.entity_id
            return read.order(row, invoices[number], shipments[number], memos[number])

        return _each("order", rows, read_one)

    def _with_memos(
        self, pages: Iterator[list[Order]], whole: bool = False
    ) -> Iterator[tuple[list[Order], Documents[CreditMemo]]]:
        # By the client of the pages: so each of the two has half of the calls.
        return ((rows, self._memos(self._pages, rows, whole)) for rows in pages)

    def _memos(self, client: Client, rows: list[Order], whole: bool = False) -> Documents[CreditMemo]:
        """Return the credit memos; none where we may not see them, and then the orders' own totals are all there is."""
        try:
            billed = _billed(rows) if self._sees_memos else []
            return self._documents(client, walk.CREDITMEMOS, CreditMemo, _chosen(billed, whole))
        except Forbidden:
            self._sees_memos = False
            return defaultdict(list)

    def _documents(self, client: Client, route: walk.List, kind: type[D], chosen: Chosen) -> Documents[D]:
        found: Documents[D] = defaultdict(list)
        for filters in chosen:
            for page in walk.by_id(client, route, kind, _entity, 0, filters, MOST):
                for row in page.rows:
                    found[row.order_id].append(row)
        return found


def _each(
    kind: Literal["order", "customer"], rows: Iterable[Row], read_one: Callable[[Row], R]
) -> tuple[tuple[R, ...], tuple[Unread, ...]]:
    """Return what can be read of the rows, and which of them cannot."""
    found, unread = list[R](), list[Unread]()
    for row in rows:
        try:
            found.append(read_one(row))
        except (ValueError, LookupError, ArithmeticError):
            unread.append(Unread(kind, str(_number(row)), row.updated_at or ""))
    return tuple(found), tuple(unread)


def _billed(rows: list[Order]) -> list[int]:
    return [row.entity_id for row in rows if row.base_total_paid or row.state not in _UNPAID]


def _together(pages: Iterator[Page[S]], weight: Callable[[S], int] = lambda row: 1) -> Iterator[list[S]]:
    """Yield the rows of several full pages at once: a quick shop's history is kept in fewer and larger bites."""
    rows: list[S] = []
    for page in pages:
        rows += page.rows
        if len(page.rows) < MOST or sum(map(weight, rows)) >= BITE:
            yield rows
            rows = []
    if rows:
        yield rows


def _lines(row: Order) -> int:
    return max(1, len(row.items or ()))


def _chosen(numbers: list[int], whole: bool, size: int = NAMED) -> Chosen:
    """Filters that name the orders: from the first to the last, or one by one."""
    if whole and numbers:
        yield (Filter("order_id", str(numbers[0]), "gteq"), Filter("order_id", str(numbers[-1]), "lteq"))
        return
    for start in range(0, len(numbers), size):
        yield (among("order_id", numbers[start : start + size]),)


def _id(row: "Customer | _Customer") -> int:
    return row.id


def _entity(row: "Order | Invoice | Shipment | CreditMemo | _Numbered") -> int:
    return row.entity_id


def _number(row: Order | Customer | CreditMemo) -> int:
    return row.id if isinstance(row, Customer) else row.entity_id


class _Numbered(msgspec.Struct, frozen=True):
    entity_id: int


class _Customer(msgspec.Struct, frozen=True):
    id: int
