"""Adobe I/O Events: signed with two keys of Adobe's, which lie at a fixed host under paths that the headers name.

Either signature suffices. Adobe's keys sign everybody's events, so the body must also name the merchant's own project.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime

import msgspec

from connector.port import BadSignature, Delivery, KeyWanted, Knock

from ..keys import Keys
from . import proof, rsa

HEADERS = tuple((f"x-adobe-digital-signature-{n}", f"x-adobe-public-key{n}-path") for n in (1, 2))
TOPIC = "I/O event"
# Adobe's SDK speaks of a UUID; the deliveries that Adobe itself publishes name ten letters, digits, - and _.
PATH = re.compile(r"/(?:prod|stage)/keys/pub-key-[A-Za-z0-9_-]{1,64}\.pem")

_CHALLENGE = re.compile(r"[A-Za-z0-9-]{1,200}")


class Event(msgspec.Struct, frozen=True):
    """What tells one event from another, and for whose project it is. CloudEvents allow no _ in such a word."""

    event_id: str = ""
    id: str = ""
    recipient_client_id: str = ""
    recipientclientid: str = ""


def received(knock: Knock, keys: Keys) -> Delivery:
    """Prove the event; raise BadSignature, or KeyWanted where Adobe's key must be fetched first."""
    signed = list(_signed(knock))
    if not keys.adobe.client_id or not signed:
        raise BadSignature("events of Adobe are not expected here")
    known = {each.path: rsa.key(each.pem) for each in keys.adobe.learned if _holds(each.until, knock.at)}
    good = any(path in known and rsa.signed(said, knock.body, known[path]) for path, said in signed)
    # Both, for the first may be a key that Adobe has taken away.
    wanted = [path for path, _ in signed if path not in known]
    if not good and not wanted:
        raise BadSignature("not made with a key of Adobe's")
    events = _events(knock.body)
    if not events or any(_client(event) != keys.adobe.client_id for event in events):
        raise BadSignature("not for this merchant's project")
    if not good:
        raise KeyWanted(*wanted)
    return Delivery(id=_id(events, knock.body), topic=TOPIC, body=knock.body)


def challenge(words: str, keys: Keys) -> str | None:
    """Return what Adobe asks to hear when the merchant registers our address; None where no events are expected."""
    return words if keys.adobe.client_id and _CHALLENGE.fullmatch(words) else None


def _signed(knock: Knock) -> Iterator[tuple[str, bytes]]:
    for signature, place in HEADERS:
        path = knock.headers.get(place, "")
        if PATH.fullmatch(path) and signature in knock.headers:
            yield path, proof.header(knock.headers[signature])


def _holds(until: int, now: datetime) -> bool:
    return now.timestamp() < until


def _events(body: bytes) -> list[Event]:
    try:
        said = msgspec.json.decode(body, type=Event | list[Event])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    return said if isinstance(said, list) else [said]


def _client(event: Event) -> str:
    return event.recipient_client_id or event.recipientclientid


def _id(events: list[Event], body: bytes) -> str:
    # Of a batch, or an event without a number, the body says whether it came before.
    named = events[0].event_id or events[0].id if len(events) == 1 else ""
    return named if 0 < len(named) <= 100 and named.isascii() else hashlib.sha256(body).hexdigest()
