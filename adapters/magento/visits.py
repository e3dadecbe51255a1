"""Visits of pages that call a shop for somebody nobody knows yet: only so often, and only so many at once.

A household has one place: with a shop of its own that answers a byte at a time it would hold all of them for ever.
"""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import flask
from werkzeug.exceptions import TooManyRequests

from connector.port import Hall, household

AT_ONCE = 3  # of the process: whoever comes to the other pages is not kept waiting by shops that dawdle
_BUSY = timedelta(seconds=10)
_inside: set[str] = set()  # households of which one has a shop called
_door = threading.Lock()


@contextmanager
def place(hall: Hall) -> Iterator[None]:
    """Take one of the places while a shop is called; raise TooManyRequests where there is none for this visitor."""
    caller = flask.request.remote_addr or ""
    wait = hall.visits(caller)
    if wait is not None:
        raise _later(wait)
    whose = household(caller)
    with _door:
        if whose in _inside or len(_inside) >= AT_ONCE:
            raise _later(_BUSY)
        _inside.add(whose)
    try:
        yield
    finally:
        with _door:
            _inside.remove(whose)


def _later(wait: timedelta) -> TooManyRequests:
    return TooManyRequests(retry_after=max(math.ceil(wait.total_seconds()), 1))
