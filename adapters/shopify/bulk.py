"""Reading very much at once: bulk operations, whose result is one file that is read line by line.

A bulk query is started, the shop works on it for seconds or hours, and its file stays for seven days. The checkpoint
names the operation and how far its file is read, so that reading goes on where it stopped, in another process too.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from adapters.shopify import answers, documents, pull, results, spans
from adapters.shopify.client import Client
from adapters.shopify.graph import Node
from adapters.shopify.results import OperationNode, Place, Span, Spoilt, Stage
from adapters.shopify.wire import FileGone
from connector.port import Batch, NotReady, Refused, TryLater, Unauthorized, Window

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
    """What is to be read in bulk: how many objects that may be, what they must meet, and how long to wait in one go."""

    stage: Stage
    total: int | None
    patience: timedelta
    search: str | None = None

    def query(self, span: Span) -> str:
        """Return the query for what was made within the span."""
        narrow = spans.search(self.stage, span, self.search)
        return (
            documents.bulk_customers(narrow) if self.stage == "customers" else documents.bulk_orders(narrow)
        )


class TooLong(TryLater):
    """The shop ran out of time: less must be asked for at once."""


def history(client: Client, checkpoint: str | None) -> Iterator[Batch]:
    """Yield everything, customers first; NotReady while the shop is still preparing a file."""
    place = _place(checkpoint)
    expected = pull.counts(client)
    total = expected.orders + expected.customers
    if place is None or place.stage == "customers":
        yield from _stage(client, Wish("customers", total, PATIENCE), place)
        place = None
    yield from _stage(client, Wish("orders", total, PATIENCE), place)


def changed_customers(client: Client, window: Window) -> Iterator[Batch]:
    """Yield customers changed since the window's begin, where there are too many for pages."""
    yield from _stage(client, Wish("customers", None, LONG_PATIENCE, pull.customer_search(window)), None)


def changed_orders(client: Client, window: Window) -> Iterator[Batch]:
    """Yield orders changed since the window's begin, where there are too many for pages."""
    yield from _stage(client, Wish("orders", None, LONG_PATIENCE, pull.order_search(window)), None)


def _place(checkpoint: str | None) -> Place | None:
    try:
        return None if not checkpoint else msgspec.json.decode(checkpoint, type=Place)
    except msgspec.DecodeError:
        # Written by another version of Comeback: reading everything again is safe.
        return None


def _stage(client: Client, wish: Wish, place: Place | None) -> Iterator[Batch]:
    """Yield what was wished for, from behind `place`; begin anew where an operation's file is gone or not whole."""
    here = place or Place(wish.stage, "", 0, 0)
    standing = None if place is None else _state(client, place.operation)
    if standing is not None and standing.error_code == "TIMEOUT":
        here = spans.narrowed(client, here)
    while True:
        if standing is None or standing.status not in WAITED_FOR | {"COMPLETED"}:
            if here.tries >= TRIES:
                raise Refused(NEVER_MADE)
            begun = _start(client, wish.query(here.span))
            here = msgspec.structs.replace(here, operation=begun, done=0, tries=here.tries + 1)
            # Said at once, so that whoever comes back waits for this operation instead of starting another.
            yield Batch((), (), here.text, wish.total)
        try:
            yield from _read(client, here, wish)
        except TooLong:
            # Asked for at once it would take as long again.
            here, standing = spans.narrowed(client, here), None
            continue
        except (FileGone, Spoilt):
            # An address is good for seven days; a file that is cut off stays cut off.
            standing = None
            continue
        if not here.rest:
            return
        here, standing = Place(wish.stage, "", 0, 0, here.rest[0], here.rest[1:]), None


def _read(client: Client, place: Place, wish: Wish) -> Iterator[Batch]:
    """Yield what the operation of this place brings; of one that came to nothing what is whole all the same."""
    state = _done(client, place, wish.patience)
    if state.status == "COMPLETED":
        yield from results.read(client, state, place, wish.total)
        return
    if place.stage == "customers" and state.partial_data_url is not None:
        yield from results.whole_ones(client, state.partial_data_url, place, wish.total)
    if state.error_code == "TIMEOUT":
        raise TooLong("The shop gave up preparing its history.")
    # Begun anew when asked again: the state found then is not one that is waited for.
    raise TryLater("The shop gave up preparing its history.", AFTER_FAILURE)


def _start(client: Client, query: str) -> str:
    running = _running(client, query)
    if running is not None:
        return running
    started = client.change(documents.BULK_START, {"query": query}, StartData).bulk_operation_run_query
    codes = {error.code for error in started.user_errors}
    if codes & {"OPERATION_IN_PROGRESS", "LIMIT_REACHED"}:
        raise NotReady("The shop is busy with other bulk reading.", timedelta(minutes=1))
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
    """Wait for the operation to end, well or not, and return it; raise Spoilt where it is gone, NotReady where it lasts."""
    clock, pause = client.clock, FIRST_PAUSE
    until = clock.now() + patience
    while True:
        state = _state(client, place.operation)
        if state is None or state.status == "EXPIRED":
            raise Spoilt("The shop gave up preparing its history.")
        if state.error_code == "ACCESS_DENIED":
            raise Unauthorized(answers.NO_RIGHT)
        if state.status not in WAITED_FOR:
            return state
        if clock.now() >= until:
            raise NotReady("The shop is still preparing its history.", COME_BACK)
        clock.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
