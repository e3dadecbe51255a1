"""Visits of pages that call a shop for somebody nobody knows yet: only so often, and only so many at once.

A household has one place, and a network two: with shops of their own that answer a byte at a time they would hold all
of them for ever.
"""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import flask
from werkzeug.exceptions import TooManyRequests

from connector.port import Hall, household, neighbourhood

AT_ONCE = 3  # of the process: whoever comes to the other pages is not kept waiting by shops that dawdle
OF_A_NETWORK = 2
_BUSY = timedelta(seconds=10)
_inside: dict[str, str] = {}  # households of which one has a shop called, and the network of each
_door = threading.Lock()


@contextmanager
def place(hall: Hall) -> Iterator[None]:
    """Take one of the places while a shop is called; raise TooManyRequests where there is none for this visitor."""
    caller = flask.request.remote_addr or ""
    wait = hall.visits(caller)
    if wait is not None:
        raise _later(wait)
    whose, network = household(caller), neighbourhood(caller)
    with _door:
        neighbours = sum(one == network for one in _inside.values())
        if whose in _inside or len(_inside) >= AT_ONCE or neighbours >= OF_A_NETWORK:
            raise _later(_BUSY)
        _inside[whose] = network
    try:
        yield
    finally:
        with _door:
            del _inside[whose]


def _later(wait: timedelta) -> TooManyRequests:
    return TooManyRequests(retry_after=max(math.ceil(wait.total_seconds()), 1))
