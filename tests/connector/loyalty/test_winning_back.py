"""One win-back for each lapse: from the first moment at which a version promises it, and not to who is lost."""

from datetime import timedelta

import msgspec
import pytest

from connector.loyalty.facts import Shop, ShopCustomer
from connector.loyalty.terms import CurrencyTerms, Reward, WinBack

CHANGE = msgspec.structs.replace
AMSTERDAM = Shop(1, "EUR", "Europe/Amsterdam", "tags")
NEW_YORK = Shop(2, "USD", "America/New_York", "group")
SECOND = timedelta(seconds=1)


@pytest.fixture
def terms(p0):
    return CHANGE(
        p0,
        currencies=(CurrencyTerms("EUR"), CurrencyTerms("USD", rate=500_000)),
        usual_gap=45,
        win_back=WinBack("back", "Come back", Reward("amount", 5_00, valid_days=30)),
    )


@pytest.fixture
def away(member, terms, local):
    """A member whose only order, of 1 January, makes them lapsing on 15 February and lost on 1 April."""
    m = member(terms)
    m.buys("1", 10_00, local("2026-01-01 12:00"))
    return m


def live(m, now):
    return [key[1] for key, one in m.coupons.items() if one.state == "live" and now < one.ends_at]


def test_it_is_given_when_the_lapse_begins_for_30_days(away, local):
    assert away.settle(local("2026-02-15") - SECOND).coupons == ()
    (coupon,) = away.settle(local("2026-02-15")).coupons
    assert (coupon.source, coupon.reward_key, coupon.customer_id) == ("lapse:order:1:1", "back", "c1")
    assert (coupon.title, coupon.value, coupon.currency) == ("Come back", 5_00, "EUR")
    assert (coupon.starts_at, coupon.ends_at) == (local("2026-02-15"), local("2026-03-18"))
    assert away.settle(local("2026-02-16")).coupons == ()


def test_a_worker_that_slept_gives_the_same_one_and_none_that_has_ended(away, local):
    (late,) = away.decide(local("2026-03-17 23:59")).coupons
    assert late.starts_at == local("2026-02-15")
    assert away.decide(local("2026-03-18")).coupons == ()


@pytest.mark.parametrize("paid", ["2026-02-14 23:59", "2026-02-15 00:00"])
def test_who_orders_in_time_gets_none(away, local, paid):
    away.buys("2", 10_00, local(paid))
    assert away.decide(local("2026-02-20")).coupons == ()


def test_who_comes_back_keeps_the_code_and_may_lapse_again(away, local):
    away.settle(local("2026-02-15"))
    away.buys("2", 10_00, local("2026-02-20"))
    assert away.settle(local("2026-02-21")).revoke == ()
    assert live(away, local("2026-02-21")) == ["lapse:order:1:1"]
    # The gap of 50 days makes a quiet of 100.
    (again,) = away.settle(local("2026-06-10")).coupons
    assert (again.source, again.starts_at) == ("lapse:order:1:2", local("2026-05-31"))


def test_an_undone_last_order_takes_it_back_and_the_earlier_quiet_counts(away, local):
    away.buys("2", 10_00, local("2026-01-21 12:00"))  # a gap of 20: lapsing 40 days later, on 2 March
    (given,) = away.settle(local("2026-03-02")).coupons
    assert given.source == "lapse:order:1:2"
    away.changes("2", cancelled_at=local("2026-03-03"))
    after = away.settle(local("2026-03-03"))
    assert [one.source for one in after.revoke] == ["lapse:order:1:2"]
    assert [(one.source, one.starts_at) for one in after.coupons] == [
        ("lapse:order:1:1", local("2026-02-15"))
    ]


def test_an_order_that_was_paid_before_the_lapse_and_came_late_takes_it_back(away, local):
    away.settle(local("2026-02-15"))
    away.buys("2", 10_00, local("2026-02-14"))
    assert [one.source for one in away.settle(local("2026-02-16")).revoke] == ["lapse:order:1:1"]


def test_a_used_one_stays_whatever_happens_to_the_order(away, local):
    away.settle(local("2026-02-15"))
    away.buys("2", 10_00, local("2026-02-20"), coupon_codes=("BACK-LAPSE:ORDER:1:1-0",))
    away.changes("1", cancelled_at=local("2026-02-21"))
    assert away.settle(local("2026-02-22")).revoke == ()


def test_a_programme_that_gets_a_win_back_reaches_who_is_lapsing_and_not_who_is_lost(member, terms, local):
    for start, given in [("2026-02-01", "2026-02-15"), ("2026-03-10", "2026-03-10"), ("2026-04-01", None)]:
        m = member(CHANGE(terms, win_back=None))
        m.buys("1", 10_00, local("2026-01-01 12:00"))
        m.publishes(terms, local(start))
        found = [one.starts_at for one in m.decide(local("2026-04-02")).coupons]
        seen = [one.starts_at for one in m.decide(local(given or start)).coupons]
        assert seen == ([local(given)] if given else [])
        assert found == (seen if given == "2026-03-10" else [])


def test_a_version_without_one_gives_none_and_a_given_one_outlives_its_version(away, terms, local):
    away.publishes(CHANGE(terms, win_back=None), local("2026-02-20"))
    away.settle(local("2026-02-19"))
    assert away.settle(local("2026-02-21")).revoke == ()
    other = type(away)(CHANGE(terms, win_back=None))
    other.buys("1", 10_00, local("2026-01-01 12:00"))
    assert other.decide(local("2026-02-20")).coupons == ()


def test_the_first_version_to_give_it_says_what_it_is_worth(away, terms, local):
    richer = WinBack("richer", "Do come back", Reward("amount", 20_00))
    away.publishes(CHANGE(terms, win_back=richer), local("2026-02-16"))
    assert [(one.value, one.version) for one in away.decide(local("2026-02-17")).coupons] == [(5_00, 1)]


def test_a_later_version_with_a_shorter_quiet_gives_it_from_its_start(member, terms, local):
    m = member(CHANGE(terms, usual_gap=200))
    m.buys("1", 10_00, local("2026-01-01 12:00"))
    m.publishes(terms, local("2026-02-20"))
    assert [one.starts_at for one in m.decide(local("2026-02-25")).coupons] == [local("2026-02-20")]


def test_a_lapse_that_had_its_coupon_gets_no_longer_one_from_a_later_version(member, terms, local):
    def offer(key, days):
        return CHANGE(terms, win_back=WinBack(key, "Come back", Reward("amount", 5_00, valid_days=days)))

    m = member(offer("short", 1))
    m.buys("1", 10_00, local("2026-01-01 12:00"))
    m.publishes(offer("long", 400), local("2026-02-20"))
    m.buys("2", 10_00, local("2026-02-25"))
    assert m.decide(local("2026-02-19")).coupons == ()  # it was there on 15 and 16 February
    assert m.decide(local("2026-03-10")).coupons == ()


def test_it_is_made_in_the_shop_of_the_last_order_in_its_money_and_by_its_clock(member, terms, local):
    m = member(terms, shops=(AMSTERDAM, NEW_YORK))
    m.buys("1", 10_00, local("2026-01-01", "America/New_York"), shop=2)
    (coupon,) = m.decide(local("2026-02-15", "America/New_York")).coupons
    assert (coupon.shop_id, coupon.customer_id, coupon.value, coupon.currency) == (2, "c2", 10_00, "USD")
    assert coupon.ends_at == local("2026-03-18", "America/New_York")  # the clocks went forward on 8 March


def test_a_guest_order_brings_one_once_a_customer_claims_it(member, terms, local):
    m = member(terms)
    m.customers = ()
    m.buys("1", 10_00, local("2026-01-01"), customer_id=None)
    assert m.decide(local("2026-02-15")).coupons == ()
    m.customers = (ShopCustomer(1, "c7", local("2026-02-16")),)
    assert [one.customer_id for one in m.decide(local("2026-02-16")).coupons] == ["c7"]


def test_an_order_from_before_the_programme_counts_can_lapse(member, terms, local):
    m = member(terms)
    m.versions = (CHANGE(m.versions[0], counts_from=local("2026-02-01")),)
    m.buys("1", 10_00, local("2026-01-01"))
    assert len(m.decide(local("2026-02-15")).coupons) == 1


def test_an_order_over_nothing_is_no_occasion_unless_the_version_counts_it(member, terms, local):
    for counts, sources in [(False, ["lapse:order:1:1"]), (True, [])]:
        m = member(CHANGE(terms, count_zero_orders=counts))
        m.buys("1", 10_00, local("2026-01-01"))
        m.buys("2", 0, local("2026-02-01"), lines=())
        assert [one.source for one in m.decide(local("2026-02-20")).coupons] == sources
