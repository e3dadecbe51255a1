"""Visits of pages that call a shop for somebody nobody knows yet: only so often, and only so many at once."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import flask
from werkzeug.exceptions import TooManyRequests

from connector.port import Hall

AT_ONCE = 3  # of the process: whoever comes to the other pages is not kept waiting by shops that dawdle
_BUSY = timedelta(seconds=10)
_places = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def place(hall: Hall) -> Iterator[None]:
    """Take one of the places while a shop is called; raise TooManyRequests where there is none for this visitor."""
    wait = hall.visits(flask.request.remote_addr or "")
    if wait is not None:
        raise _later(wait)
    if not _places.acquire(blocking=False):
        raise _later(_BUSY)
    try:
        yield
    finally:
        _places.release()


def _later(wait: timedelta) -> TooManyRequests:
    return TooManyRequests(retry_after=max(math.ceil(wait.total_seconds()), 1))
