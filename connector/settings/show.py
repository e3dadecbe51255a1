"""How figures, amounts and moments are written on the pages, in the page's language."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta, get_timezone_location
from babel.numbers import format_currency, format_decimal
from markupsafe import Markup, escape

from connector.insight.shares import Share
from connector.money import plain
from connector.settings.tongue import _, language, locale

_JUST_NOW = timedelta(seconds=5)
_PLACE = re.compile(r"(?<!\S)/[a-z]+/allow\?shop=[\w.-]*\w")


def money(minor: int, currency: str) -> str:
    """Write minor units with their currency: 1999, EUR is "€19.99" in English and "€ 19,99" in Dutch."""
    return str(format_currency(Decimal(plain(minor, currency)), currency, locale=locale()))


def whole_money(minor: int, currency: str) -> str:
    """Write an amount for an axis, without its smallest unit: 1200000, EUR is "€12,000" in English."""
    return str(
        format_currency(
            Decimal(plain(minor, currency)), currency, locale=locale(), currency_digits=False, format="¤#,##0"
        )
    )


def short_day(one: date) -> str:
    """Write a day without its year, for under a line."""
    return str(format_date(one, "d MMM", locale=locale())).rstrip(".")


def amount(minor: int, currency: str) -> str:
    """Write minor units as one types them: a decimal comma in Dutch, a point in English, nothing else."""
    text = plain(minor, currency)
    return text.replace(".", ",") if language() == "nl" else text


def number(figure: int) -> str:
    """Write a whole number with its thousands apart."""
    return str(format_decimal(figure, locale=locale()))


def signed(figure: int) -> str:
    """Write points with their sign, a true minus for what was taken."""
    return f"+{number(figure)}" if figure > 0 else number(figure).replace("-", "−")


def hundredths(figure: int) -> str:
    """Write hundredths with two decimals: 296 is "2.96"."""
    return str(format_decimal(Decimal(figure) / 100, format="0.00", locale=locale()))


def percent(share: Share) -> str:
    """Write a share in per cent with one decimal, rounded once."""
    tenths = Decimal(share.tenths_of_percent) / 10
    return f"{format_decimal(tenths, format='#,##0.0', locale=locale())} %".replace("-", "−")


def day(moment: datetime | date, zone: str) -> str:
    """Write the date that clocks of the zone show."""
    local = moment.astimezone(ZoneInfo(zone)).date() if isinstance(moment, datetime) else moment
    return str(format_date(local, "d MMM y", locale=locale()))


def last_day(end: datetime, zone: str) -> str:
    """Write the last date before an end: what ends as Tuesday begins can be used until Monday."""
    return day(end - timedelta(seconds=1), zone)


def clock(moment: datetime, zone: str) -> str:
    """Write date and time as clocks of the zone show them."""
    return str(format_datetime(moment.astimezone(ZoneInfo(zone)), "d MMM y, HH:mm", locale=locale()))


def city(zone: str) -> str:
    """Name a time zone by its city, in the page's language: "London", "Londen"."""
    return str(get_timezone_location(zone, locale=locale(), return_city=True)).rpartition("/")[2]


def month(first: date) -> str:
    """Write a month in short."""
    return str(format_date(first, "LLL y", locale=locale()))


def short_month(first: date) -> str:
    """Write a month's name alone, for under a bar."""
    return str(format_date(first, "LLL", locale=locale())).rstrip(".")


def ago(moment: datetime, now: datetime) -> str:
    """Write how long ago, or in how long."""
    if abs(moment - now) < _JUST_NOW:
        return _("just now")
    return str(format_timedelta(moment - now, threshold=1, add_direction=True, locale=locale()))


def span(length: timedelta) -> str:
    """Write a length of time: "3 minutes"."""
    return str(format_timedelta(length, threshold=1.2, locale=locale()))


def linked(text: str) -> Markup:
    """Return a sentence in which an install page of ours, where one is named, can be followed."""
    found = _PLACE.search(text)
    if found is None:
        return escape(text)
    before, place, after = text[: found.start()], found[0], text[found.end() :]
    return Markup('{}<a href="{}">{}</a>{}').format(before, place, place, after)


FILTERS: dict[str, Callable[..., str]] = {
    "money": money,
    "whole_money": whole_money,
    "short_day": short_day,
    "amount": amount,
    "number": number,
    "signed": signed,
    "hundredths": hundredths,
    "percent": percent,
    "day": day,
    "last_day": last_day,
    "clock": clock,
    "city": city,
    "month": month,
    "short_month": short_month,
    "ago": ago,
    "linked": linked,
    "span": span,
}
