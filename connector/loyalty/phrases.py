"""Figures in words: money, points, days and dates as each language writes them."""

from datetime import date

from connector.loyalty.texts import TEXTS
from connector.money import exponent, plain


class Phrases:
    """One language's way of saying things; English where the language is not ours."""

    def __init__(self, language: str) -> None:
        self._texts = TEXTS.get(language, TEXTS["en"])

    def say(self, key: str, *values: object, **named: object) -> str:
        return self._texts[key].format(*values, **named)

    def count(self, key: str, n: int) -> str:
        """Return the text in its form for this number: "1 point", "2 points"."""
        one, other = self._texts[key].split("|")
        return (one if n == 1 else other).format(n=n)

    def points(self, n: int) -> str:
        return self.count("points", n)

    def days(self, n: int) -> str:
        return self.count("days_count", n)

    def months(self, n: int) -> str:
        return self.count("months_count", n)

    def also(self, parts: list[str]) -> str:
        """Return "30 days, 14 days and 7 days"; at least one part in."""
        *first, last = parts
        return f"{', '.join(first)} {self._texts['and']} {last}" if first else last

    def money(self, minor: int, currency: str) -> str:
        """Return "EUR 55.00"; minor units in."""
        return f"{currency} {self._decimal(plain(minor, currency))}"

    def percentage(self, hundredths: int) -> str:
        """Return "12.5 %" for 1250."""
        whole, rest = divmod(hundredths, 100)
        return f"{self._decimal(_short(str(whole), f'{rest:02}', 0))} %"

    def rate(self, rate: int, currency: str, into: str) -> tuple[str, str]:
        """Return one whole unit of `currency` and, in every digit, what it is worth in `into` (rates are millionths)."""
        places = exponent(into)
        worth = str(rate * 10 ** exponent(currency)).rjust(places + 7, "0")
        whole, decimals = worth[: -places - 6], worth[-places - 6 :]
        one = self.money(10 ** exponent(currency), currency)
        return one, f"{into} {self._decimal(_short(whole, decimals, places))}"

    def date(self, day: date) -> str:
        month = self._texts["months"].split()[day.month - 1]
        return self.say("date", day=day.day, month=month, year=day.year)

    def _decimal(self, text: str) -> str:
        return text.replace(".", self._texts["decimal"])


def _short(whole: str, decimals: str, at_least: int) -> str:
    """Join the digits with a point, without zeros at the end beyond the decimals there must be."""
    kept = decimals[:at_least] + decimals[at_least:].rstrip("0")
    return f"{whole}.{kept}" if kept else whole
