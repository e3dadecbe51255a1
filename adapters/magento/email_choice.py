"""The merchant's word on whether the shop has new and changed addresses confirmed by mail; no call tells both settings."""

from connector.port import Choice, Refused

from .client import Client
from .confirmations import contradicted
from .texts import CHOICES, NOT_CONFIRMED

KEY = "confirms_email"
_OPTIONS = ("no", "yes")


def offered(confirms: bool, language: str) -> tuple[Choice, ...]:
    """Return the choice in one language."""
    say = CHOICES.get(language, CHOICES["en"])
    options = tuple((value, say[value]) for value in _OPTIONS)
    return (Choice(KEY, say[f"{KEY}_title"], say[f"{KEY}_hint"], False, options, (_OPTIONS[confirms],)),)


def value(values: tuple[str, ...], client: Client) -> bool:
    """Return what was chosen; raise Refused where it is none of the options, or Magento says otherwise."""
    if len(values) != 1 or values[0] not in _OPTIONS:
        raise Refused("Choose one of what is offered.")
    if values == ("yes",) and (names := contradicted(client)):
        raise Refused(f"The shop says that nobody has to confirm an address on: {names}.")
    return values == ("yes",)


def faults(confirms: bool, client: Client) -> tuple[dict[str, str], ...]:
    """Return what contradicts a yes, and what to do, in each language."""
    names = contradicted(client) if confirms else ""
    return (
        ({language: text.format(names=names) for language, text in NOT_CONFIRMED.items()},) if names else ()
    )
