"""Every customer's own rhythm: the quiet after an order, the lapse, the loss, and the stage of life."""

from datetime import timedelta

import msgspec
import pytest

from connector.loyalty.facts import Shop
from connector.loyalty.terms import StageTags, WinBack, suggested

CHANGE = msgspec.structs.replace
APIA = Shop(1, "EUR", "Pacific/Apia", "tags")
AMSTERDAM = Shop(1, "EUR", "Europe/Amsterdam", "tags")
NEW_YORK = Shop(2, "USD", "America/New_York", "group")
TAGS = StageTags("new", "second", "regular", "loyal", "lapsing", "lost")


@pytest.fixture
def terms(p0):
    return CHANGE(p0, stage_tags=TAGS, usual_gap=45)


def stays_away(member, terms, local, *days, zone="Europe/Amsterdam", shops=(AMSTERDAM,)):
    """Return from when a member with orders on these days is lapsing and lost."""
    m = member(terms, shops=shops)
    for n, day in enumerate(days):
        m.buys(f"{n}", 10_00, local(f"{day} 12:00", zone))
    standing = m.decide(local(f"{days[-1]} 13:00", zone)).standing
    return standing.lapsing_at, standing.lost_at


@pytest.mark.parametrize(
    ("days", "lapsing", "lost"),
    [
        (["2026-01-01"], "2026-02-15", "2026-04-01"),  # one order: the usual gap of 45 days
        (["2026-01-01", "2026-01-01"], "2026-02-15", "2026-04-01"),  # two on a day are one occasion
        (["2026-01-01", "2026-01-31"], "2026-04-01", "2026-05-31"),  # 30 days twice
        (["2026-01-01", "2026-01-11"], "2026-02-10", "2026-03-12"),  # 10 twice is less than 30
        (["2026-01-01", "2026-01-21", "2026-03-22"], "2026-06-10", "2026-08-29"),  # 20 and 60: 40
        (["2026-01-01", "2026-01-21", "2026-03-23"], "2026-06-11", "2026-08-30"),  # 20 and 61: 40, not 40.5
        (["2026-01-01", "2026-01-26", "2026-02-20", "2026-12-31"], "2027-02-19", "2027-04-10"),  # 25, 25, 314
        (
            ["2027-12-31", "2028-01-31"],
            "2028-04-02",
            "2028-06-03",
        ),  # 31 twice, over 29 February and the spring
    ],
)
def test_the_quiet_is_twice_the_median_of_the_gaps(member, terms, local, days, lapsing, lost):
    assert stays_away(member, terms, local, *days) == (local(lapsing), local(lost))


def test_without_a_measured_gap_the_usual_one_is_60_days(member, p0, local):
    assert stays_away(member, p0, local, "2026-01-01")[0] == local("2026-03-02")


def test_a_quiet_that_ends_on_a_day_that_was_left_out_ends_with_the_next(member, terms, local):
    # Samoa went from 29 to 31 December 2011.
    lapsing, _ = stays_away(member, terms, local, "2011-11-15", zone="Pacific/Apia", shops=(APIA,))
    assert lapsing == local("2011-12-31", "Pacific/Apia") - timedelta(0)
    assert lapsing.isoformat() == "2011-12-30T10:00:00+00:00"


def test_gaps_are_counted_on_each_orders_own_calendar(member, terms, local):
    m = member(terms, shops=(AMSTERDAM, NEW_YORK))
    m.buys("1", 10_00, local("2026-03-10 00:30"))
    m.buys(
        "2", 10_00, local("2026-03-09 23:30", "America/New_York"), shop=2
    )  # four hours later, the day before
    standing = m.decide(local("2026-03-11")).standing
    assert standing.stage == "second_order"
    assert standing.lapsing_at == local("2026-04-23", "America/New_York"), "no gap yet: 45 days"


def test_the_stage_follows_the_orders_and_the_quiet(member, terms, local):
    m = member(terms)
    assert m.decide(local("2026-01-01")).standing.stage == "none"
    for n, stage in enumerate(["new", "second_order", "regular", "regular", "loyal", "loyal"], start=1):
        paid = local("2026-01-01 10:00") + timedelta(20 * n)
        m.buys(f"{n}", 10_00, paid)
        assert m.decide(paid).standing.stage == stage
    last = m.decide(paid).standing
    seen = [
        m.decide(moment + timedelta(seconds=step)).standing.stage
        for moment in (last.lapsing_at, last.lost_at)
        for step in (-1, 0)
    ]
    assert seen == ["loyal", "lapsing", "lapsing", "lost"]


def test_one_stage_tag_at_a_time_stands_beside_the_others_and_none_in_a_group(member, terms, local):
    m = member(CHANGE(terms, returning_tag="back"), shops=(AMSTERDAM, NEW_YORK))
    m.buys("1", 10_00, local("2026-01-01"))
    m.buys("2", 10_00, local("2026-02-01"))

    def marks(day):
        return {one.shop_id: one.marks for one in m.decide(local(day)).marks}

    assert marks("2026-02-02") == {1: ("back", "second"), 2: ()}
    assert marks("2026-04-04") == {1: ("back", "lapsing"), 2: ()}
    assert marks("2027-02-02") == {1: ("back", "lost"), 2: ()}


def test_an_empty_word_is_no_tag(member, terms, local):
    m = member(CHANGE(terms, stage_tags=CHANGE(TAGS, new="")))
    m.buys("1", 10_00, local("2026-01-01"))
    assert m.decide(local("2026-01-02")).marks[0].marks == ()


def test_the_lapse_and_the_loss_are_moments_to_ask_again(member, terms, local):
    m = member(CHANGE(terms, expiry_months=0, hold_days=0))
    m.buys("1", 10_00, local("2026-01-01"))
    asked = [m.decide(local("2026-01-02")).ask_again_at]
    asked += [m.decide(asked[-1]).ask_again_at]
    asked += [m.decide(asked[-1]).ask_again_at]
    assert asked == [local("2026-02-15"), local("2026-04-01"), None]


def test_an_order_dated_by_a_faster_clock_is_no_order_yet(member, terms, local):
    m = member(terms)
    m.buys("1", 10_00, local("2026-01-01 12:00:02"))
    early = m.decide(local("2026-01-01 12:00"))
    assert (early.standing.stage, early.ask_again_at) == ("none", local("2026-01-01 12:00:02"))


def test_the_newest_version_says_who_is_loyal_and_who_is_lapsing(member, terms, local):
    m = member(terms)
    for n in range(3):
        m.buys(f"{n}", 10_00, local("2026-01-01") + timedelta(30 * n))
    m.publishes(CHANGE(terms, loyal_from=3, lapse_min_days=100), local("2026-03-10"))
    before, after = m.decide(local("2026-03-09")).standing, m.decide(local("2026-03-10")).standing
    assert (before.stage, after.stage) == ("regular", "loyal")
    assert (before.lapsing_at, after.lapsing_at) == (local("2026-05-01"), local("2026-06-10"))


def test_terms_from_before_there_were_stages_switch_nothing_on(p0):
    old = msgspec.to_builtins(p0)
    for name in ("lapse_min_days", "usual_gap", "loyal_from", "stage_tags", "win_back", "notice_days"):
        del old[name]
    read = msgspec.convert(old, type(p0))
    assert (read.stage_tags, read.win_back) == (StageTags(), None)
    assert isinstance(suggested("EUR").win_back, WinBack)
    assert all(msgspec.structs.astuple(suggested("EUR").stage_tags))
