"""Tiers, and the marks they put on customers."""

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from connector.loyalty.calendar import add_months
from connector.loyalty.calendar import local as day_of
from connector.loyalty.facts import Shop
from connector.loyalty.orders import counting, sales
from connector.loyalty.terms import CurrencyTerms, Tier
from connector.loyalty.tiers import spends

CHANGE = msgspec.structs.replace
AMSTERDAM = Shop(1, "EUR", "Europe/Amsterdam", "tags")
AUCKLAND = Shop(2, "NZD", "Pacific/Auckland", "group")


@pytest.fixture
def terms(p0):
    return CHANGE(
        p0,
        currencies=(CurrencyTerms("EUR"), CurrencyTerms("NZD", rate=500_000)),
        tiers=(Tier("Silver", 250_00, "loyalty-silver"), Tier("Gold", 500_00, "loyalty-gold")),
        returning_tag="returning-customer",
    )


def test_a_tier_is_reached_at_once_and_held_for_a_year_and_30_days_of_grace(member, terms, local):
    m = member(terms)
    m.buys("1", 249_99, local("2026-01-10"))
    assert m.decide(local("2026-01-10")).standing.tier is None
    m.buys("2", 250_01, local("2026-02-20 15:00"))
    decision = m.decide(local("2026-02-20 15:00"))
    assert (decision.standing.tier, decision.standing.tier_until) == ("Gold", local("2027-03-23"))
    assert m.decide(local("2027-03-22 23:59")).standing.tier == "Gold"
    assert m.decide(local("2027-03-23")).standing.tier is None


def test_an_order_dated_by_a_faster_clock_counts_when_that_moment_comes(member, terms, local):
    m = member(terms)
    m.buys("1", 300_00, local("2026-01-10 12:00:02"))
    early = m.decide(local("2026-01-10 12:00:00"))
    assert (early.standing.tier, early.ask_again_at) == (None, local("2026-01-10 12:00:02"))
    assert m.decide(early.ask_again_at).standing.tier == "Silver"


def test_a_later_order_of_less_keeps_the_lower_tier_after_the_higher_one_is_over(member, terms, local):
    m = member(terms)
    m.buys("1", 500_00, local("2026-01-10"))
    m.buys("2", 250_00, local("2027-01-20"))  # the first order is out of the window by then
    assert m.decide(local("2027-02-01")).standing.tier == "Gold"
    after = m.decide(local("2027-02-10"))
    assert (after.standing.tier, after.standing.tier_until) == ("Silver", local("2028-02-20"))


@pytest.mark.parametrize(("second", "tier"), [("2027-01-09 23:59", "Gold"), ("2027-01-10 00:00", "Silver")])
def test_the_window_is_twelve_months_of_local_days(member, terms, local, second, tier):
    m = member(CHANGE(terms, tier_term_months=1, tier_grace_days=0))
    m.buys("1", 250_00, local("2026-01-10 08:00"))
    m.buys("2", 250_00, local(second))
    assert m.decide(local("2027-01-20")).standing.tier == tier


def test_a_refund_of_the_order_that_reached_it_takes_the_tier_back(member, terms, local):
    m = member(terms)
    m.buys("1", 240_00, local("2026-01-10"))
    m.buys("2", 300_00, local("2026-02-10"))
    assert m.decide(local("2026-02-11")).standing.tier == "Gold"
    m.changes("2", refunded=100_00)
    assert m.decide(local("2026-02-12")).standing.tier == "Silver"
    m.changes("2", refunded=300_00)
    assert m.decide(local("2026-02-12")).standing.tier is None


def test_spend_in_another_currency_counts_at_its_rate(member, terms, local):
    m = member(terms, shops=(AMSTERDAM, AUCKLAND))
    m.buys("1", 40_00, local("2026-03-01"))
    m.buys("1", 420_00, local("2026-03-02"), shop=2)  # 210.00 in euros
    decision = m.decide(local("2026-03-03"))
    assert decision.standing.tier == "Silver"
    assert [(one.shop_id, one.marks) for one in decision.marks] == [
        (1, ("loyalty-silver", "returning-customer")),
        (2, ("loyalty-silver",)),
    ]


def test_two_shops_of_one_person_add_up_to_65_00(member, terms, local):
    m = member(CHANGE(terms, tiers=(Tier("Welcome", 65_00, "w"),)))
    m.buys("1", 40_00, local("2026-03-01"))
    m.buys("2", 25_00, local("2026-03-02"))
    assert m.decide(local("2026-03-03")).standing.tier == "Welcome"
    m.changes("2", refunded=25_00)
    assert m.decide(local("2026-03-03")).standing.tier is None


def test_the_mark_of_those_who_return_comes_with_the_second_order_and_goes_with_it(member, terms, local):
    m = member(terms, shops=(AMSTERDAM, AUCKLAND))
    m.buys("1", 10_00, local("2026-03-01"))
    marks = [[one.marks for one in m.decide(local("2026-03-03")).marks]]
    m.buys("2", 10_00, local("2026-03-02"))
    marks.append([one.marks for one in m.decide(local("2026-03-03")).marks])
    m.changes("2", cancelled_at=local("2026-03-03"))
    marks.append([one.marks for one in m.decide(local("2026-03-03")).marks])
    assert marks == [[(), ()], [("returning-customer",), ()], [(), ()]]


def test_tiers_and_marks_follow_the_newest_version_from_its_start(member, terms, local):
    m = member(terms)
    m.buys("1", 300_00, local("2026-03-01"))
    m.publishes(CHANGE(terms, tiers=(Tier("Star", 300_00, "star"),)), local("2026-04-01"))
    before, after = m.decide(local("2026-03-31")), m.decide(local("2026-04-01"))
    assert (before.standing.tier, after.standing.tier) == ("Silver", "Star")
    assert before.ask_again_at <= local("2026-04-01")
    assert after.marks[0].marks == ("star",)


def test_the_running_sums_equal_adding_up_every_window_by_hand(member, terms):
    chance = random.Random(7)
    m = member(CHANGE(terms, tier_window_months=2), shops=(AMSTERDAM, AUCKLAND))
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    for n in range(150):
        paid = begin + timedelta(hours=chance.randrange(0, 9000))
        m.buys(str(n), chance.randrange(1, 200_00), paid, shop=chance.choice((1, 2)))
    found = counting(sales(m.history, {shop.id: shop for shop in m.shops}, m.versions), False)
    rates = {"EUR": 1_000_000, "NZD": 500_000}
    by_hand = [
        sum(
            k.kept * rates[k.order.currency] // 1_000_000
            for k in found
            if k.paid_at <= one.paid_at
            and day_of(k.paid_at, k.shop.timezone) > add_months(day_of(one.paid_at, one.shop.timezone), -2)
        )
        for one in found
    ]
    assert spends(found, m.versions[0].terms) == by_hand


@pytest.mark.parametrize(
    ("paid", "zone", "term", "grace"),
    [
        ("2027-02-28 23:59", "Europe/Amsterdam", "2028-02-29", "2028-03-30"),  # 28 February, not the 29th
        ("2028-02-29 00:00", "Europe/Amsterdam", "2029-03-01", "2029-03-31"),
        (
            "2026-02-27 12:00",
            "America/New_York",
            "2027-02-28",
            "2027-03-30",
        ),  # the clocks change within the grace
        ("2010-12-29 12:00", "Pacific/Apia", "2011-12-31", "2012-01-29"),  # there was no 30 December 2011
        ("2026-04-03 23:45", "Australia/Lord_Howe", "2027-04-04", "2027-05-04"),
    ],
)
def test_term_and_grace_are_whole_local_days(member, terms, local, paid, zone, term, grace):
    m = member(terms, shops=(CHANGE(AMSTERDAM, timezone=zone),))
    m.buys("1", 500_00, local(paid, zone))
    standing = m.decide(local(paid, zone)).standing
    assert (standing.tier_term_until, standing.tier_until) == (local(term, zone), local(grace, zone))
    assert m.decide(standing.tier_until - timedelta(seconds=1)).standing.tier == "Gold"
    assert m.decide(standing.tier_until).standing.tier is None


def test_another_version_says_how_long_a_tier_is_held_from_its_start_on(member, terms, local):
    m = member(terms)
    m.buys("1", 500_00, local("2026-01-10"))
    m.publishes(CHANGE(terms, tier_term_months=3, tier_grace_days=0), local("2026-03-01"))
    before, after = m.decide(local("2026-02-28")).standing, m.decide(local("2026-03-01")).standing
    assert (before.tier_term_until, before.tier_until) == (local("2027-01-11"), local("2027-02-10"))
    assert after.tier_term_until == after.tier_until == local("2026-04-11")


def test_a_tier_reached_again_is_held_from_the_last_time_on(member, terms, local):
    m = member(terms)
    m.buys("1", 500_00, local("2026-01-10"))
    m.buys("2", 10_00, local("2026-06-01"))
    standing = m.decide(local("2026-06-02")).standing
    assert (standing.tier_term_until, standing.tier_until) == (local("2027-06-02"), local("2027-07-02"))
