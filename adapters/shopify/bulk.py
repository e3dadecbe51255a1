"""Reading very much at once: bulk operations, whose result is one file that is read line by line.

A bulk query is started, the shop works on it for seconds or hours, and its file stays for seven days. The checkpoint
names the operation and how far its file is read, so that reading goes on where it stopped, in another process too.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from adapters.shopify import documents, pull, results
from adapters.shopify.client import Client
from adapters.shopify.graph import Node
from adapters.shopify.results import OperationNode, Place, Spoilt, Stage
from adapters.shopify.wire import FileGone
from connector.port import Batch, Refused, TryLater, Unauthorized, Window

# How long one call waits for the shop; afterwards the queue waits, and the finish webhook wakes it. What changed is read
# without a checkpoint, so there waiting is better than starting over.
PATIENCE, LONG_PATIENCE = timedelta(seconds=60), timedelta(minutes=10)
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
COME_BACK = timedelta(seconds=30)
AFTER_FAILURE = timedelta(minutes=5)
# Operations in a row that came to nothing before we give up: an import that never ends would never say so.
TRIES = 4
LOOKED_AT = 10  # the newest operations, among which one of ours may run whose start was never answered
YOUNG = timedelta(hours=1)

WAITED_FOR = frozenset({"CREATED", "RUNNING"})
NEVER_MADE = (
    "The shop failed four times in a row to prepare its history. Ask Shopify, then have it read again."
)


class StateData(Node, frozen=True):
    bulk_operation: OperationNode | None


class RunningNode(Node, frozen=True):
    id: str
    status: str
    query: str
    created_at: datetime


class RunningPage(Node, frozen=True):
    nodes: tuple[RunningNode, ...]


class RunningData(Node, frozen=True):
    bulk_operations: RunningPage


class BulkError(Node, frozen=True):
    code: str | None = None


class Started(Node, frozen=True):
    bulk_operation: OperationNode | None = None
    user_errors: tuple[BulkError, ...] = ()


class StartData(Node, frozen=True):
    bulk_operation_run_query: Started


class Wish(msgspec.Struct, frozen=True):
    """What is to be read in bulk, how many objects that may be, and how long to wait for it in one go."""

    stage: Stage
    query: str
    total: int | None
    patience: timedelta


def history(client: Client, checkpoint: str | None) -> Iterator[Batch]:
    """Yield everything, customers first; TryLater while the shop is still preparing a file."""
    place = _place(checkpoint)
    expected = pull.counts(client)
    total = expected.orders + expected.customers
    if place is None or place.stage == "customers":
        yield from _stage(client, Wish("customers", documents.bulk_customers(), total, PATIENCE), place)
        place = None
    yield from _stage(client, Wish("orders", documents.bulk_orders(), total, PATIENCE), place)


def changed_customers(client: Client, window: Window) -> Iterator[Batch]:
    """Yield customers changed since the window's begin, where there are too many for pages."""
    query = documents.bulk_customers(pull.customer_search(window))
    yield from _stage(client, Wish("customers", query, None, LONG_PATIENCE), None)


def changed_orders(client: Client, window: Window) -> Iterator[Batch]:
    """Yield orders changed since the window's begin, where there are too many for pages."""
    query = documents.bulk_orders(pull.order_search(window))
    yield from _stage(client, Wish("orders", query, None, LONG_PATIENCE), None)


def _place(checkpoint: str | None) -> Place | None:
    try:
        return None if not checkpoint else msgspec.json.decode(checkpoint, type=Place)
    except msgspec.DecodeError:
        # Written by another version of Comeback: reading everything again is safe.
        return None


def _stage(client: Client, wish: Wish, place: Place | None) -> Iterator[Batch]:
    """Yield what was wished for, from behind `place`; begin anew where an operation's file is gone or not whole."""
    tries = 0 if place is None else place.tries
    standing = None if place is None else _state(client, place.operation)
    while True:
        if place is None or standing is None or standing.status not in WAITED_FOR | {"COMPLETED"}:
            tries += 1
            if tries > TRIES:
                raise Refused(NEVER_MADE)
            place = Place(wish.stage, _start(client, wish.query), 0, tries)
            # Said at once, so that whoever comes back waits for this operation instead of starting another.
            yield Batch((), (), place.text, wish.total)
        try:
            yield from results.read(client, _done(client, place, wish.patience), place, wish.total)
            return
        except (FileGone, Spoilt):
            # An address is good for seven days; a file that is cut off stays cut off.
            standing = None


def _start(client: Client, query: str) -> str:
    running = _running(client, query)
    if running is not None:
        return running
    started = client.change(documents.BULK_START, {"query": query}, StartData).bulk_operation_run_query
    codes = {error.code for error in started.user_errors}
    if codes & {"OPERATION_IN_PROGRESS", "LIMIT_REACHED"}:
        raise TryLater("The shop is busy with other bulk reading.", timedelta(minutes=1))
    if started.bulk_operation is None:
        raise Refused(f"Shopify refuses to read in bulk ({', '.join(sorted(map(str, codes)))}).")
    return started.bulk_operation.id


def _running(client: Client, query: str) -> str | None:
    """Return an operation that does this already: one whose start was not answered would hold one of five places."""
    page = client.ask(documents.BULK_NEWEST, {"first": LOOKED_AT}, RunningData).data.bulk_operations
    young = client.clock.now() - YOUNG
    for found in page.nodes:
        if found.status in WAITED_FOR and found.query == query and found.created_at >= young:
            return found.id
    return None


def _state(client: Client, operation: str) -> OperationNode | None:
    return client.ask(documents.BULK_STATE, {"id": operation}, StateData).data.bulk_operation


def _done(client: Client, place: Place, patience: timedelta) -> OperationNode:
    """Wait for the operation and return it finished; raise Spoilt where it is gone, TryLater where it failed."""
    clock, pause = client.clock, FIRST_PAUSE
    until = clock.now() + patience
    while True:
        state = _state(client, place.operation)
        if state is None:
            raise Spoilt("The shop gave up preparing its history.")
        match state.status:
            case "COMPLETED":
                return state
            case "CREATED" | "RUNNING" if clock.now() < until:
                clock.sleep(pause)
                pause = min(pause * 1.5, LONGEST_PAUSE)
            case "CREATED" | "RUNNING":
                raise TryLater("The shop is still preparing its history.", COME_BACK)
            case "EXPIRED":
                raise Spoilt("The shop gave up preparing its history.")
            case "FAILED" if state.error_code == "ACCESS_DENIED":
                raise Unauthorized("Shopify refuses Comeback a right it needs. Connect the shop again.")
            case _:
                # Begun anew when asked again: the state found then is not one that is waited for.
                raise TryLater("The shop gave up preparing its history.", AFTER_FAILURE)
