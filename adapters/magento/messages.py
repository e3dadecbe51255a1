"""Telling our own module where its messages go, over REST, where the integration has the right to the module's settings.

It shows the address it has, and never the secret; ours bears the word of its token there, as subscriptions do.
"""

import contextlib
from typing import Literal

import msgspec

from connector.port import OutcomeUnknown, Refused, TryLater

from . import answers, keys, subscriptions
from .client import Client
from .keys import Events
from .subscriptions import Denied, Keep

Standing = Literal["absent", "ours", "by_hand", "to_be_set", "elsewhere"]


class Found(msgspec.Struct, frozen=True):
    """How the module stands, and the address it has where that is not ours."""

    standing: Standing
    address: str = ""


def look(client: Client, door: str, events: Events) -> Found | Denied:
    """Ask the module; one that does not answer as it should counts as absent. Raises Unauthorized."""
    try:
        address = client.read("comebackMessages", str)
    except answers.Denied as error:
        return Denied(error.resources)
    except (Refused, TryLater):
        return Found("absent")
    if address == subscriptions.recipient(door, events.token) and events.token:
        return Found("ours")
    if not address or subscriptions.is_ours(address, door, events):
        return Found("to_be_set")
    return Found("by_hand" if address == door else "elsewhere", address)


def tell(client: Client, door: str, keep: Keep) -> bool:
    """Have the module send its messages to us, where nobody else entered an address; tell whether they come.

    An address that was entered by hand stays, and so does one of somebody else's. Raises Unauthorized.
    """
    found = look(client, door, Events())
    if isinstance(found, Denied) or found.standing == "absent":
        return False
    token = keys.fresh_secret()
    events = keep(lambda kept: keys.with_first_token(kept, token)).events
    found = look(client, door, events)
    if not isinstance(found, Found) or found.standing != "to_be_set":
        return isinstance(found, Found) and found.standing in ("ours", "by_hand")
    said = {"address": subscriptions.recipient(door, events.token), "secret": events.token}
    try:
        return client.send("PUT", "comebackMessages", said, bool)
    except (Refused, TryLater, OutcomeUnknown):
        return False  # whoever looks at the shop's page, or the night, tries again


def end(client: Client, door: str, events: Events) -> None:
    """Have the module send no more messages where we entered the address ourselves; raise Unauthorized.

    A module before 1.1.0 refuses the empty address, and goes on.
    """
    with contextlib.suppress(Refused, TryLater, OutcomeUnknown):
        if subscriptions.is_ours(client.read("comebackMessages", str), door, events):
            client.send("PUT", "comebackMessages", {"address": "", "secret": ""}, bool)
