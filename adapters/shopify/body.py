"""Strict JSON for what comes in from outside: shallow, finite, every key once, numbers exact."""

import json
import re
from decimal import Decimal
from typing import NoReturn

from connector.port import BadMessage

DEEPEST = 64
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_OTHERS = bytes(set(range(256)) - set(b"[]{}"))


def parse(body: bytes) -> object:
    """Return the JSON value; decimals come as Decimal. Raise BadMessage without quoting anything of it."""
    if _depth(body) > DEEPEST:
        raise BadMessage(f"the body is nested deeper than {DEEPEST} levels")
    try:
        return json.loads(
            body.decode(),
            parse_float=Decimal,
            parse_constant=_refuse,
            object_pairs_hook=_once,
        )
    except UnicodeDecodeError as error:
        raise BadMessage("the body is not UTF-8") from error
    except (json.JSONDecodeError, RecursionError, ValueError) as error:
        raise BadMessage("the body is not JSON") from error


def _depth(body: bytes) -> int:
    """Return how deep brackets nest, not counting those inside texts; before any parser recurses on them."""
    deepest = level = 0
    for sign in _TEXT.sub(b"", body).translate(None, _OTHERS):
        level += 1 if sign in b"[{" else -1
        deepest = max(deepest, level)
    return deepest


def _refuse(_: str) -> NoReturn:
    raise BadMessage("the body holds a number that is none")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Two readers would see two different messages; which one was meant nobody can say.
        raise BadMessage("the body names one key twice")
    return found
