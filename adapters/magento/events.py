"""What is said of a shop's asynchronous events: how our subscriptions stand, and whether the merchant wants any."""

from collections.abc import Mapping
from typing import assert_never

import msgspec

from connector.port import Choice, Refused

from . import rights, subscriptions
from .keys import Events, Keys
from .subscriptions import Broken, Denied, Found, Missing, There
from .texts_events import CHOICE, NOTES

KEY = "async_events"
_OPTIONS = ("yes", "no")


class Report(msgspec.Struct, frozen=True):
    """Events that should come and do not; ones that come twice or elsewhere; notes for the merchant, in each language."""

    missing: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    notes: tuple[Mapping[str, str], ...] = ()


def report(found: Found, door: str, shop: str, events: Events) -> Report:
    """Say how the subscriptions of the shop at this address stand; nothing is said of a module that is not there."""
    match found:
        case Missing():
            return Report()
        case Denied(right=right):
            where = rights.OF_EVENTS.get(right, right)
            return Report(notes=() if events.left else (_note("denied", right=right, where=where),))
        case Broken():
            # Until something was made there, nobody has asked for it.
            return Report(notes=(_note("broken"),) if events.token and not events.left else ())
        case There(rows=rows):
            return _stands(rows, door, shop, events)
    assert_never(found)


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
    names = tuple(dict.fromkeys(row.event_name for row in plan.end))
    awaited = (*plan.make, *(row.event_name for row in plan.wake))
    return Report(awaited, names, (_note("off", names=", ".join(plan.off)),) if plan.off else ())


def _note(name: str, **words: str) -> Mapping[str, str]:
    return {language: said[name].format(**words) for language, said in NOTES.items()}
