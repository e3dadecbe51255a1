"""Hints: Magento Open Source sends no webhooks, modules do, and what they say is only a reason to look.

A hint carries no truth, so nothing is read from it but a number; a repeated hint means one look more and changes
nothing, so each is a delivery of its own unless its sender numbers them.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping

import msgspec

from connector.port import (
    BadSignature,
    Change,
    CustomerTouched,
    Delivery,
    OrderTouched,
    SyncWanted,
    TokenVault,
)

from . import keys

_NUMBERS = ("x-comeback-delivery", "x-magento-delivery-id", "x-webhook-id")
_TOPICS = ("x-magento-event", "x-magento-topic", "x-webhook-topic", "x-event-name")

_Number = int | str | None


class _Thing(msgspec.Struct, frozen=True):
    entity_id: _Number = None
    id: _Number = None


class _Words(msgspec.Struct, frozen=True):
    order_id: _Number = None
    customer_id: _Number = None
    entity_id: _Number = None
    increment_id: str | None = None
    order: _Thing | None = None
    customer: _Thing | None = None


class _Wrapped(msgspec.Struct, frozen=True):
    data: _Words | None = None


def received(headers: Mapping[str, str], body: bytes, vault: TokenVault | None) -> Delivery:
    """Prove the hint by the shop's hook secret: said in a header, or used to sign the body; raise BadSignature."""
    if vault is None:
        raise BadSignature("no shop has this address")
    secret = keys.unpacked(vault.read()).hook_secret
    said = headers.get("x-comeback-secret", "")
    signed = headers.get("x-magento-signature", "")
    if not (_equal(said, secret) or _signed(signed, secret, body)):
        raise BadSignature("neither the secret nor a signature made with it")
    return Delivery(
        id=_first(headers, _NUMBERS) or secrets.token_hex(16),
        topic=_first(headers, _TOPICS) or "hint",
        body=body,
    )


def meaning(delivery: Delivery) -> tuple[Change, ...]:
    """Say what to look at: the order or the customer the hint names, else everything that changed."""
    words = _words(delivery.body)
    own = words.entity_id if words.increment_id else None  # only orders have an increment_id
    if order := _number(words.order_id, *_numbers(words.order), own):
        return (OrderTouched(order),)
    if customer := _number(words.customer_id, *_numbers(words.customer)):
        return (CustomerTouched(customer),)
    return (SyncWanted(),)


def _words(body: bytes) -> _Words:
    # Bodies are templates that merchants write; what cannot be read is still a hint.
    try:
        inner = msgspec.json.decode(body, type=_Wrapped).data
        return inner or msgspec.json.decode(body, type=_Words)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Words()


def _numbers(thing: _Thing | None) -> tuple[_Number, ...]:
    return (thing.entity_id, thing.id) if thing else ()


def _number(*found: _Number) -> str | None:
    texts = (str(each).strip() for each in found if each is not None)
    return next((text for text in texts if text.isascii() and text.isdecimal() and text.strip("0")), None)


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((headers[name][:200] for name in names if headers.get(name)), "")


def _equal(said: str, secret: str) -> bool:
    return bool(secret) and hmac.compare_digest(said.encode(), secret.encode())


def _signed(signature: str, secret: str, body: bytes) -> bool:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    spellings = (digest.hex(), base64.b64encode(digest).decode())
    said = signature.removeprefix("sha256=").encode()
    return bool(secret) and any(hmac.compare_digest(said, each.encode()) for each in spellings)
