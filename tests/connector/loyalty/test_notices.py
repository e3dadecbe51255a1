"""Notices: how many points end, said once at each of the days ahead, whenever somebody looks."""

from datetime import timedelta

import msgspec
import pytest

from connector.loyalty.facts import Shop

CHANGE = msgspec.structs.replace
LORD_HOWE = Shop(1, "EUR", "Australia/Lord_Howe", "tags")
SECOND = timedelta(seconds=1)


@pytest.fixture
def terms(p0):
    return CHANGE(p0, hold_days=0)


@pytest.fixture
def saver(member, terms, local):
    """A member with 50 points that end after 1 March 2027."""
    m = member(terms)
    m.buys("1", 50_00, local("2026-03-01 10:00"))
    return m


def said(decision):
    return [(one.moment, one.points, one.days_ahead, one.good_until) for one in decision.notices]


def test_they_come_30_and_7_days_before_the_last_day_and_each_is_good_until_the_next(saver, local):
    first = (local("2027-01-30"), 50, 30, local("2027-02-22"))
    second = (local("2027-02-22"), 50, 7, local("2027-03-02"))
    assert said(saver.settle(local("2027-01-30") - SECOND)) == []
    assert said(saver.settle(local("2027-01-30"))) == [first]
    assert said(saver.settle(local("2027-02-21"))) == []
    assert said(saver.settle(local("2027-02-22"))) == [second]
    assert [one.expires_at for one in saver.notices] == [local("2027-03-02")] * 2


def test_who_slept_writes_the_same_lines(saver, terms, local):
    for day in ("2027-01-30", "2027-02-22", "2028-01-01"):
        saver.settle(local(day))
    slept = type(saver)(terms)
    slept.buys("1", 50_00, local("2026-03-01 10:00"))
    slept.settle(local("2028-01-01"))
    assert slept.notices == saver.notices


def test_they_are_moments_to_ask_again_as_long_as_there_is_something_to_say(saver, local):
    asked = saver.settle(local("2026-12-01")).ask_again_at
    assert asked == local("2027-01-30")
    saver.redeems("r", 50, local("2026-12-02"))
    assert saver.settle(local("2026-12-02")).ask_again_at == local("2027-01-31"), "the code's end"


def test_points_of_one_end_are_one_notice_and_of_another_another(saver, local):
    saver.buys("2", 25_00, local("2026-03-01 23:59"))
    saver.buys("3", 10_00, local("2026-03-02 00:00"))
    assert said(saver.settle(local("2027-01-31"))) == [
        (local("2027-01-30"), 75, 30, local("2027-02-22")),
        (local("2027-01-31"), 10, 30, local("2027-02-23")),
    ]


def test_spent_points_are_not_warned_of_and_a_part_is(saver, local):
    saver.redeems("r", 20, local("2027-01-29"), until=local("2027-06-01"))
    saver.redeems("s", 30, local("2027-02-01"), until=local("2027-06-01"))
    saver.settle(local("2027-02-25"))
    assert [(one.points, one.days_ahead) for one in saver.notices] == [(30, 30)]


def test_what_is_spent_at_the_very_moment_is_gone(saver, local):
    saver.redeems("r", 50, local("2027-01-30"), until=local("2027-06-01"))
    assert saver.settle(local("2027-02-25")).notices == ()


def test_returned_points_are_warned_of_by_their_new_end(saver, local):
    saver.redeems("r", 50, local("2027-02-20"))
    saver.refused("r", local("2027-02-20 10:00"))  # back until the end of 22 March
    saver.settle(local("2027-04-01"))
    assert [(one.moment, one.points) for one in saver.notices] == [
        (local("2027-01-30"), 50),
        (
            local("2027-03-15"),
            50,
        ),  # seven days ahead of 22 March; thirty days ahead was before they came back
    ]


def test_nothing_is_said_of_the_time_before_the_programme(saver, local):
    saver.versions = (CHANGE(saver.versions[0], starts_at=local("2027-02-01")),)
    saver.settle(local("2027-03-01"))
    assert [one.days_ahead for one in saver.notices] == [7]


def test_each_follows_the_version_in_force_at_its_own_moment(saver, terms, local):
    saver.publishes(CHANGE(terms, notice_days=(20, 5)), local("2027-02-05"))
    saver.settle(local("2027-04-01"))
    assert [(one.moment, one.days_ahead, one.good_until) for one in saver.notices] == [
        (local("2027-01-30"), 30, local("2027-02-22")),  # it was not known then that another would come
        (local("2027-02-09"), 20, local("2027-02-24")),
        (local("2027-02-24"), 5, local("2027-03-02")),
    ]


def test_no_days_no_notices(member, terms, local):
    m = member(CHANGE(terms, notice_days=()))
    m.buys("1", 50_00, local("2026-03-01"))
    assert m.settle(local("2028-01-01")).notices == ()


def test_points_that_never_end_are_never_warned_of(member, terms, local):
    m = member(CHANGE(terms, expiry_months=0))
    m.buys("1", 50_00, local("2026-03-01"))
    assert m.settle(local("2036-01-01")).notices == ()


def test_what_was_said_stays_said_though_a_refund_comes(saver, local):
    saver.settle(local("2027-01-30"))
    saver.changes("1", refunded=20_00, changed_at=local("2027-02-01"))
    assert said(saver.settle(local("2027-02-22"))) == [(local("2027-02-22"), 30, 7, local("2027-03-02"))]
    assert [one.points for one in saver.notices] == [50, 30]


def test_half_an_hour_of_summer_time_moves_no_notice(member, terms, local):
    # Lord Howe turns its clocks by thirty minutes, on 4 April and 3 October 2027.
    m = member(terms, shops=(LORD_HOWE,))
    m.buys("1", 50_00, local("2026-04-10 10:00", "Australia/Lord_Howe"))
    m.settle(local("2027-06-01"))
    assert [one.moment for one in m.notices] == [
        local("2027-03-11", "Australia/Lord_Howe"),
        local("2027-04-03", "Australia/Lord_Howe"),
    ]
    assert m.notices[0].moment.isoformat() == "2027-03-10T13:00:00+00:00"
    assert m.notices[0].expires_at.isoformat() == "2027-04-10T13:30:00+00:00"


def test_a_thousand_orders_have_two_notices_for_each_end_and_each_once(member, terms, local):
    m = member(terms)
    for n in range(1000):
        m.buys(f"{n}", 10_00, local("2010-01-01 10:00") + timedelta(n))
    m.settle(local("2020-01-01"))
    assert len({one.key for one in m.notices}) == len(m.notices) == 2 * 999
    assert {one.points for one in m.notices} == {10, 20}  # 28 and 29 February 2012 end together
