"""Trouble on order: answers that fail, hang or come as a web server's HTML page, and counts of what was asked."""

import threading
import time
from collections import Counter
from typing import Any

import msgspec
from flask import Response

_HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


class Fault(msgspec.Struct, frozen=True):
    """One kind of failing answer. `match` is a piece of the path, or `*`.

    `method` narrows it; `after_effect`: the work is done first.
    """

    match: str = "*"
    times: int = 1
    status: int = 503
    retry_after: float | None = None
    hang_seconds: float = 0
    html: bool = False
    after_effect: bool = False
    method: str = ""


class Faults:
    """What is due to go wrong; safe to use from every thread."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: list[tuple[Fault, int]] = []
        self.counts: Counter[str] = Counter()

    def order(self, faults: list[Any]) -> None:
        """Replace what is due by these."""
        parsed = msgspec.convert(faults, list[Fault], strict=False)
        with self.lock:
            self.waiting = [(fault, fault.times) for fault in parsed]

    def count(self, method: str, path: str) -> None:
        kind = "/".join("*" if part.isdigit() else part for part in path.split("/"))
        with self.lock:
            self.counts[f"{method} {kind}"] += 1

    def refused(self) -> None:
        with self.lock:
            self.counts["refusals"] += 1

    def due(self, path: str, method: str) -> Fault | None:
        """Take the first fault that matches the call; None when nothing is to go wrong."""
        with self.lock:
            for index, (fault, times) in enumerate(self.waiting):
                if (fault.match == "*" or fault.match in path) and fault.method in ("", method):
                    self.waiting[index] = (fault, times - 1)
                    self.waiting = [one for one in self.waiting if one[1] > 0]
                    self.counts["faults"] += 1
                    return fault
        return None

    def response(self, fault: Fault) -> Response:
        """Answer as the fault says, after hanging for as long as it says."""
        if fault.hang_seconds:
            time.sleep(fault.hang_seconds)
        if fault.html:
            answer = Response(_HTML.format(f"{fault.status} Trouble"), fault.status, content_type="text/html")
        else:
            body = msgspec.json.encode({"message": "The server is busy. Try again later."})
            answer = Response(body, fault.status, content_type="application/json; charset=utf-8")
        if fault.retry_after is not None:
            answer.headers["Retry-After"] = str(int(fault.retry_after))
        return answer
