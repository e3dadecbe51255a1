"""GraphQL with one shop: paced by the shop's own cost figures, patient where patience is safe.

Reading is tried again within the call; a change never is, unless the shop said that it did not even begin.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

import msgspec

from adapters.shopify import answers
from adapters.shopify.answers import Answer, Bucket, TooDear
from adapters.shopify.settings import App
from adapters.shopify.tokens import Keys
from adapters.shopify.wire import Clock, NoReply, Wire, status_error
from connector.port import OutcomeUnknown, ShopError, TryLater

T = TypeVar("T")
Variables = Mapping[str, object]

# How long one call may wait inside itself; beyond that the queue waits better than a worker.
PATIENCE = timedelta(seconds=30)
FIRST_PAUSE = 0.5

_encode = msgspec.json.Encoder(decimal_format="number").encode
_log = logging.getLogger(__name__)


class Client:
    """One shop's GraphQL line. Never shared between shops."""

    def __init__(self, app: App, shop: str, keys: Keys, wire: Wire, clock: Clock) -> None:
        self._app, self._shop, self._keys, self._wire, self._clock = app, shop, keys, wire, clock
        self._bucket = Bucket.unknown(clock.now())
        self._costs: dict[str, int] = {}
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
        return self._patiently(lambda: self._send(document, variables, kind, changing=False), changing=False)

    def change(self, document: str, variables: Variables, kind: type[T]) -> T:
        """Change something; raise OutcomeUnknown too, when the answer was lost."""
        return self._patiently(
            lambda: self._send(document, variables, kind, changing=True), changing=True
        ).data

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

    def _patiently(self, send: Callable[[], Answer[T]], *, changing: bool) -> Answer[T]:
        until, pause = self._clock.now() + PATIENCE, FIRST_PAUSE
        while True:
            try:
                return send()
            except TryLater as error:
                if changing and not isinstance(error, answers.Throttled):
                    raise
                wait = pause if error.wait is None else error.wait.total_seconds()
                if self._clock.now() + timedelta(seconds=wait) > until:
                    raise
            self._clock.sleep(wait)
            pause *= 2

    def _send(self, document: str, variables: Variables, kind: type[T], *, changing: bool) -> Answer[T]:
        self._pace(document)
        body = _encode({"query": document, "variables": variables})
        token = self._keys.access()
        try:
            reply = self._post(body, token)
            if reply.status == 401:
                reply = self._post(body, self._keys.after_refusal(token))
        except NoReply as error:
            raise _lost(error, changing) from error
        now = self._clock.now()
        self._hear(reply, now)
        if reply.status != 200:
            raise status_error(reply, now, changing=changing)
        envelope = answers.opened(reply.body, changing=changing)
        self._note(document, envelope, now)
        answer = answers.taken(envelope, kind, changing=changing)
        if answer.withheld:
            _log.warning("shop %s withholds %d fields", self._shop, len(answer.withheld))
        return answer

    def _post(self, body: bytes, token: str) -> answers.Reply:
        url = self._app.url(self._shop, f"/admin/api/{self._app.version}/graphql.json")
        return self._wire.post(url, body, {"X-Shopify-Access-Token": token})

    def _hear(self, reply: answers.Reply, now: datetime) -> None:
        """Note what the answer says beside its body. Shopify answers with its oldest version for one it no longer serves."""
        with suppress(KeyError, ValueError):
            self.ahead = parsedate_to_datetime(reply.headers["Date"]).astimezone(UTC) - now
        version = reply.headers.get("X-Shopify-API-Version", self._app.version)
        self.other_version = "" if version == self._app.version else version

    def _pace(self, document: str) -> None:
        """Wait until the shop's bucket holds what this document cost last time."""
        wait = self._bucket.wait_for(self._costs.get(document, 0), self._clock.now())
        if wait > timedelta(0):
            self._clock.sleep(wait.total_seconds())

    def _note(self, document: str, envelope: answers.Envelope, now: datetime) -> None:
        cost = envelope.cost
        if cost is None:
            return
        self._costs[document] = cost.requested_query_cost
        if cost.throttle_status is not None:
            self._bucket = Bucket.of(cost.throttle_status, now)


def _lost(error: NoReply, changing: bool) -> ShopError:
    if changing and error.sent:
        return OutcomeUnknown(f"{error} It may have done what was asked.")
    return TryLater(str(error))
