"""Subscriptions to the asynchronous events of Mage-OS (once Aligent's), made over REST in shops that have that module.

Its routes make a subscription and switch one on or off. None takes one away, none shows or changes the token that one
signs with, and none minds a second one of the same kind. So ours bear a word made of their token behind their address:
the list alone tells which are ours, and what each of them signs with. Read in the source of its versions 2 to 4.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from connector.port import OutcomeUnknown, Refused, TryLater

from . import answers, keys, walk
from .client import Client
from .keys import Events, Keys

T = TypeVar("T")
Keep = Callable[[Callable[[Keys], Keys]], Keys]

# The first seven as Mage-OS's module of common events names them, the others as Aligent's of default ones. Any name can be
# subscribed to: one that the shop does not know stays silent. What is refunded in part moves no order's state.
EVENTS = (
    "sales.order.created",
    "sales.order.updated",
    "sales.invoice.paid",
    "sales.shipment.created",
    "sales.creditmemo.created",
    "customer.created",
    "customer.updated",
    "sales.order.saved",
    "sales.shipment.saved",
    "customer.saved",
)
LIST = walk.List("async_events", "subscription_id")
LONGEST = 255  # characters of an address; older versions cut the rest off without a word
_ASKED = "?subscription="


class Subscription(msgspec.Struct, frozen=True):
    """One of the shop's subscriptions, whoever made it. Its token is not shown."""

    subscription_id: int
    event_name: str = ""
    recipient_url: str = ""
    status: bool = False


class There(msgspec.Struct, frozen=True):
    """The shop has the module, and shows us its subscriptions."""

    rows: tuple[Subscription, ...]


class Missing(msgspec.Struct, frozen=True):
    """The shop does not have the module."""


class Denied(msgspec.Struct, frozen=True):
    """The shop has the module, and the integration lacks this right to it."""

    right: str


class Broken(msgspec.Struct, frozen=True):
    """Nobody can tell: the routes of the module fail, or something in between answers in their place."""


Found = There | Missing | Denied | Broken


class Plan(msgspec.Struct, frozen=True):
    """What is to be done. `stand`: events that come; `off`: ones whose subscription somebody switched off in the shop."""

    stand: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    make: tuple[str, ...] = ()
    wake: tuple[Subscription, ...] = ()
    end: tuple[Subscription, ...] = ()


def look(client: Client) -> Found:
    """Ask the shop for its subscriptions; raise Unauthorized where the keys are dead."""
    try:
        pages = walk.by_id(client, LIST, Subscription, lambda row: row.subscription_id)
        return There(tuple(row for page in pages for row in page.rows))
    except answers.Gone:
        return Missing()
    except answers.Denied as error:
        return Denied(error.resources)
    except (Refused, TryLater):
        return Broken()


def recipient(door: str, token: str) -> str:
    """Return the address for messages that are signed with this token. `door` ends with the shop's key."""
    return f"{door}{_ASKED}{_mark(token)}"


def fits(door: str, shop: str) -> bool:
    """Tell whether the shop may send people's orders there: in the clear only where the shop itself is in the clear."""
    return (door.startswith("https://") or shop.startswith("http://")) and len(recipient(door, "")) <= LONGEST


def plan(rows: Iterable[Subscription], door: str, events: Events) -> Plan:
    """Say what is missing and what is too much for each event to come here once, signed with the token of now.

    What somebody switched off in the shop stays off, unless `revive`; what is gone is made anew. What we ended ourselves,
    for one at another address or of another token that is still on, is woken where that is wanted again. Where the merchant
    wants it left alone, ours are ended. What others made is not looked at, this shop's own under the bare address included.
    """
    mine = [row for row in rows if is_ours(row.recipient_url, door, events)]
    if events.left:
        return Plan(end=tuple(row for row in mine if row.status))
    here = recipient(door, events.token)
    groups = {
        name: [row for row in mine if (row.event_name, row.recipient_url) == (name, here)] for name in EVENTS
    }
    # The one with the lowest number stays, whoever looks: two workers that made one each agree on it.
    on = {name: min(found, key=_number) for name, rows in groups.items() if (found := _on(rows))}
    asleep = {name: min(rows, key=_number) for name, rows in groups.items() if rows and name not in on}
    succeeded = {row.event_name for row in _on(mine) if row.recipient_url != here}
    wake = {name: row for name, row in asleep.items() if events.revive or name in succeeded}
    return Plan(
        stand=tuple(on),
        off=tuple(name for name in asleep if name not in wake),
        make=tuple(name for name, rows in groups.items() if not rows),
        wake=tuple(wake.values()),
        end=tuple(row for row in _on(mine) if row not in on.values()),
    )


def is_ours(address: str, door: str, events: Events) -> bool:
    """Tell whether Comeback itself made something with this address, now or before."""
    # Behind our present address nobody else stands; of one that Comeback had before, the token tells.
    tokens = (events.token, *(each.secret for each in events.old))
    tails = tuple(f"/{recipient(door.rpartition('/')[2], token)}" for token in tokens if token)
    return address.startswith(f"{door}{_ASKED}") or address.endswith(tails)


def subscribe(client: Client, door: str, keep: Keep) -> tuple[str, ...]:
    """Have each event come here once, where the shop has the module and the merchant wants it; return those that come.

    What fails keeps nothing else of the shop from going on: the module may be broken where the shop is not. Whoever looks
    at the shop's page, or the night, tries again. Raises Unauthorized.
    """
    seen = look(client)
    if not isinstance(seen, There):
        return ()
    # Kept before anything is made: what was made is known by it again, also where its answer was lost.
    token = keys.fresh_secret()
    events = keep(lambda kept: keys.with_first_token(kept, token)).events
    try:
        done = _carry_out(client, seen.rows, door, events)
    except (TryLater, OutcomeUnknown):
        return ()
    if events.revive and done.woken:
        keep(keys.revived)
    return done.stand


def end(client: Client, door: str, events: Events) -> None:
    """Switch off all of ours, as far as the shop still lets us; raise Unauthorized."""
    seen = look(client)
    if isinstance(seen, There):
        with contextlib.suppress(TryLater, OutcomeUnknown):
            _carry_out(client, seen.rows, door, msgspec.structs.replace(events, left=True))


class _Done(msgspec.Struct, frozen=True):
    """Events that come, and whether nothing is left to be switched on again."""

    stand: tuple[str, ...] = ()
    woken: bool = False


def _carry_out(client: Client, rows: tuple[Subscription, ...], door: str, events: Events) -> _Done:
    todo = plan(rows, door, events)
    _each(todo.make, lambda name: _make(client, name, door, events))
    # Another worker may have made the same at the same moment.
    seen = look(client) if todo.make else There(rows)
    if not isinstance(seen, There):
        return _Done()
    todo = plan(seen.rows, door, events)
    woken = _each(todo.wake, lambda row: _switch(client, row, on=True))
    stand = *todo.stand, *(row.event_name for row in woken)
    # Only now, and each for itself: a shop that refused the new one of an event keeps the old.
    kept = set() if events.left else set(EVENTS).difference(stand)
    ended = tuple(row for row in todo.end if row.event_name not in kept)
    _each(ended, lambda row: _switch(client, row, on=False))
    return _Done(stand, woken == todo.wake)


def _make(client: Client, name: str, door: str, events: Events) -> None:
    said = {
        "event_name": name,
        "recipient_url": recipient(door, events.token),
        "verification_token": events.token,
        "metadata": "http",
    }
    client.send("POST", "async_event", {"asyncEvent": said}, Subscription)


def _switch(client: Client, row: Subscription, *, on: bool) -> None:
    # Without its number in the body some versions make another one; without its name others fail.
    said = {"subscription_id": row.subscription_id, "event_name": row.event_name, "status": on}
    client.send("PUT", f"async_event/{row.subscription_id}", {"asyncEvent": said}, Subscription)


def _each(things: tuple[T, ...], work: Callable[[T], None]) -> tuple[T, ...]:
    """Do the work on each and return those that were done; one that the shop refuses keeps no other from it.

    An event may want a right of its own.
    """
    done = []
    for thing in things:
        with contextlib.suppress(Refused):
            work(thing)
            done.append(thing)
    return tuple(done)


def _mark(token: str) -> str:
    return hashlib.sha256(f"subscription {token}".encode()).hexdigest()[:12]


def _on(rows: Iterable[Subscription]) -> list[Subscription]:
    return [row for row in rows if row.status]


def _number(row: Subscription) -> int:
    return row.subscription_id
