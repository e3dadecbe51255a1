"""One HTTP exchange with a shop: time-outs always, no proxies, no redirects, one connection pool per shop.

What can go wrong on the way is told apart by one question: may the shop have done what was asked?
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import sleep
from typing import Any, Protocol

import msgspec
import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse, HTTPResponse

from connector.port import (
    OutcomeUnknown,
    Refused,
    TryLater,
    Unauthorized,
    cut_off_after,
    hears,
    request_headers,
)

CONNECT, READ = 3.05, 20.0
WHOLE_CALL = 30.0  # seconds, headers and all, however lively the drip
MOST_BYTES = 10 * 1024 * 1024  # of an answer, or of one line of a file
PIECE = 64 * 1024
LONGEST_WAIT = timedelta(hours=1)
UNSAID = timedelta(seconds=2)  # a 429 without a word about how long; what a bucket needs to fill a little
FILES_OUT_OF_ORDER = timedelta(minutes=1)
SANDBOX_HEADER = "X-Sandbox-Shop"


class Clock(Protocol):
    """Time, and the waiting for it; tests bring their own."""

    def now(self) -> datetime: ...

    def sleep(self, seconds: float) -> None: ...


class WallClock:
    """The real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        sleep(seconds)


class Reply(msgspec.Struct, frozen=True):
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoReply(Exception):
    """The exchange broke off. `sent` tells whether the shop may have read the question."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


class FileGone(TryLater):
    """The file is no longer at its address, and will not be there again."""


class _Plain(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        hears(self.sock)
        return super().getresponse()


class _Secure(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        hears(self.sock)
        return super().getresponse()


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class _Heard(HTTPAdapter):
    """Connections that can be cut off while they are listened to."""

    def init_poolmanager(self, *rest: Any, **named: Any) -> None:
        super().init_poolmanager(*rest, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}


class Wire:
    """A line to one shop's host, with its own connection pool."""

    def __init__(self, shop: str, *, sandbox: bool = False, read_timeout: float = READ) -> None:
        self._session = requests.Session()
        # Proxy variables and netrc of the machine would send a shop's token somewhere else.
        self._session.trust_env = False
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, _Heard())
        self._session.headers["User-Agent"] = "Comeback"
        if sandbox:
            self._session.headers[SANDBOX_HEADER] = shop
        self._timeouts = (CONNECT, read_timeout)

    def post(self, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        """Send JSON and return the reply; raise NoReply."""
        sent = {"Content-Type": "application/json", "Accept": "application/json", **request_headers()}
        with _reasons(), cut_off_after(WHOLE_CALL):
            response = self._session.post(
                url,
                data=body,
                headers={**sent, **(headers or {})},
                timeout=self._timeouts,
                allow_redirects=False,
                stream=True,
            )
            with response:
                return Reply(response.status_code, response.headers, _whole(response.raw))

    def lines(self, url: str) -> Iterator[bytes]:
        """Yield the lines of a file without holding all of it; no token goes along. Raise NoReply or by status."""
        with _reasons(), self._opened(url) as response:
            status = response.status_code
            if status >= 500 or status in {408, 429}:
                # Where files lie is not the shop: a wait, so that the shop's own line is not taken for dead.
                raise TryLater(f"The shop's file is not there (status {status}).", FILES_OUT_OF_ORDER)
            if status != 200:
                # A result's address is good for seven days; a store of files says so with 400, 403, 404 or 410.
                raise FileGone(f"The shop's file is not there (status {status}).")
            yield from _split(response.iter_content(PIECE))

    def _opened(self, url: str) -> requests.Response:
        with cut_off_after(WHOLE_CALL):
            return self._session.get(
                url, headers=request_headers(), stream=True, timeout=self._timeouts, allow_redirects=False
            )

    def close(self) -> None:
        """Let the connections go."""
        self._session.close()


def status_error(reply: Reply, now: datetime, *, changing: bool) -> Exception:
    """Return the error that a status other than 200 means."""
    wait = retry_after(reply.headers.get("Retry-After"), now)
    match reply.status:
        case 401:
            return Unauthorized("Shopify no longer accepts Comeback's access to this shop. Connect it again.")
        case 403:
            return Unauthorized("Shopify refuses Comeback a right it needs. Connect the shop again.")
        case 402 | 423:
            return TryLater("Shopify has frozen or locked this shop.", LONGEST_WAIT)
        case 404:
            return Refused("Shopify knows no shop, or no API version, at this address.")
        case 408 | 429:
            return TryLater("Shopify asks to wait.", wait or UNSAID)
        case status if status >= 500 and changing:
            return OutcomeUnknown(f"Shopify answered {status}; it may have done what was asked.")
        case status if status >= 500:
            return TryLater(f"Shopify is out of order (status {status}).", wait)
        case status if 300 <= status < 400:
            return Refused("Shopify answers with a redirect, which Comeback does not follow.")
        case status:
            return Refused(f"Shopify refuses the request (status {status}).")


def retry_after(text: str | None, now: datetime) -> timedelta | None:
    """Read Retry-After: seconds, with decimals as Shopify writes them ("2.0"), or a date. At most an hour."""
    if text is None:
        return None
    try:
        wait = timedelta(seconds=min(float(text), LONGEST_WAIT.total_seconds()))
    except (ValueError, OverflowError):
        try:
            wait = parsedate_to_datetime(text).astimezone(UTC) - now
        except (ValueError, OverflowError):
            return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


@contextmanager
def _reasons() -> Iterator[None]:
    """Say of a broken exchange whether the question may have reached the shop."""
    try:
        yield
    except requests.exceptions.ConnectTimeout as error:
        raise NoReply("Shopify cannot be reached.", sent=False) from error
    except requests.exceptions.SSLError as error:
        raise NoReply("Shopify's certificate is not good.", sent=False) from error
    except requests.exceptions.ConnectionError as error:
        # urllib3 names its own cause only when no connection came about at all.
        sent = "NewConnectionError" not in repr(error) and "NameResolutionError" not in repr(error)
        raise NoReply("The connection to Shopify broke off.", sent=sent) from error
    except (requests.exceptions.RequestException, HTTPError, OSError) as error:
        raise NoReply("Shopify did not answer in time.", sent=True) from error


def _whole(raw: BaseHTTPResponse) -> bytes:
    # Counted after decompression: ten kilobytes of packed zeros are a gigabyte.
    body = bytearray()
    while piece := raw.read1(PIECE, decode_content=True):
        body += piece
        if len(body) > MOST_BYTES:
            raise NoReply("Shopify's answer is larger than Comeback reads.", sent=True)
    return bytes(body)


def _split(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from filter(None, lines)
        if len(rest) > MOST_BYTES:
            raise TryLater("A line of the shop's file is larger than Comeback reads.")
    if rest:
        yield rest
