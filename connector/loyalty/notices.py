"""Notices: so long before points end, the log says how many. Written once each, whenever they are found out."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from connector.loyalty.calendar import later, local
from connector.loyalty.facts import Notice
from connector.loyalty.lots import Purse, Reminder, Reminders
from connector.loyalty.terms import Version
from connector.loyalty.versions import spans


def reminders(zones: Mapping[str, str], versions: tuple[Version, ...]) -> Reminders:
    """Return what tells the reminders of a lot; `zones`: by source, whose clock its end follows."""

    def of_lot(source: str, ends_at: datetime) -> Iterator[Reminder]:
        # Each by the version in force at its own moment, so that a later version changes no notice of the past.
        for version, until in spans(versions):
            for reminder in _before(ends_at, zones[source], version.terms.notice_days):
                if version.starts_at <= reminder.moment and (until is None or reminder.moment < until):
                    yield reminder

    return of_lot


def missing(purse: Purse, written: frozenset[str]) -> tuple[Notice, ...]:
    """Return the notices to write: what was worth telling by now and is not in the log."""
    return tuple(
        _notice(reminder, points) for reminder, points in purse.reminded if reminder.key not in written
    )


@lru_cache(maxsize=16_384)
def _before(ends_at: datetime, zone: str, notice_days: tuple[int, ...]) -> tuple[Reminder, ...]:
    """Return the reminders of points that end at this moment."""
    last_day = local(ends_at - timedelta(microseconds=1), zone)
    ahead = sorted(set(notice_days), reverse=True)
    moments = [later(last_day, -days, zone) for days in ahead]
    key = f"points_expire:{ends_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return tuple(
        Reminder(moment, ends_at, days, good_until, f"{key}:{days}")
        for days, moment, good_until in zip(ahead, moments, [*moments, ends_at][1:], strict=True)
    )


def _notice(reminder: Reminder, points: int) -> Notice:
    return Notice(
        key=reminder.key,
        kind="points_expire",
        moment=reminder.moment,
        expires_at=reminder.ends_at,
        points=points,
        days_ahead=reminder.days_ahead,
        good_until=reminder.good_until,
    )
