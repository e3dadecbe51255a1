"""Money as integers: parsed at one border, written at the other. The only rounding in the house."""

import re
from functools import lru_cache

import msgspec

# ISO 4217 currencies whose minor unit is not a hundredth; everything else has two decimals.
_WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
_EXPONENTS = dict.fromkeys(_WHOLE.split(), 0) | dict.fromkeys(_THOUSANDTHS.split(), 3)
_AMOUNT = re.compile(r"(-?)(\d{1,15})(?:\.(\d{1,12}))?")


class NotMoney(ValueError):
    """The text is no amount of this currency."""


class Money(msgspec.Struct, frozen=True):
    """An exact amount: `minor` counts the currency's smallest unit (cents, yen, fils)."""

    minor: int
    currency: str

    def __str__(self) -> str:
        return f"{plain(self.minor, self.currency)} {self.currency}"


def exponent(currency: str) -> int:
    """Return how many decimals the currency has (ISO 4217): EUR 2, JPY 0, KWD 3."""
    return _EXPONENTS.get(currency, 2)


@lru_cache(maxsize=1 << 13)  # prices repeat
def parse(text: str, currency: str) -> int:
    """Read a decimal text such as "19.99" as minor units; raise NotMoney when it is none.

    Platforms pad with zeros ("10.0000"); digits beyond the currency's exponent that are not zero are refused,
    because dropping them would lose money without a word.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise NotMoney(f"{text!r} is no amount; write it like 19.99")
    sign, whole, decimals = match[1], match[2], match[3] or ""
    places = exponent(currency)
    if decimals[places:].strip("0"):
        raise NotMoney(f"{text!r} has more decimals than {currency} knows ({places})")
    minor = int(whole + decimals[:places].ljust(places, "0"))
    return -minor if sign else minor


def plain(minor: int, currency: str) -> str:
    """Write minor units as a decimal text with a point: 1999, EUR -> "19.99"."""
    places = exponent(currency)
    sign, digits = "-" if minor < 0 else "", str(abs(minor)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else sign + digits


def allocate(amount: int, weights: list[int]) -> list[int]:
    """Split `amount` over non-negative weights so that the parts add up to it exactly (largest remainder)."""
    total = sum(weights)
    if total <= 0:
        raise ValueError("weights must add up to more than zero")
    sign, size = (-1, -amount) if amount < 0 else (1, amount)
    parts = [size * weight // total for weight in weights]
    left = size - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(size * weights[i] % total), i))
    for i in by_remainder[:left]:
        parts[i] += 1
    return [sign * part for part in parts]


def portion(amount: int, numerator: int, denominator: int) -> int:
    """Return amount x numerator / denominator, rounded down once. All three are non-negative."""
    return amount * numerator // denominator
