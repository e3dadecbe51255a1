"""Invented people: a name and an e-mail address made from a number, the same for the same number."""

from typing import NamedTuple

_FIRST = (
    "Ada Ben Cleo Dan Edie Finn Grace Hal Iris Joel Kit Lena Max Nora Otis Pia Quinn Rosa Sam Tess Uma Vic "
    "Wren Xander Yara Zoe"
).split()
_LAST = (
    "Ashdown Birch Calder Dale Elm Fenwick Garth Heath Ingle Jarrow Kestrel Linden Marsh Nettle Oakley Pym "
    "Quarry Rowan Sedge Thorne Upton Vale Wick Yarrow"
).split()


class Person(NamedTuple):
    first_name: str
    last_name: str
    email: str


def invented(number: int) -> Person:
    """Return the person of this number; nobody of that address exists."""
    first, last = _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
    return Person(first, last, f"customer-{number}@example.com")
