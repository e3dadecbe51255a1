"""Reading very much at once: bulk operations, whose result is one file that is read line by line.

A bulk query is started, the shop works on it for seconds or hours, and its file stays for seven days. The checkpoint
names the operation and the line, so that reading goes on where it stopped, in another process too.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import chain, islice
from typing import Literal, TypeVar

import msgspec

from adapters.shopify import documents, graph, pull
from adapters.shopify.client import Client
from adapters.shopify.graph import CustomerNode, LineNode, Node, OrderNode, ShippingNode
from connector.port import Batch, Refused, TryLater, Unauthorized, Window
from connector.records import Customer, Order

Stage = Literal["customers", "orders"]
T = TypeVar("T")
Row = OrderNode | LineNode | ShippingNode

# How long one call waits for the shop; afterwards the queue waits, and the finish webhook wakes it. What changed is read
# without a checkpoint, so there waiting is better than starting over.
PATIENCE, LONG_PATIENCE = timedelta(seconds=60), timedelta(minutes=10)
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
COME_BACK = timedelta(seconds=30)
CUSTOMERS_A_BATCH, ORDERS_A_BATCH = 500, 200


class Place(msgspec.Struct, frozen=True):
    """How far reading has come: which operation's file, and how many of its lines are done."""

    stage: Stage
    operation: str
    lines: int

    @property
    def text(self) -> str:
        return msgspec.json.encode(self).decode()


class OperationNode(Node, frozen=True):
    id: str
    status: str
    error_code: str | None = None
    url: str | None = None


class StateData(Node, frozen=True):
    bulk_operation: OperationNode | None


class BulkError(Node, frozen=True):
    code: str | None = None


class Started(Node, frozen=True):
    bulk_operation: OperationNode | None = None
    user_errors: tuple[BulkError, ...] = ()


class StartData(Node, frozen=True):
    bulk_operation_run_query: Started


_customer = msgspec.json.Decoder(CustomerNode)
_row = msgspec.json.Decoder(Row)


def history(client: Client, checkpoint: str | None) -> Iterator[Batch]:
    """Yield everything, customers first; TryLater while the shop is still preparing a file."""
    place = _place(checkpoint)
    expected = pull.counts(client)
    total = expected.orders + expected.customers
    if place is None or place.stage == "customers":
        yield from _stage(client, "customers", documents.bulk_customers(), place, total, PATIENCE)
        place = None
    yield from _stage(client, "orders", documents.bulk_orders(), place, total, PATIENCE)


def changed_customers(client: Client, window: Window) -> Iterator[Batch]:
    """Yield customers changed since the window's begin, where there are too many for pages."""
    query = documents.bulk_customers(pull.customer_search(window))
    yield from _stage(client, "customers", query, None, None, LONG_PATIENCE)


def changed_orders(client: Client, window: Window) -> Iterator[Batch]:
    """Yield orders changed since the window's begin, where there are too many for pages."""
    query = documents.bulk_orders(pull.order_search(window))
    yield from _stage(client, "orders", query, None, None, LONG_PATIENCE)


def _place(checkpoint: str | None) -> Place | None:
    try:
        return None if not checkpoint else msgspec.json.decode(checkpoint, type=Place)
    except msgspec.DecodeError:
        # Written by another version of Comeback: reading everything again is safe.
        return None


def _stage(
    client: Client,
    stage: Stage,
    query: str,
    place: Place | None,
    total: int | None,
    patience: timedelta,
) -> Iterator[Batch]:
    operation = None if place is None else _state(client, place.operation)
    if place is None or operation is None or operation.status not in {"COMPLETED", "CREATED", "RUNNING"}:
        place = Place(stage, _start(client, query), 0)
        # Said at once, so that whoever comes back waits for this operation instead of starting another.
        yield Batch((), (), place.text, total)
    url = _result(client, place.operation, patience)
    if url is None:
        return
    reader = _customers if stage == "customers" else _orders
    yield from reader(client.lines(url), place, total)


def _start(client: Client, query: str) -> str:
    started = client.change(documents.BULK_START, {"query": query}, StartData).bulk_operation_run_query
    codes = {error.code for error in started.user_errors}
    if codes & {"OPERATION_IN_PROGRESS", "LIMIT_REACHED"}:
        raise TryLater("The shop is busy with other bulk reading.", timedelta(minutes=1))
    if started.bulk_operation is None:
        raise Refused(f"Shopify refuses to read in bulk ({', '.join(sorted(map(str, codes)))}).")
    return started.bulk_operation.id


def _state(client: Client, operation: str) -> OperationNode | None:
    return client.ask(documents.BULK_STATE, {"id": operation}, StateData).data.bulk_operation


def _result(client: Client, operation: str, patience: timedelta) -> str | None:
    """Wait for the operation and return its file's address; None where nothing was found."""
    clock, pause = client.clock, FIRST_PAUSE
    until = clock.now() + patience
    while True:
        state = _state(client, operation)
        match None if state is None else state.status:
            case "COMPLETED":
                return None if state is None else state.url
            case "CREATED" | "RUNNING" if clock.now() < until:
                clock.sleep(pause)
                pause = min(pause * 1.5, LONGEST_PAUSE)
            case "CREATED" | "RUNNING":
                raise TryLater("The shop is still preparing its history.", COME_BACK)
            case "FAILED" if state is not None and state.error_code == "ACCESS_DENIED":
                raise Unauthorized("Shopify refuses Comeback a right it needs. Connect the shop again.")
            case _:
                # Started anew when asked again: the state found then is not one that is waited for.
                raise TryLater("The shop gave up preparing its history.", timedelta(minutes=5))


def _customers(lines: Iterator[bytes], place: Place, total: int | None) -> Iterator[Batch]:
    done = place.lines
    rest = islice(lines, done, None)
    while some := list(islice(rest, CUSTOMERS_A_BATCH)):
        done += len(some)
        people = tuple(_read(_one_customer, line) for line in some)
        yield Batch(people, (), Place("customers", place.operation, done).text, total)


def _orders(lines: Iterator[bytes], place: Place, total: int | None) -> Iterator[Batch]:
    batch: list[Order] = []
    done = place.lines
    for order, behind in _grouped(islice(lines, place.lines, None)):
        batch.append(order)
        done += behind
        if len(batch) == ORDERS_A_BATCH:
            yield Batch((), tuple(batch), Place("orders", place.operation, done).text, total)
            batch = []
    if batch:
        yield Batch((), tuple(batch), Place("orders", place.operation, done).text, total)


def _grouped(lines: Iterator[bytes]) -> Iterator[tuple[Order, int]]:
    """Yield each order with how many lines of the file it took."""
    parent: OrderNode | None = None
    items: list[LineNode] = []
    shipping: list[ShippingNode] = []
    count = 0
    for row in chain((_read(_row.decode, line) for line in lines), (None,)):
        if row is None or isinstance(row, OrderNode):
            if parent is not None:
                yield pull.record(parent, items, shipping), count
            parent, items, shipping, count = row, [], [], 1
            continue
        if parent is None or row.parent_id != parent.id:
            # We ask for grouped files; a line under a stranger would be lost without a word.
            raise Refused("The shop's file lists an order's lines apart from it.")
        count += 1
        if isinstance(row, LineNode):
            items.append(row)
        else:
            shipping.append(row)


def _one_customer(line: bytes) -> Customer:
    return graph.customer(_customer.decode(line))


def _read(reader: Callable[[bytes], T], line: bytes) -> T:
    try:
        return reader(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # A file that breaks off ends in the middle of a line.
        raise TryLater("A line of the shop's file cannot be read.") from error
