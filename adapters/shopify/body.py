"""Strict JSON for what comes in from outside: shallow, finite, every key once, numbers exact."""

import json
from decimal import Decimal
from itertools import accumulate
from typing import NoReturn

from connector.port import BadMessage

DEEPEST = 64
_OTHERS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


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
    """Return how deep brackets nest, not counting those inside texts; before any parser recurses on them.

    Whole-text replacements only: a loop or an expression over every sign costs more than the parser itself.
    """
    unescaped = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    signs = b"".join(unescaped.split(b'"')[::2]).translate(None, _OTHERS)
    return max(accumulate(map(_STEP.__getitem__, signs)), default=0)


def _refuse(_: str) -> NoReturn:
    raise BadMessage("the body holds a number that is none")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Two readers would see two different messages; which one was meant nobody can say.
        raise BadMessage("the body names one key twice")
    return found
