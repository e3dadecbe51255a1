"""What a hint is about: the orders and customers that it names, else whatever has changed.

Bodies are what a REST answer, an event or a merchant's template makes of a thing, bare, wrapped, or many in a list.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

from connector.port import Change, CustomerTouched, Delivery, OrderTouched, SyncWanted

from . import own

MOST = 100  # things; a longer list asks for a look at everything that changed
_LONGEST = 18  # digits of a number
_Inner: TypeAlias = "Words | str | int | float | bool | list[Any] | None"


class Words(msgspec.Struct, frozen=True):
    """The words of a thing that say which it is, and what it may be wrapped in. Each may hold anything."""

    order_id: Any = None
    customer_id: Any = None
    entity_id: Any = None
    id: Any = None
    increment_id: Any = None
    email: Any = None
    order: _Inner = None
    customer: _Inner = None
    event: _Inner = None  # Adobe I/O Events
    data: _Inner = None  # CloudEvents
    value: _Inner = None  # events of Commerce


def read(delivery: Delivery) -> tuple[Change, ...]:
    """Say what to look at; each thing once, and everything that changed where something is named by no number."""
    if delivery.topic == own.TOPIC:
        return own.read(delivery.body)
    things = _things(delivery.body)
    found = tuple(dict.fromkeys(_meant(words) for words in things[: MOST + 1]))
    return found if found and len(things) <= MOST else (SyncWanted(),)


def _things(body: bytes) -> list[Words]:
    # What cannot be read is still a hint.
    try:
        said = msgspec.json.decode(body, type=Words | list[Words])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    return [_unwrapped(each) for each in (said if isinstance(said, list) else [said])]


def _unwrapped(words: Words) -> Words:
    while (inner := next((each for each in _within(words) if isinstance(each, Words)), None)) is not None:
        words = inner
    return words


def _within(words: Words) -> tuple[object, ...]:
    return words.event, words.data, words.value


def _meant(words: Words) -> OrderTouched | CustomerTouched | SyncWanted:
    # Invoices and the like name their order; an order's own number stands beside its increment_id, and a customer's
    # beside the address.
    order, customer = _inside(words.order), _inside(words.customer)
    own_order = words.entity_id if words.increment_id else None
    if number := _number(words.order_id, order.entity_id, order.id, own_order):
        return OrderTouched(number)
    own_customers = (words.entity_id, words.id) if words.email and not words.increment_id else ()
    if number := _number(words.customer_id, customer.entity_id, customer.id, *own_customers):
        return CustomerTouched(number)
    return SyncWanted()


def _inside(thing: Any) -> Words:
    return thing if isinstance(thing, Words) else Words()


def _number(*found: Any) -> str | None:
    return next(_numbers(found), None)


def _numbers(found: tuple[Any, ...]) -> Iterator[str]:
    for each in found:
        text = str(each).strip() if isinstance(each, str | int) and not isinstance(each, bool) else ""
        if text.isascii() and text.isdecimal() and text.strip("0") and len(text) <= _LONGEST:
            yield text.lstrip("0")
