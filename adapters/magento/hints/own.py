"""Hints of our own module: numbers of orders and customers, signed with the time and a nonce.

The nonce is the delivery's id and the inbox knows ids for longer than the window is open, so a message that somebody
plays again within it is a repeat. `module/Test/vectors.json` holds what both sides must agree on.
"""

import re
from datetime import timedelta

import msgspec

from connector.port import (
    BadMessage,
    BadSignature,
    Change,
    CustomerTouched,
    Delivery,
    Ignored,
    Knock,
    OrderTouched,
)

from ..keys import Keys
from . import proof

HEADER = "x-comeback-signature"
TIMESTAMP = "x-comeback-timestamp"
NONCE = "x-comeback-nonce"
TOPIC = "module"
WINDOW = timedelta(minutes=5)  # either way; each try of a message carries a time of its own
MOST = 100  # numbers in one message

_SECONDS = re.compile(r"[0-9]{1,12}")
_NONCE = re.compile(r"[0-9a-f]{32}")
_LARGEST = 10**18  # of the numbers that Magento counts rows with


class Numbers(msgspec.Struct, frozen=True):
    """Orders and customers by number."""

    orders: tuple[int, ...] = ()
    customers: tuple[int, ...] = ()


class Message(msgspec.Struct, frozen=True):
    """What the module says: what was saved, what is `gone`, or that somebody tries it out."""

    v: int
    orders: tuple[int, ...] = ()
    customers: tuple[int, ...] = ()
    gone: Numbers = Numbers()
    test: bool = False


def received(knock: Knock, keys: Keys) -> Delivery:
    """Prove the message by its signature and its time; raise BadSignature."""
    timestamp, nonce = (knock.headers.get(name, "") for name in (TIMESTAMP, NONCE))
    if not (_SECONDS.fullmatch(timestamp) and _NONCE.fullmatch(nonce)):
        raise BadSignature("no time or no nonce")
    message = f"{timestamp}.{nonce}.".encode() + knock.body
    old = proof.signed(proof.header(knock.headers[HEADER]), message, keys, knock.at)
    if abs(knock.at.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise BadSignature("made too long ago, or by a clock that is ahead")
    return Delivery(id=nonce, topic=TOPIC, body=knock.body, old_secret=old)


def read(body: bytes) -> tuple[Change, ...]:
    """Say what to fetch. What is gone is fetched like the rest: a hint is no fact, and the shop says that it is absent."""
    try:
        said = msgspec.json.decode(body, type=Message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage("The message is signed as our module's, and not what it says.") from error
    orders = dict.fromkeys((*said.orders, *said.gone.orders))
    customers = dict.fromkeys((*said.customers, *said.gone.customers))
    sane = all(0 < number < _LARGEST for number in (*orders, *customers))
    if said.v != 1 or len(orders) + len(customers) > MOST or not sane:
        raise BadMessage("The message is signed as our module's, and not what it says.")
    if said.test:
        return (Ignored("A test message came through: the shop's messages reach Comeback."),)
    return (
        *(OrderTouched(str(number)) for number in orders),
        *(CustomerTouched(str(number)) for number in customers),
    )
