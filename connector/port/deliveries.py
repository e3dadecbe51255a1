"""Deliveries: messages at the door, before and after they are believed."""

from collections.abc import Mapping
from datetime import datetime

import msgspec


class Delivery(msgspec.Struct, frozen=True):
    """One raw message as it came, after its signature was found good.

    `shop_address` tells whose it is when the URL does not; `id` is the sender's own, equal on every retry.
    `other_version`: the interface it was written for, where that is not the one asked for. `old_secret`: it was signed
    with the secret before the last rotation. `declared`: the word in the address it came to, where that is one that
    `Platform.files` tells the platform of (the door says so, not the platform).
    """

    id: str
    topic: str
    body: bytes
    shop_address: str | None = None
    triggered_at: datetime | None = None
    other_version: str = ""
    old_secret: bool = False
    declared: str = ""


class Knock(msgspec.Struct, frozen=True):
    """One message as it stands at the door, nothing of it believed. Header names are lower-cased."""

    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str]
    at: datetime


class KeyWanted(Exception):
    """The message may be genuine, but is signed with a key that must be fetched first (`ShopAdapter.learn`): answer 503.

    Where it names several, any of them may prove it, and none need be there.
    """

    def __init__(self, *names: str) -> None:
        super().__init__(*names)
        self.names = names


class BadSignature(Exception):
    """The message is not from the shop: answer 401 and keep nothing."""


class BadMessage(Exception):
    """The message is signed but cannot be understood; the text says why, without quoting the body."""
