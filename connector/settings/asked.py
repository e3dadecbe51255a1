"""What the address asks for, read once: numbers, places and choices; nonsense is 404, as an unknown address is.

No number is longer than the database's columns hold: PostgreSQL refuses those with an error.
"""

from collections.abc import Sequence
from datetime import date

from flask import request

from connector.settings.door import Visit, not_there

ROW = f"int(max={2**63 - 1})"  # how an address holds the number of a row: "/members/<ROW:member_id>"
_LONGEST = 18  # digits
_LONGEST_WORDS = 80
_FIRST_YEAR, _LAST_YEAR = 2000, 2200


def whole(text: str) -> int:
    """Return the whole number that the text is; answer 404 when it is none that a row can have."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST):
        not_there()
    return int(text)


def number(name: str) -> int | None:
    """Return the whole number asked for; None when nothing is asked."""
    text = request.args.get(name, "")
    return whole(text) if text else None


def choice(name: str, choices: Sequence[str]) -> str | None:
    """Return which of the choices is asked for; None when none is."""
    text = request.args.get(name, "")
    if not text:
        return None
    return text if text in choices else not_there()


def words(name: str) -> str | None:
    """Return the words asked for, without blanks around them; None when nothing is asked."""
    text = request.args.get(name, "").strip()
    return text[:_LONGEST_WORDS] or None


def day(name: str) -> date | None:
    """Return the date asked for; None when none is, 404 where it is no date."""
    text = request.args.get(name, "")
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        not_there()
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else not_there()


def shop(seen: Visit) -> int | None:
    """Return which of the merchant's shops is asked for; None for all."""
    wanted = number("shop")
    return None if wanted is None else seen.shop(wanted).id
