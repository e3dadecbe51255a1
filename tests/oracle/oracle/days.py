"""Local days, found by walking: no cleverness about offsets, so none can be wrong in the same way as elsewhere."""

import calendar
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo


@cache
def moment(text: str | None) -> datetime | None:
    """Read an ISO moment as UTC; None stays None."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def local_day(when: datetime, zone: str) -> date:
    """The date that people in the zone have on the wall at that moment."""
    return when.astimezone(ZoneInfo(zone)).date()


@cache
def start_of(day: date, zone: str) -> datetime:
    """The first quarter of an hour whose local date is the day, or later where the day was left out."""
    when = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=30)
    while local_day(when, zone) < day:
        when += timedelta(minutes=15)
    return when


def some_days_later(day: date, days: int) -> date:
    """One day at a time."""
    for _ in range(days):
        day += timedelta(days=1)
    return day


@cache
def some_months_later(day: date, months: int) -> date:
    """The same day of the month, month by month; a month that is too short gives its last day."""
    year, month = day.year, day.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        if month == 0:
            year, month = year - 1, 12
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


@cache
def end_after(day: date, zone: str, *, months: int = 0, days: int = 0) -> datetime:
    """The end of the local day that lies so many months and then days behind `day`."""
    last = some_days_later(some_months_later(day, months), days)
    return start_of(last + timedelta(days=1), zone)
