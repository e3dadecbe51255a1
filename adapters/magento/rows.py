"""What came as JSON, as records; of a page with a spoilt row all but what that row says.

A module's byte that is no UTF-8, a date typed by hand or a currency that is missing would otherwise hold up a whole shop.
"""

from typing import TypeVar

import msgspec

from connector.port import TryLater, place

from . import wire
from .answers import UNREADABLE

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

# Of these a spoilt one can be put aside: whoever reads them looks for SPOILT.
_APART = (wire.Order, wire.Customer, wire.Invoice, wire.Shipment, wire.CreditMemo)
_NUMBERS = ("id", "entity_id", "order_id")


def understood(body: bytes | msgspec.Raw, kind: type[T]) -> T:
    """Return the answer as this kind; raise TryLater, with the place in it that is not as agreed."""
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except UNREADABLE as error:
        at = place(error) if isinstance(error, msgspec.ValidationError) else "no JSON"
        raise TryLater(f"The shop's answer is not understood: {at}.") from error


def page(body: bytes, kind: type[S]) -> wire.Page[S]:
    """Return a page of a search. A row that is not understood keeps its numbers, and is SPOILT."""
    try:
        return understood(body, wire.Page[kind])  # type: ignore[valid-type]
    except TryLater:
        if not issubclass(kind, _APART):
            raise
    # One by one only now: a page as it should be is decoded in one go.
    found = understood(body, wire.Page[msgspec.Raw])
    return wire.Page([_row(row, kind) for row in found.rows], found.total_count)


def _row(row: msgspec.Raw, kind: type[S]) -> S:
    try:
        return understood(row, kind)
    except TryLater:
        return _spoilt(row, kind)


def _spoilt(row: msgspec.Raw, kind: type[S]) -> S:
    """Keep what the row is found by. One without its number cannot be told from the next, so the page is asked for again."""
    told = understood(row, dict[str, msgspec.Raw])
    nothing = msgspec.Raw(b"null")
    kept: dict[str, object] = {}
    for field in msgspec.structs.fields(kind):
        if field.name in _NUMBERS:
            kept[field.name] = understood(told.get(field.name, nothing), field.type)
        elif field.required:
            kept[field.name] = wire.SPOILT
    try:
        kept["updated_at"] = understood(told.get("updated_at", nothing), str)
    except TryLater:
        kept["updated_at"] = None
    names = {field.name for field in msgspec.structs.fields(kind)}
    return kind(**{name: value for name, value in kept.items() if name in names})
