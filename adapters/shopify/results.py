"""Reading the file of a bulk operation: line by line into records, and no further where it is not what it should be."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Literal, TypeVar

import msgspec

from adapters.shopify import graph, pull, spool
from adapters.shopify.client import Client
from adapters.shopify.graph import CustomerNode, LineNode, Node, OrderNode, ShippingNode
from adapters.shopify.spool import Spool
from adapters.shopify.wire import FileGone
from connector.port import Batch, TryLater
from connector.records import Customer, Order

Stage = Literal["customers", "orders"]
T = TypeVar("T")
Row = OrderNode | LineNode | ShippingNode

# A batch is one transaction and some twenty questions, whatever it holds: few large ones are cheap. Its lines are what
# takes memory, so orders of many lines come in smaller ones.
CUSTOMERS_A_BATCH, ORDERS_A_BATCH, LINES_A_BATCH = 1_000, 500, 5_000


class Span(msgspec.Struct, frozen=True):
    """What was made from `since` on and before `until`; None: since ever, or until now."""

    since: datetime | None = None
    until: datetime | None = None


EVER = Span()


class Place(msgspec.Struct, frozen=True):
    """How far reading has come: which operation's file, how many of its customers or orders are done.

    `tries` counts the operations that were begun for this stage in a row and came to nothing, this one included.
    Where all at once was too much, `span` says which part the operation reads, and `rest` what is to be read after it.
    """

    stage: Stage
    operation: str
    done: int
    tries: int = 1
    span: Span = EVER
    rest: tuple[Span, ...] = ()

    def after(self, done: int) -> str:
        """Return the checkpoint behind so many things of the operation's file."""
        return msgspec.structs.replace(self, done=done, tries=1).text

    @property
    def text(self) -> str:
        return msgspec.json.encode(self).decode()


class OperationNode(Node, frozen=True):
    """A bulk operation; its figures are texts."""

    id: str
    status: str
    error_code: str | None = None
    object_count: str = "0"
    file_size: str | None = None
    url: str | None = None
    partial_data_url: str | None = None


class Spoilt(TryLater):
    """The file is not whole; the operation must be begun anew."""


_customer = msgspec.json.Decoder(CustomerNode)
_row = msgspec.json.Decoder(Row)


def read(client: Client, operation: OperationNode, place: Place, total: int | None) -> Iterator[Batch]:
    """Yield what a finished operation's file holds behind `place`; raise Spoilt, wire.FileGone or TryLater."""
    if operation.url is None:
        if int(operation.object_count):
            raise Spoilt("The shop's file is shorter than the shop says.")
        return
    reader = _customers if place.stage == "customers" else _orders
    yield from reader(_counted(client.lines(operation.url), operation), operation, place, total)


def whole_ones(client: Client, url: str, place: Place, total: int | None) -> Iterator[Batch]:
    """Yield the customers that a run which came to nothing left behind, each whole on its line.

    Of orders nothing is taken: one that stands there may lack lines, and they may stand anywhere.
    """
    people: list[Customer] = []
    with suppress(Spoilt, FileGone):
        for line in client.lines(url):
            people.append(_read(_one_customer, line))
            if len(people) == CUSTOMERS_A_BATCH:
                yield Batch(tuple(people), (), place.text, total)
                people = []
    if people:
        yield Batch(tuple(people), (), place.text, total)


def _counted(lines: Iterator[bytes], operation: OperationNode) -> Iterator[bytes]:
    """Pass the lines on; raise Spoilt at their end where the shop counted more."""
    number = 0
    for line in lines:
        number += 1
        yield line
    if number < int(operation.object_count):
        raise Spoilt("The shop's file is shorter than the shop says.")


def _customers(lines: Iterator[bytes], _: OperationNode, place: Place, total: int | None) -> Iterator[Batch]:
    done = place.done
    rest = islice(lines, done, None)
    while some := list(islice(rest, CUSTOMERS_A_BATCH)):
        done += len(some)
        people = tuple(_read(_one_customer, line) for line in some)
        yield Batch(people, (), place.after(done), total)


def _orders(
    lines: Iterator[bytes], operation: OperationNode, place: Place, total: int | None
) -> Iterator[Batch]:
    with Spool(int(operation.file_size or 0)) as parts:
        for line in lines:
            _read(parts.put, line)
        done = place.done
        orders = (order for skip, some in parts.parts(done) for order in islice(_together(some), skip, None))
        for batch in _batches(orders):
            done += len(batch)
            yield Batch((), batch, place.after(done), total)


def _batches(orders: Iterator[Order]) -> Iterator[tuple[Order, ...]]:
    batch: list[Order] = []
    lines = 0
    for order in orders:
        batch.append(order)
        lines += len(order.lines)
        if len(batch) >= ORDERS_A_BATCH or lines >= LINES_A_BATCH:
            yield tuple(batch)
            batch, lines = [], 0
    if batch:
        yield tuple(batch)


def _together(lines: list[bytes]) -> Iterator[Order]:
    """Yield the orders among these lines, each with all its own, wherever they stand."""
    orders: dict[str, OrderNode] = {}
    items: dict[str | None, list[LineNode]] = {}
    shipping: dict[str | None, list[ShippingNode]] = {}
    for line in lines:
        match _read(_row.decode, line):
            case OrderNode() as order:
                orders[order.id] = order
            case LineNode() as item:
                items.setdefault(item.parent_id, []).append(item)
            case ShippingNode() as one:
                shipping.setdefault(one.parent_id, []).append(one)
    if not orders.keys() >= items.keys() | shipping.keys():
        raise Spoilt("The shop's file lists lines of an order without the order.")
    return (pull.record(it, items.get(it.id, []), shipping.get(it.id, [])) for it in orders.values())


def _one_customer(line: bytes) -> Customer:
    return graph.customer(_customer.decode(line))


def _read(reader: Callable[[bytes], T], line: bytes) -> T:
    try:
        return reader(line)
    except (msgspec.DecodeError, UnicodeDecodeError, spool.Stray) as error:
        # A file that breaks off ends in the middle of a line.
        raise Spoilt("A line of the shop's file cannot be read.") from error
