"""What is said of a shop's modules that tell of changes: how our subscriptions and our own module stand; the choice."""

from collections.abc import Mapping
from typing import assert_never

import msgspec

from connector.port import Choice, Refused

from . import messages, rights, subscriptions
from .client import Client
from .keys import Events, Keys
from .subscriptions import Broken, Denied, Found, Missing, There
from .texts_events import CHOICE, NOTES

KEY = "async_events"
MODULE = "Comeback_Loyalty"  # as Magento calls our own module
_OPTIONS = ("yes", "no")
_LONGEST = 300  # characters of a word that is shown


class Report(msgspec.Struct, frozen=True):
    """Events that should come and do not; ones that come twice or elsewhere; notes for the merchant, in each language."""

    missing: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    notes: tuple[Mapping[str, str], ...] = ()


def stands(client: Client, door: str, shop: str, events: Events) -> Report:
    """Look how all of it stands in the shop at this address; raise Unauthorized."""
    first = report(subscriptions.look(client), door, shop, events)
    if not subscriptions.fits(door, shop):
        return first
    second = of_module(messages.look(client, door, events))
    return Report(first.missing + second.missing, first.strays, first.notes + second.notes)


def report(found: Found, door: str, shop: str, events: Events) -> Report:
    """Say how the subscriptions of the shop at this address stand; nothing is said of a module that is not there."""
    match found:
        case Missing():
            return Report()
        case Denied(right=right):
            where = rights.OF_MODULES.get(right, right)
            return Report(notes=() if events.left else (_note("denied", right=right, where=where),))
        case Broken():
            # Until something was made there, nobody has asked for it.
            return Report(notes=(_note("broken"),) if events.token and not events.left else ())
        case There(rows=rows):
            return _stands(rows, door, shop, events)
    assert_never(found)


def of_module(found: messages.Found | Denied) -> Report:
    """Say how our own module stands; nothing is said of one that is not there, or that sends its messages here."""
    if isinstance(found, Denied):
        where = rights.OF_MODULES.get(found.right, found.right)
        return Report(notes=(_note("module_denied", right=found.right, where=where),))
    match found.standing:
        case "absent" | "ours" | "by_hand":
            return Report()
        case "to_be_set":
            return Report(missing=(MODULE,))
        case "elsewhere":
            return Report(notes=(_note("module_elsewhere", address=found.address),))
    assert_never(found.standing)


def offered(found: Found, events: Events, language: str) -> tuple[Choice, ...]:
    """Return the choice in one language, where there is anything to choose."""
    if not isinstance(found, There) and not events.left:
        return ()
    say = CHOICE.get(language, CHOICE["en"])
    options = tuple((value, say[value]) for value in _OPTIONS)
    return (Choice(KEY, say["title"], say["hint"], False, options, (_OPTIONS[events.left],)),)


def chosen(keys: Keys, values: tuple[str, ...]) -> Keys:
    """Return the keys with what was chosen; raise Refused where it is none of the options."""
    if len(values) != 1 or values[0] not in _OPTIONS:
        raise Refused("Choose one of what is offered.")
    wanted = values == ("yes",)
    events = msgspec.structs.replace(keys.events, left=not wanted, revive=wanted)
    return msgspec.structs.replace(keys, events=events)


def _stands(rows: tuple[subscriptions.Subscription, ...], door: str, shop: str, events: Events) -> Report:
    if not subscriptions.fits(door, shop) and not events.left:
        return Report(notes=(_note("in_the_clear"),))
    plan = subscriptions.plan(rows, door, events)
    known = (row.event_name if row.event_name in subscriptions.EVENTS else "other events" for row in plan.end)
    names = tuple(dict.fromkeys(known))
    awaited = (*plan.make, *(row.event_name for row in plan.wake))
    return Report(awaited, names, (_note("off", names=", ".join(plan.off)),) if plan.off else ())


def _note(name: str, **words: str) -> Mapping[str, str]:
    # Some of the words are the shop's own, and are shown on a page and in a terminal.
    shown = {key: "".join(filter(str.isprintable, text[:_LONGEST])) for key, text in words.items()}
    return {language: said[name].format(**shown) for language, said in NOTES.items()}
