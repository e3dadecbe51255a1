"""Requests that go wrong on demand: an error, a web page instead of JSON, a silence; before or after the work."""

import threading
import time
from collections.abc import Sequence

import msgspec
from flask import Response


class Fault(msgspec.Struct):
    """What happens to the next `times` requests whose path or operation contains `match` ("*": all)."""

    match: str = "*"
    times: int = 1
    status: int | None = None
    retry_after: float | None = None
    hang_seconds: float = 0.0
    html: bool = False
    body: str | None = None  # what comes instead of an answer, with `status`
    after_effect: bool = False

    def answer(self) -> Response | None:
        """Hang, then return the failing answer; None where the request only had to wait."""
        time.sleep(self.hang_seconds)
        if self.status is None:
            return None
        if self.body is not None:
            response = Response(self.body, self.status, mimetype="application/json")
        elif self.html:
            response = Response(
                "<html><body>Something went wrong.</body></html>", self.status, mimetype="text/html"
            )
        else:
            response = Response('{"errors":"out of order"}', self.status, mimetype="application/json")
        if self.retry_after is not None:
            response.headers["Retry-After"] = str(self.retry_after)
        return response


class Faulty:
    """The faults still to come."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def change(self, faults: list[Fault]) -> None:
        with self._lock:
            self._faults = faults

    def take(self, names: Sequence[str]) -> Fault | None:
        """Return the first fault that is meant for a request with these names, and use it up."""
        with self._lock:
            for fault in self._faults:
                if fault.times > 0 and (fault.match == "*" or any(fault.match in name for name in names)):
                    fault.times -= 1
                    return fault
        return None
