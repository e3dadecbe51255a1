"""Gift cards and store credit: money that is given once. Points for it are spent when it is given."""

import msgspec
import pytest

from connector.loyalty.check import problems
from connector.loyalty.facts import BookedCoupon
from connector.loyalty.promise import describe
from connector.loyalty.redeem import bargain
from connector.loyalty.sentences import explain
from connector.loyalty.terms import CurrencyTerms, NthOrder, Redeemable, Reward
from connector.records import Scope

CHANGE = msgspec.structs.replace
CREDIT = Reward("store_credit", 5_00, valid_days=90)
CARD = Reward("gift_card", 10_00, valid_days=365)


@pytest.fixture
def rich(member, p0, local):
    """Someone with 100 points from order A since 1 March, all of them exchanged on 1 April for store credit."""
    m = member(CHANGE(p0, hold_days=0))
    m.buys("A", 100_00, local("2026-03-01"))
    m.settle(local("2026-03-02"))
    m.redeems("r", 100, local("2026-04-01"), until=local("2026-05-31"), reward=CREDIT)
    return m


def test_points_for_a_gift_are_spent_once_and_no_end_or_order_brings_them_back(rich, local):
    assert rich.balance(local("2026-04-01")) == 0
    assert rich.decide(local("2026-04-02")).ask_again_at != local("2026-05-31"), "nothing waits for its end"
    rich.buys("B", 60_00, local("2026-04-10"), coupon_codes=("CODEr",))
    rich.changes("B", cancelled_at=local("2026-04-11"))
    assert rich.balance(local("2026-06-20")) == 0


def test_what_the_shop_did_not_give_brings_the_points_back_at_once_and_says_so(rich, local):
    rich.settle(local("2026-04-01"))
    rich.refused("r", local("2026-04-01 00:05"))
    [back] = rich.settle(local("2026-04-01 00:05")).entries
    assert (back.points, back.moment) == (100, local("2026-04-01 00:05"))
    assert explain(back, "en") == (
        "100 points exchanged for the reward five-off; 100 points back because the shop did not give it."
    )
    assert explain(back, "nl") == (
        "100 punten ingewisseld voor de beloning five-off; 100 punten terug omdat de winkel het niet heeft gegeven."
    )


@pytest.mark.parametrize(
    ("state", "called_off"),
    [("wanted", True), ("parked", True), ("live", False), ("refused", False), ("revoked", False)],
)
def test_a_gift_for_an_order_is_called_off_only_while_it_may_not_have_been_given(
    member, p0, local, state, called_off
):
    m = member(CHANGE(p0, hold_days=0, nth_orders=(NthOrder("thanks", "Thanks", 1, CARD),)))
    m.buys("A", 60_00, local("2026-03-01"))
    [wanted] = m.settle(local("2026-03-01")).coupons
    assert (wanted.kind, wanted.value, wanted.ends_at) == ("gift_card", 10_00, local("2027-03-02"))
    [key] = m.coupons
    m.coupons[key] = BookedCoupon(*key[:3], "CODE", state, wanted.ends_at, "gift_card")
    m.changes("A", cancelled_at=local("2026-03-02"))
    assert bool(m.decide(local("2026-03-02")).revoke) is called_off


def test_an_order_that_names_the_text_of_a_gift_card_has_not_used_it_up(member, p0, local):
    m = member(CHANGE(p0, hold_days=0, nth_orders=(NthOrder("thanks", "Thanks", 1, CARD),)))
    m.buys("A", 60_00, local("2026-03-01"))
    [wanted] = m.settle(local("2026-03-01")).coupons
    [key] = m.coupons
    m.coupons[key] = BookedCoupon(*key[:3], "CODE", "wanted", wanted.ends_at, "gift_card")
    m.changes("A", cancelled_at=local("2026-03-02"))
    m.buys("B", 60_00, local("2026-03-03"), coupon_codes=("CODE",))
    assert [coupon.code for coupon in m.decide(local("2026-03-03")).revoke] == ["CODE"]


def test_a_gift_is_worth_the_same_in_another_currency_and_ends_on_its_last_local_day(member, p0, local):
    terms = CHANGE(
        p0,
        currencies=(CurrencyTerms("EUR"), CurrencyTerms("SEK", 10_00, 90_000)),
        redeemables=(Redeemable("card", "A card", 100, CARD),),
        hold_days=0,
    )
    m = member(terms)
    m.buys("A", 100_00, local("2026-03-01"))
    shop = CHANGE(m.shops[0], currency="SEK")
    agreed = bargain(terms, m.settle(local("2026-03-01")).standing, "card", shop, local("2026-03-01"))
    assert (agreed.value, agreed.currency) == (111_11, "SEK")
    assert agreed.ends_at == local("2027-03-02")


@pytest.mark.parametrize(
    ("reward", "wrong"),
    [
        (Reward("gift_card", 0), {"value"}),
        (Reward("store_credit", -1), {"value"}),
        (Reward("store_credit", 5_00, minimum=10_00), {"minimum"}),
        (Reward("gift_card", 5_00, minimum_quantity=2), {"minimum_quantity"}),
        (Reward("gift_card", 5_00, scope=Scope(products=("1",))), {"scope"}),
        (Reward("gift_card", 5_00, combines="everything"), {"combines"}),
        (Reward("gift_card", 5_00, valid_days=0), {"valid_days"}),
        (CARD, set()),
    ],
)
def test_a_gift_is_an_amount_above_nothing_without_conditions(p0, reward, wrong):
    terms = CHANGE(p0, redeemables=(Redeemable("r", "R", 1000, reward),))
    assert {found.field.rpartition(".")[2] for found in problems(terms)} == wrong


def test_a_generous_gift_is_asked_about_like_any_amount(p0):
    terms = CHANGE(p0, redeemables=(Redeemable("r", "R", 10, CREDIT),))
    assert [(found.code, found.values) for found in problems(terms)] == [("generous", (50,))]


def test_a_gift_is_said_with_until_when_it_can_be_spent_and_that_it_stays(p0):
    terms = CHANGE(
        p0,
        nth_orders=(NthOrder("thanks", "Thanks", 3, CARD),),
        redeemables=(Redeemable("credit", "Five back", 100, CREDIT),),
    )
    said = describe(terms, "en")
    assert (
        "When order 3 of a customer is paid, they get “Thanks”: a gift card of EUR 10.00, to be spent within 365 days; "
        "once given it stays with the customer."
    ) in said
    assert (
        "100 points can be exchanged for “Five back”: EUR 5.00 on the customer's account in the shop, "
        "to be spent within 90 days; once given it stays with the customer."
    ) in said
    told = " ".join(describe(terms, "nl"))
    assert "een cadeaubon van EUR 10,00, te besteden binnen 365 dagen; eenmaal gegeven" in told
    assert "EUR 5,00 tegoed op het account van de klant" in told
