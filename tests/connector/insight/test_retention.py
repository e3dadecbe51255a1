"""The worked figures of the retention report."""

from datetime import UTC, datetime

import pytest

from connector.insight.averages import Frequency, OrderValue
from connector.insight.retention import Retention, quarters
from connector.insight.shares import Share, half_up


def tenths(share: Share | None) -> int:
    assert share is not None
    return share.tenths_of_percent


def test_200_at_the_start_230_at_the_end_70_of_them_new_is_a_rate_of_80_per_cent_and_a_churn_of_20() -> None:
    report = Retention(at_start=200, at_end=230, new=70, kept=150)
    assert tenths(report.rate) == 800
    assert tenths(report.churn) == 200
    assert not report.doubtful


def test_without_customers_at_the_start_the_rate_is_not_defined() -> None:
    report = Retention(at_start=0, at_end=12, new=12, kept=0)
    assert report.rate is None
    assert report.churn is None
    assert report.kept_share is None


def test_more_returning_than_were_there_is_shown_and_flagged() -> None:
    report = Retention(at_start=10, at_end=30, new=5, kept=8)
    assert tenths(report.rate) == 2500
    assert tenths(report.churn) == -1500
    assert report.doubtful
    assert report.reactivated == 17


def test_the_formula_says_79_30_where_only_42_58_per_cent_were_truly_kept() -> None:
    report = Retention(at_start=5376, at_end=4263, new=0, kept=2289)
    assert report.rate is not None
    assert report.kept_share is not None
    assert report.rate.rounded(10_000) == 7930
    assert report.kept_share.rounded(10_000) == 4258
    assert report.reactivated == 1974


@pytest.mark.parametrize(
    ("part", "whole", "tenths"),
    [(1, 3, 333), (2, 3, 667), (1, 2000, 1), (1, 2001, 0), (0, 7, 0), (-1, 3, -333)],
)
def test_a_share_is_rounded_once_and_a_half_goes_up(part: int, whole: int, tenths: int) -> None:
    assert Share(part, whole).tenths_of_percent == tenths


def test_69659_orders_of_23570_customers_are_2_96_each_and_35_89_apiece() -> None:
    assert Frequency(69_659, 23_570).hundredths == 296
    assert half_up(69_659 * 10_000, 23_570) == 29_554
    assert OrderValue("USD", 2_500_315_63, 69_659).average == 35_89
    assert tenths(Share(11_662, 23_570)) == 495


def test_nothing_sold_has_no_average() -> None:
    assert Frequency(0, 0).hundredths is None
    assert OrderValue("EUR", 0, 0).average is None


def test_the_two_periods_touch_and_are_90_days_long() -> None:
    periods = quarters(datetime(2026, 11, 21, 12, tzinfo=UTC))
    assert periods.middle == datetime(2026, 8, 23, 12, tzinfo=UTC)
    assert periods.before == datetime(2026, 5, 25, 12, tzinfo=UTC)
