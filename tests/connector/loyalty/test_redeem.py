"""Whether points can be exchanged, asked before anything is booked."""

import msgspec
import pytest

from connector.loyalty import sentences
from connector.loyalty.facts import Shop
from connector.loyalty.redeem import CannotRedeem, bargain
from connector.loyalty.terms import CurrencyTerms, Redeemable, Reward

AMSTERDAM = Shop(1, "EUR", "Europe/Amsterdam", "tags")
NEW_YORK = Shop(2, "USD", "America/New_York", "group")


@pytest.fixture
def terms(p0):
    return msgspec.structs.replace(
        p0,
        hold_days=0,
        currencies=(CurrencyTerms("EUR"), CurrencyTerms("USD", rate=800_000)),
        redeemables=(Redeemable("five-off", "5.00 off", 100, Reward("amount", 5_00, minimum=25_00)),),
    )


@pytest.fixture
def m(member, terms, local):
    m = member(terms)
    m.buys("1", 100_00, local("2026-03-01"))
    m.settle(local("2026-03-01"))
    return m


def test_100_points_buy_5_00_off_in_the_shops_own_money_for_60_days(m, terms, local):
    now = local("2026-03-02 10:00")
    standing = m.settle(now).standing
    here, there = (bargain(terms, standing, "five-off", shop, now) for shop in (AMSTERDAM, NEW_YORK))
    assert (here.value, here.minimum, here.currency, here.ends_at) == (
        5_00,
        25_00,
        "EUR",
        local("2026-05-02"),
    )
    assert (there.value, there.minimum, there.currency) == (6_25, 31_25, "USD")
    assert there.ends_at == local("2026-05-02", "America/New_York")


def test_points_buy_a_code_in_the_customers_own_money_where_there_is_a_rate(m, terms, local):
    now = local("2026-03-02 10:00")
    standing = m.settle(now).standing
    found = [bargain(terms, standing, "five-off", AMSTERDAM, now, theirs) for theirs in ("USD", "EUR", None)]
    assert [(one.value, one.minimum, one.currency) for one in found] == [
        (6_25, 31_25, "USD"),
        (5_00, 25_00, "EUR"),
        (5_00, 25_00, "EUR"),
    ]


@pytest.mark.parametrize("reward", [Reward("amount", 5_00), Reward("percentage", 10_00, minimum=25_00)])
def test_nobody_pays_points_for_an_amount_that_cannot_be_told_where_they_are_at_home(m, terms, local, reward):
    now = local("2026-03-02 10:00")
    terms = msgspec.structs.replace(terms, redeemables=(Redeemable("off", "Off", 100, reward),))
    with pytest.raises(CannotRedeem) as refused:
        bargain(terms, m.settle(now).standing, "off", AMSTERDAM, now, "CHF")
    told = [sentences.refusal(refused.value, language) for language in ("en", "nl")]
    assert told == [
        "This reward cannot be given in a shop that counts in CHF.",
        "Deze beloning kan niet worden gegeven in een winkel die in CHF rekent.",
    ]


def test_a_share_is_exchanged_wherever_they_are_at_home(m, terms, local):
    now = local("2026-03-02 10:00")
    tenth = Redeemable("tenth", "10 % off", 100, Reward("percentage", 10_00))
    terms = msgspec.structs.replace(terms, redeemables=(tenth,))
    found = bargain(terms, m.settle(now).standing, "tenth", AMSTERDAM, now, "CHF")
    assert (found.value, found.minimum) == (10_00, 0)


def test_the_second_of_two_exchanges_hears_that_the_points_are_gone(m, terms, local):
    now = local("2026-03-02 10:00")
    bargain(terms, m.settle(now).standing, "five-off", AMSTERDAM, now)
    m.redeems("r", 100, now)
    with pytest.raises(CannotRedeem) as refused:
        bargain(terms, m.settle(now).standing, "five-off", AMSTERDAM, now)
    assert sentences.refusal(refused.value, "en") == "Not enough points: this needs 100, and there are 0."
    assert sentences.refusal(refused.value, "nl") == "Niet genoeg punten: dit vraagt er 100 en er zijn er 0."


def test_a_debt_is_told_as_no_points(m, terms, local):
    m.changes("1", refunded=100_00)
    m.redeems("r", 50, local("2026-03-02"))
    with pytest.raises(CannotRedeem) as refused:
        bargain(terms, m.settle(local("2026-03-03")).standing, "five-off", AMSTERDAM, local("2026-03-03"))
    assert refused.value.values == (100, 0)


def test_a_reward_that_is_gone_and_a_currency_without_a_rate_are_refused(m, terms, local):
    now = local("2026-03-02")
    standing = m.settle(now).standing
    with pytest.raises(CannotRedeem) as unknown:
        bargain(terms, standing, "ten-off", AMSTERDAM, now)
    with pytest.raises(CannotRedeem) as foreign:
        bargain(terms, standing, "five-off", Shop(3, "SEK", "Europe/Stockholm", "tags"), now)
    assert [sentences.refusal(one.value, "en") for one in (unknown, foreign)] == [
        "This reward is no longer offered.",
        "This reward cannot be given in a shop that counts in SEK.",
    ]
