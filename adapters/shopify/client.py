"""GraphQL with one shop: paced by the shop's own cost figures, patient where patience is safe.

Reading is tried again within the call; a change never is, unless the shop said that it did not even begin.
"""

import logging
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

import msgspec

from adapters.shopify import answers
from adapters.shopify.answers import Answer, TooDear
from adapters.shopify.points import Points
from adapters.shopify.settings import App
from adapters.shopify.tokens import Keys
from adapters.shopify.wire import Clock, NoReply, Wire, status_error
from connector.port import Forbidden, OutcomeUnknown, Pace, ShopError, TryLater

T = TypeVar("T")
Variables = Mapping[str, object]

# How long one call may wait inside itself; beyond that the queue waits better than a worker.
PATIENCE = timedelta(seconds=30)
# How often a question goes out that finds no answer, and how long its pauses may be.
TRIES = 3
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0


class TooLate(TryLater):
    """It was not sent: the moment until which it would have been right had passed."""


class Way(msgspec.Struct, frozen=True):
    """How a document goes out. `optional`: it needs a right that a merchant may have kept back; `until`: never later."""

    changing: bool
    optional: bool = False
    until: datetime | None = None


_encode = msgspec.json.Encoder(decimal_format="number").encode
_log = logging.getLogger(__name__)


class Client:
    """One shop's GraphQL line. Never shared between shops."""

    def __init__(
        self, app: App, shop: str, keys: Keys, wire: Wire, clock: Clock, points: Points, pace: Pace
    ) -> None:
        self._app, self._shop, self._keys, self._wire, self._clock = app, shop, keys, wire, clock
        self._points, self._pace = points, pace
        self.ahead: timedelta | None = None  # the shop's clock before ours, as of the last answer
        self.other_version = ""  # the version that answered, where it is another than ours

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def keys(self) -> Keys:
        return self._keys

    def ask(self, document: str, variables: Variables, kind: type[T]) -> Answer[T]:
        """Read something; raise TryLater, Unauthorized or Refused."""
        return self._patiently(document, variables, kind, Way(changing=False))

    def look(self, document: str, variables: Variables, kind: type[T]) -> T:
        """Read something that needs an optional right, all of it; raise Forbidden where that is missing."""
        return self._patiently(document, variables, kind, Way(changing=False, optional=True)).data

    def change(self, document: str, variables: Variables, kind: type[T], until: datetime | None = None) -> T:
        """Change something; raise OutcomeUnknown too, when the answer was lost, and TooLate, when `until` has passed."""
        return self._patiently(document, variables, kind, Way(changing=True, until=until)).data

    def sized(self, document: str, variables: Variables, kind: type[T], sizes: dict[str, int]) -> Answer[T]:
        """Read with the page sizes given, halved as often as the shop finds the query too dear.

        `sizes` is changed in place, so that the following pages start with what went through.
        """
        while True:
            try:
                return self.ask(document, {**variables, **sizes}, kind)
            except TooDear:
                if all(size == 1 for size in sizes.values()):
                    raise
                sizes.update({name: max(1, size // 2) for name, size in sizes.items()})

    def lines(self, url: str) -> Iterator[bytes]:
        """Yield the lines of a result file; raise TryLater when it breaks off."""
        try:
            yield from self._wire.lines(answers.result_url(url, self._app.base_url))
        except NoReply as error:
            raise TryLater(str(error)) from error

    def _patiently(self, document: str, variables: Variables, kind: type[T], way: Way) -> Answer[T]:
        until, unexplained = self._clock.now() + PATIENCE, 0
        while True:
            try:
                return self._send(document, variables, kind, way)
            except TryLater as error:
                if way.changing and not isinstance(error, answers.Throttled):
                    raise
                unexplained += error.wait is None
                wait = _pause(unexplained) if error.wait is None else error.wait.total_seconds()
                if unexplained == TRIES or self._clock.now() + timedelta(seconds=wait) > until:
                    raise
            self._clock.sleep(wait)

    def _send(self, document: str, variables: Variables, kind: type[T], way: Way) -> Answer[T]:
        token = self._keys.access()
        with self._paid(document):
            reply = self._exchange(_encode({"query": document, "variables": variables}), token, way)
            now = self._clock.now()
            self._hear(reply, now)
            if reply.status != 200:
                raise status_error(reply, now, changing=way.changing)
            envelope = answers.opened(reply.body, changing=way.changing)
            if envelope.cost is not None:
                cost = envelope.cost
                self._points.stated(document, cost.requested_query_cost, cost.throttle_status, now)
        try:
            answer = answers.taken(envelope, kind, changing=way.changing, optional=way.optional)
        except Forbidden as error:
            raise Forbidden(
                f"{error} Allow it at /shopify/allow?shop={self._shop}, then try again."
            ) from error
        if answer.withheld:
            _log.warning("shop %s withholds %d fields", self._shop, len(answer.withheld))
        return answer

    def _exchange(self, body: bytes, token: str, way: Way) -> answers.Reply:
        try:
            reply = self._post(body, token, way)
            if reply.status == 401:
                reply = self._post(body, self._keys.after_refusal(token), way)
        except NoReply as error:
            raise _lost(error, way.changing) from error
        return reply

    def _post(self, body: bytes, token: str, way: Way) -> answers.Reply:
        # Asked here, behind every wait: for the bucket, for a new token, for a throttled shop.
        if way.until is not None and self._clock.now() > way.until:
            raise TooLate("It took too long to come to this; it was not sent.")
        url = self._app.url(self._shop, f"/admin/api/{self._app.version}/graphql.json")
        return self._wire.post(url, body, {"X-Shopify-Access-Token": token})

    def _hear(self, reply: answers.Reply, now: datetime) -> None:
        """Note what the answer says beside its body. Shopify answers with its oldest version for one it no longer serves."""
        with suppress(KeyError, ValueError, OverflowError):
            self.ahead = parsedate_to_datetime(reply.headers["Date"]).astimezone(UTC) - now
        version = reply.headers.get("X-Shopify-API-Version", self._app.version)
        self.other_version = "" if version == self._app.version else version

    @contextmanager
    def _paid(self, document: str) -> Iterator[None]:
        """Wait until the shop's bucket holds what this document cost last time, and keep it from others meanwhile."""
        points, began = self._points.cost(document), self._clock.now()
        while True:
            now = self._clock.now()
            wait = self._points.take(points, self._pace, now, now - began)
            if wait <= timedelta(0):
                break
            self._clock.sleep(wait.total_seconds())
        try:
            yield
        finally:
            self._points.give_back(points)


def _pause(times: int) -> float:
    """Return how long to wait after that many failures in a row; by chance, so that lines that failed together part."""
    return random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**times))  # noqa: S311


def _lost(error: NoReply, changing: bool) -> ShopError:
    if changing and error.sent:
        return OutcomeUnknown(f"{error} It may have done what was asked.")
    return TryLater(str(error))
