"""The merchant's word on whether the shop has new and changed addresses confirmed by mail; no call tells both settings."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from connector.port import Choice, Refused

from .client import Client
from .confirmations import contradicted
from .keys import Keys
from .texts import CHOICES, DOUBTED, NOT_CONFIRMED

KEY = "confirms_email"
# Seconds for all websites together: a page of the merchant's waits ten for everything that it asks of the shop.
GLANCE = 3.0
CHOOSING = 7.0
BY_NIGHT = 120.0
_OPTIONS = ("no", "yes")


def offered(confirms: bool, language: str) -> tuple[Choice, ...]:
    """Return the choice in one language."""
    say = CHOICES.get(language, CHOICES["en"])
    options = tuple((value, say[value]) for value in _OPTIONS)
    return (Choice(KEY, say[f"{KEY}_title"], say[f"{KEY}_hint"], False, options, (_OPTIONS[confirms],)),)


def chosen(values: tuple[str, ...], client: Client) -> Callable[[Keys], Keys]:
    """Return what was chosen as a change of the keys; raise Refused where it is no option, or Magento says otherwise.

    A yes is doubted where a website was not heard: no answer is no proof.
    """
    if len(values) != 1 or values[0] not in _OPTIONS:
        raise Refused("Choose one of what is offered.")
    if values == ("no",):
        return lambda kept: replace(kept, confirms_email=False, doubted=False)
    heard = contradicted(client)
    if heard.names:
        raise Refused(f"The shop says that nobody has to confirm an address on: {heard.names}.")
    return lambda kept: replace(kept, confirms_email=True, doubted=heard.missed is not None)


def look(client: Client, keep: Callable[[Callable[[Keys], Keys]], Keys]) -> None:
    """Look whether a yes still holds, and keep what came of it; where a website was not heard, a doubt stays as it was."""
    heard = contradicted(client)
    if heard.names or heard.missed is None:
        keep(lambda kept: replace(kept, doubted=kept.confirms_email and bool(heard.names)))


def faults(kept: Keys, client: Client) -> tuple[Mapping[str, str], ...]:
    """Return what contradicts a yes, and what to do, in each language."""
    names = contradicted(client).names if kept.confirms_email else ""
    if names:
        return ({language: text.format(names=names) for language, text in NOT_CONFIRMED.items()},)
    return (DOUBTED,) if kept.doubted else ()
