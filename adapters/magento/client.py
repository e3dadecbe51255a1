"""The line to one Magento shop: signed calls, each within its limits, and what their answers mean."""

import contextlib
import json
import math
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TypeVar

import msgspec
import requests
from requests.auth import AuthBase
from urllib3.exceptions import DecodeError, HTTPError, NewConnectionError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse

from connector.port import (
    Forbidden,
    OutcomeUnknown,
    Refused,
    ShopError,
    TryLater,
    Unauthorized,
    cut_off_after,
    request_headers,
)

from . import criteria, lanes, network, rights, rows, wire
from .answers import Answer, Denied, PageTooBig, TooLarge, TooSlow, Unreached, Untrusted, judge
from .criteria import Search
from .keys import Keys
from .signing import Bearer, Signature, Spelling

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

TIMEOUTS = (3.0, 20.0)  # seconds to connect; seconds of silence while reading
WHOLE_CALL = 30.0  # seconds, headers and all, however lively the drip
MOST_BYTES = 10 * 1024 * 1024
PIECE = 64 * 1024
MOST_ROWS = 1000
DEAD = "The shop no longer accepts our keys; connect it again."
SKEW = 60.0  # seconds; Magento refuses a signature made more than 600 s in its future

_SLOW = ReadTimeoutError, requests.ReadTimeout, TimeoutError
_body = msgspec.json.Encoder(decimal_format="number")


class Client:
    """Signed calls to one shop. Not for two threads at once. `address` ends in a slash.

    `mend` is asked how to sign when the shop accepts no signature any more; None where there is no other way. At `ends`,
    of the monotonic clock, the last call is cut off: somebody waits before a page for all of them together.
    """

    def __init__(
        self,
        address: str,
        keys: Keys,
        allowed: frozenset[str] = frozenset(),
        clock: Callable[[], float] = time.time,
        limited: Callable[[int], None] = lambda rows: None,
        mend: Callable[[], Spelling | None] | None = None,
        ends: float = math.inf,
    ) -> None:
        """`limited` is told of the shop's limit on rows per page when it is met; `keys.rows` is the one met before."""
        self.address = address
        self._keys = keys
        self._clock = clock
        self._mend = mend
        self._ends = ends
        self.ahead: timedelta | None = None  # the shop's clock before ours, as of the last answer
        self._behind = 0  # seconds the shop's clock is ahead of ours, where it matters
        self._rows = keys.rows or MOST_ROWS  # per page; less where the shop sets a limit
        self._limited = limited
        self._session = network.session(allowed)
        self._lanes = lanes.to(address)
        if (
            not address.startswith("https://")
            and address.removeprefix("http://").split("/")[0] not in allowed
        ):
            raise Refused("The shop's address must begin with https://.")

    @property
    def sign(self) -> str:
        """What tells the integration that it calls with from all others."""
        return self._keys.sign

    def allows(self, rows: int) -> None:
        """The shop allows at most so many rows on a page."""
        self._rows = min(self._rows, rows)

    def now(self) -> datetime:
        """Return the time by the shop's own clock, as far as an answer has told it."""
        return datetime.fromtimestamp(self._clock(), UTC) + (self.ahead or timedelta())

    def read(self, path: str, kind: type[T], pairs: tuple[tuple[str, str], ...] = ()) -> T:
        """Return what stands at `path`, below /rest/V1/."""
        return rows.understood(self.call("GET", path, pairs=pairs), kind)

    def whole(self, path: str) -> dict[str, object]:
        """Return all that stands at `path`, to be changed and written back; numbers stay exact."""
        try:
            found = json.loads(self.call("GET", path), parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            raise TryLater("The shop's answer is not understood: no JSON.") from error
        if not isinstance(found, dict):
            raise TryLater("The shop's answer is not understood: no object.")
        return found

    def search(self, path: str, kind: type[S], search: Search) -> wire.Page[S]:
        """Return the first page of a search, with only the fields that `kind` reads.

        The page is shorter than asked for where the shop limits it or its rows are huge; `total_count` tells.
        """
        search = msgspec.structs.replace(search, fields=wire.fields(kind))
        while True:
            sized = msgspec.structs.replace(search, size=min(search.size, self._rows))
            try:
                found = self.call("GET", path, pairs=tuple(criteria.pairs(sized)))
            except PageTooBig as too_big:
                self._shrink(too_big, sized.size, too_big.limit)
                self._limited(too_big.limit)
            except TooLarge as too_large:
                self._shrink(too_large, sized.size, sized.size // 2)
            except TooSlow as too_slow:
                if self.ahead is None:
                    raise  # it has not answered at all yet
                # A hundred orders can be too much for a small server, however often it is asked for them.
                self._shrink(too_slow, sized.size, sized.size // 5)
            else:
                return rows.page(found, kind)

    def send(self, method: str, path: str, body: object, kind: type[T]) -> T:
        """Change something and return the shop's answer; a `body` of None sends none."""
        answer = self.call(method, path, body=None if body is None else _body.encode(body))
        try:
            return rows.understood(answer, kind)
        except TryLater as error:
            raise OutcomeUnknown(str(error)) from error

    def call(
        self, method: str, path: str, pairs: tuple[tuple[str, str], ...] = (), body: bytes | None = None
    ) -> bytes:
        """Make one signed call and return the JSON that came; raise the port's errors otherwise."""
        try:
            return self._at_its_time(method, path, pairs, body)
        except Untrusted as error:
            explained = self._explained(error, path)
            if (
                not isinstance(explained, Unauthorized)
                or isinstance(explained, Untrusted)
                or not self._adopted()
            ):
                raise explained from error
            return self._once(method, path, pairs, body)

    def _adopted(self) -> bool:
        """Sign in another way from now on, where the shop is found to accept that; tell whether it is."""
        spelling = None if self._mend is None else self._mend()
        if spelling is None or spelling == self._keys.spelling:
            return False
        self._keys = msgspec.structs.replace(self._keys, spelling=spelling)
        return True

    def probe(self) -> None:
        """Make the harmless call that everybody connected may make; raise Untrusted where its signature is no good."""
        self._at_its_time("GET", rights.GRANTED, rights.ONE, None)

    def is_let_in(self) -> bool:
        """Tell whether anything at all is answered that nobody but an integration may read."""
        return any(self._shows(right) for right in rights.WITNESSES)

    def _shows(self, right: rights.Right) -> bool:
        try:
            self._once("GET", right.path, rights.ONE, None)
        except Untrusted:
            return False
        return True

    def _ask_for_granted(self) -> None:
        self._once("GET", rights.GRANTED, rights.ONE, None)

    def _at_its_time(
        self, method: str, path: str, pairs: tuple[tuple[str, str], ...], body: bytes | None
    ) -> bytes:
        known = self._behind
        try:
            return self._once(method, path, pairs, body)
        except Untrusted:
            # Answers take time and tell whole seconds: what is told of one clock differs a little from call to call.
            if abs(self._behind - known) < SKEW:
                raise
            # A clock far ahead made the signature too new; the answer told the shop's time, and nothing was done.
            return self._once(method, path, pairs, body)

    def _once(self, method: str, path: str, pairs: tuple[tuple[str, str], ...], body: bytes | None) -> bytes:
        # 2.4.6 and 2.4.7 decode such a path before they check its signature.
        assert "%" not in path, "no encoded sign in a path"
        url = f"{self.address}rest/V1/{path}" + (f"?{criteria.query(pairs)}" if pairs else "")
        answer = msgspec.structs.replace(self._exchange(method, url, body), asked=self.address)
        self._learn_time(answer)
        judge(answer, method != "GET", datetime.fromtimestamp(self._clock(), UTC))
        return answer.body

    def ask_token(self, step: str, token: str = "", secret: str = "", verifier: str = "") -> Answer:
        """Make one step of the token exchange, which no bearer may make; whatever the shop says is the answer."""
        keys = self._keys
        four = keys.consumer_key, keys.consumer_secret, token, secret
        for _ in range(2):
            known = self._behind
            signature = Signature(four, keys.spelling, self._time(), verifier)
            answer = self._exchange("POST", f"{self.address}oauth/token/{step}", None, signature)
            self._learn_time(answer)
            if answer.status != 401 or self._behind == known:
                break
        return answer

    def _exchange(self, method: str, url: str, body: bytes | None, auth: AuthBase | None = None) -> Answer:
        # No call lasts longer than that, so whoever waits so long has had their turn.
        with self._lanes.one(min(WHOLE_CALL, self._ends - time.monotonic())):
            return self._exchange_now(method, url, body, auth or self._signature())

    def _exchange_now(self, method: str, url: str, body: bytes | None, auth: AuthBase) -> Answer:
        left = min(WHOLE_CALL, self._ends - time.monotonic())
        if left <= 0:
            raise TryLater("The shop did not answer in time.")
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "Comeback"}
        headers |= request_headers()
        if body is not None:
            headers["Content-Type"] = "application/json"
        with _reached(method != "GET"), cut_off_after(left):
            response = self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                auth=auth,
                timeout=TIMEOUTS,
                allow_redirects=False,
                stream=True,
            )
            with response:
                lower = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, lower, _whole(response.raw))

    def _signature(self) -> AuthBase:
        keys = self._keys
        if keys.spelling == "bearer":
            return Bearer(keys.token)
        return Signature(keys.four, keys.spelling, self._time())

    def _time(self) -> int:
        return int(self._clock()) + self._behind

    def _learn_time(self, answer: Answer) -> None:
        with contextlib.suppress(KeyError, ValueError, OverflowError):
            told = parsedate_to_datetime(answer.headers["date"]).timestamp() - self._clock()
            datetime.fromtimestamp(self._clock() + told, UTC)  # no year that there is none of
            self._behind = int(told) if abs(told) > SKEW else 0
            self.ahead = timedelta(seconds=told)

    def _explained(self, error: Untrusted, path: str) -> Unauthorized | Forbidden | TryLater:
        """Tell a dead token from a missing right: Magento gives both the same answer."""
        try:
            self._ask_for_granted()
        except Untrusted as probed:
            # Without a right named the signature was no good. With one, it may be that very right that was taken away.
            if not (probed.resources and error.resources and self.is_let_in()):
                return Unauthorized(DEAD)
        if not error.resources:
            # Something on the way sent the call twice, and the shop takes each signature once. Nothing was done.
            return TryLater("The shop did not accept our signature this once.")
        return Denied(str(error), error.resources) if rights.is_for_one_thing(error.resources) else error

    def _shrink(self, error: ShopError, was: int, to: int) -> None:
        if not 0 < to < was:
            raise error
        self._rows = to


@contextlib.contextmanager
def _reached(changes: bool) -> Iterator[None]:
    """Say what a broken call means. One that never left is always TryLater."""
    try:
        yield
    except requests.exceptions.SSLError as error:
        raise Unreached("The shop's certificate is not accepted.") from error
    except requests.ConnectTimeout as error:
        raise Unreached("The shop cannot be reached.") from error
    except (requests.RequestException, HTTPError, DecodeError, TimeoutError) as error:
        if _never_left(error):
            raise Unreached("The shop cannot be reached.") from error
        if changes:
            raise OutcomeUnknown("The shop's answer did not arrive; it may have been done.") from error
        if any(isinstance(one, _SLOW) for one in (error, *error.args)):
            raise TooSlow("The shop's answer did not arrive.") from error
        raise TryLater("The shop's answer did not arrive.") from error


def _whole(raw: BaseHTTPResponse) -> bytes:
    # Counted after decompression, so that ten kilobytes of packed zeros end at the limit too.
    body = bytearray()
    while piece := raw.read1(PIECE, decode_content=True):
        body += piece
        if len(body) > MOST_BYTES:
            raise TooLarge("The shop's answer is larger than we read.")
    return bytes(body)


def _never_left(error: Exception) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.ConnectionError) and isinstance(reason, NewConnectionError)
