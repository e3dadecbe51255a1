"""What was typed into a form, kept as it was typed, with what is wrong beside each field."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec

from connector.money import NotMoney, exponent, parse
from connector.settings.tongue import _

Word = TypeVar("Word", bound=str)
_NUMBER = re.compile(r"[+-]?\d{1,12}")
# No "1e999999": it is one line to type and fills the memory.
_DECIMAL = re.compile(r"[+-]?(\d{1,12}([.,]\d{0,12})?|[.,]\d{1,12})")


class Wrong(msgspec.Struct, frozen=True):
    """One field that cannot stay as it is. `text` says how to mend it; a warning may stay."""

    field: str
    text: str
    warning: bool = False


class Form(msgspec.Struct, frozen=True):
    """The values by field name, as typed, and what is wrong with them."""

    values: Mapping[str, str] = {}
    wrongs: tuple[Wrong, ...] = ()

    def value(self, name: str) -> str:
        """Return what stands in the field."""
        return self.values.get(name, "")

    def error(self, name: str) -> str:
        """Return what is wrong with the field; empty when nothing is."""
        return " ".join(wrong.text for wrong in self.errors if wrong.field == name)

    def warning(self, name: str) -> str:
        """Return what may stay in the field, but is seldom meant."""
        return " ".join(wrong.text for wrong in self.warnings if wrong.field == name)

    def rows(self, prefix: str) -> range:
        """Return the numbers of the rows whose fields are called `<prefix>.<number>.<name>`."""
        return range(1 + max((row for row in _rows(self.values, prefix)), default=-1))

    @property
    def errors(self) -> tuple[Wrong, ...]:
        """What must be mended before anything is kept."""
        return tuple(wrong for wrong in self.wrongs if not wrong.warning)

    @property
    def warnings(self) -> tuple[Wrong, ...]:
        """What is allowed but seldom meant."""
        return tuple(wrong for wrong in self.wrongs if wrong.warning)


class Refused(ValueError):
    """A value that cannot be read; the text says how to write it."""


def choice(text: str, offered: Sequence[Word]) -> Word:
    """Read one of the words that a list offers; raise Refused."""
    for word in offered:
        if word == text:
            return word
    raise Refused(_("Choose one of those that are offered."))


def whole(text: str) -> int:
    """Read a whole number; raise Refused."""
    bare = re.sub(r"[\s\u00a0]", "", text)
    if not _NUMBER.fullmatch(bare):
        raise Refused(_("Write a whole number, such as 14."))
    return int(bare)


def amount(text: str, currency: str) -> int:
    """Read an amount typed with a point or a comma as minor units; raise Refused."""
    try:
        return parse(point(text, exponent(currency)), currency)
    except NotMoney as error:
        if exponent(currency):
            raise Refused(
                _("Write an amount in %(currency)s, such as 12.50 or 12,50.", currency=currency)
            ) from error
        raise Refused(_("Write a whole amount in %(currency)s, such as 1250.", currency=currency)) from error


def percentage(text: str) -> int:
    """Read per cents with at most two decimals as hundredths of a per cent; raise Refused."""
    try:
        return parse(point(text.replace("%", ""), 2), "EUR")
    except NotMoney as error:
        raise Refused(_("Write a percentage, such as 10 or 7.5.")) from error


def decimal(text: str) -> Decimal:
    """Read a decimal number typed with a point or a comma; raise Refused."""
    bare = text.strip()
    if not _DECIMAL.fullmatch(bare):
        raise Refused(_("Write a number, such as 0.92."))
    return Decimal(bare.replace(",", "."))


def point(text: str, places: int) -> str:
    """Return the text with a decimal point and without thousands; what it cannot mean for sure stays unreadable.

    "1.250" is 1250 to a Dutch reader and 1.25 to an English one: with fewer than three decimals it is refused.
    """
    bare = re.sub(r"[\s\u00a0\u202f]", "", text)
    last = max(bare.rfind(","), bare.rfind("."))
    if last < 0:
        return bare
    whole_part, decimals = bare[:last], bare[last + 1 :]
    if len(decimals) == 3 and places < 3 and not re.search("[.,]", whole_part):
        return "?"
    if bare[last] in whole_part:  # the same sign twice parts thousands: 1.250.000
        return re.sub("[.,]", "", bare) if len(decimals) == 3 else "?"
    return f"{re.sub('[.,]', '', whole_part)}.{decimals}"


def add_row(values: Mapping[str, str], prefix: str, new: Mapping[str, str]) -> dict[str, str]:
    """Return the values with one more row of these fields."""
    number = len(_rows(values, prefix))
    return {
        **_renumbered(values, prefix, None),
        **{f"{prefix}.{number}.{name}": text for name, text in new.items()},
    }


def remove_row(values: Mapping[str, str], prefix: str, number: int) -> dict[str, str]:
    """Return the values without this row; later rows move up."""
    return _renumbered(values, prefix, number)


def _rows(values: Mapping[str, str], prefix: str) -> list[int]:
    pattern = re.compile(rf"{re.escape(prefix)}\.(\d{{1,3}})\.")
    return sorted({int(found[1]) for name in values if (found := pattern.match(name))})


def _renumbered(values: Mapping[str, str], prefix: str, without: int | None) -> dict[str, str]:
    kept = [row for row in _rows(values, prefix) if row != without]
    renumbered = {name: text for name, text in values.items() if not name.startswith(f"{prefix}.")}
    for new, old in enumerate(kept):
        start = f"{prefix}.{old}."
        for name, text in values.items():
            if name.startswith(start):
                renumbered[f"{prefix}.{new}.{name.removeprefix(start)}"] = text
    return renumbered
