"""Local days: leap days, the ends of months, and clocks that jump."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.loyalty.calendar import add_months, end_after_months, later, local, start


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2024, 3, 31), -1, date(2024, 2, 29)),
        (date(2026, 1, 15), -12, date(2025, 1, 15)),
        (date(1999, 12, 31), 2, date(2000, 2, 29)),
        (date(2099, 12, 31), 2, date(2100, 2, 28)),
    ],
)
def test_months_are_clipped_to_the_end_of_the_month(day, months, then):
    assert add_months(day, months) == then


@pytest.mark.parametrize(
    ("day", "zone", "first"),
    [
        (date(2026, 3, 29), "Europe/Amsterdam", "2026-03-28T23:00"),  # clocks go forward at 02:00
        (date(2026, 3, 30), "Europe/Amsterdam", "2026-03-29T22:00"),
        (date(2026, 10, 26), "Europe/Amsterdam", "2026-10-25T23:00"),
        (date(2024, 4, 26), "Africa/Cairo", "2024-04-25T22:00"),  # forward at 00:00: the day starts at 01:00
        (date(2022, 9, 11), "America/Santiago", "2022-09-11T04:00"),
        (date(2023, 11, 5), "America/Havana", "2023-11-05T04:00"),  # back at 01:00: midnight comes twice
        (
            date(1919, 3, 31),
            "America/Toronto",
            "1919-03-31T04:30",
        ),  # forward at 23:30: the day starts at 00:30
        (date(2011, 12, 30), "Pacific/Apia", "2011-12-30T10:00"),  # a day that never was
        (date(2026, 1, 1), "Asia/Kathmandu", "2025-12-31T18:15"),
    ],
)
def test_a_day_starts_at_its_first_moment_whatever_the_clocks_do(day, zone, first):
    moment = datetime.fromisoformat(first).replace(tzinfo=UTC)
    assert start(day, zone) == moment
    assert local(moment, zone) >= day
    assert local(moment - timedelta(seconds=1), zone) < day


@given(
    st.dates(date(1990, 1, 1), date(2037, 12, 31)),
    st.sampled_from(
        [
            "Europe/Amsterdam",
            "Africa/Cairo",
            "America/Sao_Paulo",
            "Asia/Beirut",
            "Pacific/Apia",
            "Asia/Tehran",
        ]
    ),
)
def test_the_start_of_a_day_is_the_first_second_of_it(day, zone):
    moment = start(day, zone)
    assert local(moment, zone) >= day
    assert local(moment - timedelta(seconds=1), zone) < day


def test_a_hold_of_14_days_ends_at_the_start_of_the_fifteenth_november():
    assert later(date(2026, 11, 1), 14, "Europe/Amsterdam") == datetime(2026, 11, 14, 23, tzinfo=UTC)


def test_twelve_months_from_the_first_of_november_are_usable_to_the_end_of_that_day():
    end = end_after_months(date(2026, 11, 1), 12, "Europe/Amsterdam")
    assert end == datetime(2027, 11, 1, 23, tzinfo=UTC)
