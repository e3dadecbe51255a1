"""Read by the tap's own Python as it starts: leads it to the sandbox, and notes what its work costs.

The tap knows its shop by name, over TLS, and looks every minute whether a bulk operation is done. Here the name
leads to a sandbox on this machine, without TLS (neither side has any), and a minute is a quarter of a second. What it
does with what it gets is its own.
"""

from __future__ import annotations

import atexit
import http.client
import json
import os
import resource
import time
from pathlib import Path
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

_NAME, _PLACE, _NOTES = (os.environ[f"TAP_{word}"] for word in ("NAME", "PLACE", "NOTES"))
_PAUSE = 0.25
_send, _sleep = HTTPAdapter.send, time.sleep
_begun: list[float] = []


class _Line(http.client.HTTPConnection):
    """What urllib opens for an https address."""

    def __init__(self, host: str, *_: object, context: object = None, **words: object) -> None:
        assert host == _NAME, host
        there = urlsplit(_PLACE)
        assert there.hostname
        super().__init__(there.hostname, there.port, timeout=300)


def _sent(self: HTTPAdapter, request: requests.PreparedRequest, *args: object, **words: object) -> object:
    # The first thing that goes this way asks for the bulk operation; everything before is starting up.
    _begun.append(_used())
    assert request.url
    request.url = request.url.replace(f"https://{_NAME}", _PLACE)
    return _send(self, request, *args, **words)  # type: ignore[arg-type]


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _note() -> None:
    if _begun:
        noted = {"start": _begun[0], "work": _used() - _begun[0]}
        Path(_NOTES).write_text(json.dumps(noted))


http.client.HTTPSConnection = _Line  # type: ignore[misc,assignment]
HTTPAdapter.send = _sent  # type: ignore[method-assign,assignment]
time.sleep = lambda seconds: _sleep(min(float(seconds), _PAUSE))
atexit.register(_note)
