"""The merchant's word on whether the shop has new and changed addresses confirmed by mail; no call of Magento's tells it."""

from connector.port import Choice, Refused

from .texts import CHOICES

KEY = "confirms_email"
_OPTIONS = ("no", "yes")


def offered(confirms: bool, language: str) -> tuple[Choice, ...]:
    """Return the choice in one language."""
    say = CHOICES.get(language, CHOICES["en"])
    options = tuple((value, say[value]) for value in _OPTIONS)
    return (Choice(KEY, say[f"{KEY}_title"], say[f"{KEY}_hint"], False, options, (_OPTIONS[confirms],)),)


def value(values: tuple[str, ...]) -> bool:
    """Return what was chosen; raise Refused where it is none of the options."""
    if len(values) != 1 or values[0] not in _OPTIONS:
        raise Refused("Choose one of what is offered.")
    return values == ("yes",)
