"""What is written down: JSON lines on stderr, of words on a list only, with nothing personal or secret in them."""

from __future__ import annotations

import io
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import msgspec
import structlog

from connector import trail
from connector.secrets import CannotOpen

# A word that is not here does not reach the log: what nobody thought of cannot leak.
ALLOWED = frozenset(
    "event level timestamp request platform topic shop shop_id merchant_id delivery kind result status method route "
    "seconds count waiting done total state attempt error where run task job reason port url sandbox entries member "
    "settled differences".split()
)
_SECRETS = re.compile(
    r"""
    shp[a-z]{2}_[A-Za-z0-9]+                       # access tokens that say so themselves
    | (?i:bearer|basic|oauth)\s+[^\s,"']+
    | eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,2}   # signed tokens
    | (?<=://)[^\s/:@]+:[^\s/]+(?=@)                   # user and password in an address, whatever the password holds
    | [A-Za-z0-9._%+-]+(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+
    | \b[A-Z]{2}[0-9]{2}(?:\s?[A-Z0-9]{4}){2,7}(?:\s?[A-Z0-9]{1,3})?\b   # bank accounts
    | \+[0-9][0-9\s().-]{7,}[0-9]                      # telephone numbers
    | \b0[1-9][0-9]{0,2}[\s-][0-9]{6,8}\b               # the same as written at home
    | (?i:token|hmac|signature|code|secret|password|oauth_[a-z_]+)=[^\s&"']+
    | (?i:token|secret|password)["']?:\s*["']?[^\s&"',}]+
    | \b(?![0-9a-f]{8}(?:-[0-9a-f]{4}){3}-)           # long random words, except the ids of deliveries
      (?=[A-Za-z0-9_-]*[0-9])(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]{32,}\b
    """,
    re.VERBOSE,
)
# Words of this kind, and the ids of deliveries, hold nothing that _SECRETS could find; most are such.
_HARMLESS = re.compile(
    r"(?!.*(?:bearer|basic|oauth)[ ])[a-z_ /]{0,31} | [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.VERBOSE
)
_LONGEST = 500


def set_up(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Make structlog and the standard library's loggers write JSON lines of allowed words to `stream` (stderr)."""
    out = _Steady(stream or sys.stderr)
    before: list[structlog.typing.Processor] = [
        add_the_number,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_the_error,
        only_allowed,
    ]
    structlog.configure(
        processors=[*before, _json],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, out)),
        cache_logger_on_first_use=False,
    )
    lines = logging.StreamHandler(out)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[_last, _json],
        )
    )
    logging.basicConfig(handlers=[lines], level=logging.WARNING, force=True)


def _json(_: Any, __: str, line: Mapping[str, Any]) -> str:
    return msgspec.json.encode(line).decode()


class _Steady(io.TextIOBase):
    """A stream that loses a line rather than its writer: a full disk under the log must not undo a kept message."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, words: str) -> int:
        with suppress(OSError):
            return self._out.write(words)
        return len(words)

    def flush(self) -> None:
        with suppress(OSError):
            self._out.flush()


def name_the_error(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its kind and where it happened: its text may quote a row or an address."""
    found = line.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        line["error"], line["where"] = type(error).__name__, _where(error)
        if isinstance(error, CannotOpen):
            # Our own words, and whoever runs Comeback must learn which key is missing.
            line["reason"] = str(error)
    return line


def add_the_number(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the number of the request that the line belongs to."""
    if trail.current():
        line.setdefault("request", trail.current())
    return line


def only_allowed(_: Any, __: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Keep the allowed words, and mask what looks like a secret or a person in their values."""
    return {name: _plain(name, value) for name, value in line.items() if name in ALLOWED}


def masked(text: str) -> str:
    """Return the text with everything that looks like a token, a password or a person's address blotted out."""
    return _SECRETS.sub("***", text.replace("\r", " ").replace("\n", " "))[:_LONGEST]


def _plain(name: str, value: Any) -> Any:
    if name == "request" and isinstance(value, str) and trail.sane(value):
        return value  # a proxy's number may be as long as a token
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if name == "timestamp" or _HARMLESS.fullmatch(text) else masked(text)


def _last(_: Any, __: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in line.items() if name in ALLOWED}


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
