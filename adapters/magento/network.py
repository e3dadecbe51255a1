"""Where a call may go: the merchant names the address, so every connection is checked, each time it is made.

Looking the name up once, checking it and connecting later would let a name change its mind in between; here the
address that is checked is the address that is connected to.
"""

import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.response import HTTPResponse
from urllib3.util.connection import create_connection

from connector.port import hears, is_public, looked_up

ALLOWED = "ALLOW_PRIVATE_HOSTS"  # the house's variable, handed to every platform: hosts reached without being public
MOST_ADDRESSES = 2  # a name may have many, and each may cost the whole connect time-out


def allowed_hosts(setting: str) -> frozenset[str]:
    """Read a list like "127.0.0.1:8099,shop.test:443"; the house refuses it unless it is itself on loopback."""
    return frozenset(part.strip().lower() for part in setting.split(",") if part.strip())


def session(allowed: frozenset[str]) -> requests.Session:
    """Return a session that reaches public addresses and the `allowed` hosts, and asks no proxy or netrc."""
    made = _Session()
    made.trust_env = False
    adapter = _Guarded(allowed)
    made.mount("https://", adapter)
    made.mount("http://", adapter)
    return made


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: told of one, requests would read all of the answer, however long, and trip over a crooked address."""


class _Guarded(HTTPAdapter):
    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed
        super().__init__(pool_connections=1, pool_maxsize=4, max_retries=0)

    def init_poolmanager(self, *rest: Any, **named: Any) -> None:
        super().init_poolmanager(*rest, **named)
        plain, secure = _pools(self._allowed)
        self.poolmanager.pool_classes_by_scheme = {"http": plain, "https": secure}


def _pools(allowed: frozenset[str]) -> tuple[type[HTTPConnectionPool], type[HTTPSConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, allowed)

        def getresponse(self) -> HTTPResponse:  # type: ignore[override]
            hears(self.sock)
            return super().getresponse()

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, allowed)

        def getresponse(self) -> HTTPResponse:  # type: ignore[override]
            hears(self.sock)
            return super().getresponse()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return PlainPool, SecurePool


def _connect(line: HTTPConnection, allowed: frozenset[str]) -> socket.socket:
    last: OSError = OSError("the name has no address")
    for address in _checked(line, allowed)[:MOST_ADDRESSES]:
        try:
            return create_connection(
                (address, line.port or 443), line.timeout, socket_options=line.socket_options
            )
        except TimeoutError as error:
            raise ConnectTimeoutError(line, "no connection within the time-out") from error
        except OSError as error:
            last = error
    raise NewConnectionError(line, "no connection") from last


def _checked(line: HTTPConnection, allowed: frozenset[str]) -> tuple[str, ...]:
    """Return the addresses of the host. One that is not public spoils the name: its owner is playing with us."""
    try:
        addresses = looked_up(line.host.strip("[]"), line.port)
    except (OSError, UnicodeError) as error:
        raise NameResolutionError(line.host, line, socket.gaierror("no such name")) from error
    if f"{line.host.lower()}:{line.port}" in allowed or all(is_public(address) for address in addresses):
        return addresses
    raise NewConnectionError(line, "no connection")
