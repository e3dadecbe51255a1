"""Local days. A shop lives by its own clock, so holds and expiries end at the start of a local day."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_zone = lru_cache(maxsize=None)(ZoneInfo)


def local(moment: datetime, zone: str) -> date:
    """Return the date that the clocks of the zone (IANA name) show at this moment."""
    return moment.astimezone(_zone(zone)).date()


@lru_cache(maxsize=65_536)
def start(day: date, zone: str) -> datetime:
    """Return the first moment, in UTC, at which the zone's date is `day` (or later, where the day was skipped)."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=_zone(zone))
    moment = midnight.astimezone(UTC)
    if moment.astimezone(_zone(zone)).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return moment
    # Where clocks jump over midnight (Cairo, Beirut, Santiago) there is no 00:00: the day starts at the jump.
    return _jump(midnight.replace(fold=1).astimezone(UTC), moment, day, zone)


def later(day: date, days: int, zone: str) -> datetime:
    """Return the start of the local day that comes `days` after `day`."""
    return start(day + timedelta(days), zone)


@lru_cache(maxsize=65_536)
def add_months(day: date, months: int) -> date:
    """Return the same day `months` later (earlier when negative), clipped to the end of that month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    last = 29 if month == 1 and _leap(year) else _DAYS[month]
    return date(year, month + 1, min(day.day, last))


def end_after_months(day: date, months: int, zone: str) -> datetime:
    """Return the moment at which the local day `months` after `day` is over."""
    return later(add_months(day, months), 1, zone)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _jump(before: datetime, after: datetime, day: date, zone: str) -> datetime:
    """Return the first second in (before, after] whose local date is `day` or later."""
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if local(datetime.fromtimestamp(middle, UTC), zone) < day:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)
