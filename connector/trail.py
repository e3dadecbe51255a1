"""The number that a request carries along its whole road, so that one word finds every stop of it again.

It comes with the request where the caller sent a usable one, and is made here otherwise; rows keep it, log lines carry
it, and calls to a shop take it along. Work that nobody asked for by a request (a job of the clock) gets one of its own.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

HEADER = "X-Request-Id"
_SANE = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{7,63}")
_number: ContextVar[str] = ContextVar("request", default="")

P = ParamSpec("P")
T = TypeVar("T")


def new() -> str:
    """Return a number that nothing else carries."""
    return secrets.token_hex(8)


def sane(text: str) -> bool:
    """Tell whether a number from outside may be taken over: 8 to 64 letters, digits and dashes."""
    return _SANE.fullmatch(text) is not None


def taken(text: str) -> str:
    """Return the caller's number where it is usable, else a new one."""
    return text if sane(text) else new()


def current() -> str:
    """Return the number of what is being done now; empty where nothing has one."""
    return _number.get()


def follow(number: str) -> None:
    """From here on do everything under this number; an empty one ends it."""
    _number.set(number)


@contextmanager
def on(number: str) -> Iterator[None]:
    """Do what is in the block under this number; an empty one leaves the number that is."""
    before = _number.set(number or _number.get())
    try:
        yield
    finally:
        _number.reset(before)


def numbered(work: Callable[P, T]) -> Callable[P, T]:
    """Give every run of this work a number of its own."""

    @wraps(work)
    def run(*args: P.args, **words: P.kwargs) -> T:
        with on(new()):
            return work(*args, **words)

    return run
