"""Coupons that the nth order gives: made once, taken back when their order falls, never when used."""

from datetime import timedelta

import msgspec
import pytest

from connector.loyalty.facts import BookedCoupon, Shop, ShopCustomer
from connector.loyalty.terms import CurrencyTerms, NthOrder, Reward

CHANGE = msgspec.structs.replace
AMSTERDAM = Shop(1, "EUR", "Europe/Amsterdam", "tags")
NEW_YORK = Shop(2, "USD", "America/New_York", "group")


@pytest.fixture
def terms(p0):
    return CHANGE(
        p0, nth_orders=(NthOrder("third", "Free shipping on the third order", 2, Reward("free_shipping")),)
    )


@pytest.fixture
def returned(member, terms, local):
    """A member with two paid orders, of 1 and 10 March."""
    m = member(terms)
    m.buys("1", 10_00, local("2026-03-01 12:00"))
    m.buys("2", 10_00, local("2026-03-10 12:00"))
    return m


def test_the_second_paid_order_brings_the_coupon_for_the_third_for_60_days(returned, local):
    coupon = returned.settle(local("2026-03-11")).coupons[0]
    assert (coupon.source, coupon.reward_key, coupon.customer_id) == ("order:1:2", "third", "c1")
    assert (coupon.title, coupon.kind, coupon.version) == (
        "Free shipping on the third order",
        "free_shipping",
        1,
    )
    assert (coupon.starts_at, coupon.ends_at) == (local("2026-03-10 12:00"), local("2026-05-10"))
    assert returned.settle(local("2026-03-12")).coupons == ()


def test_a_coupon_that_would_have_ended_is_not_made(returned, local):
    assert len(returned.decide(local("2026-05-09 23:59")).coupons) == 1
    assert returned.decide(local("2026-05-10")).coupons == ()


def test_the_coupon_is_taken_back_when_the_order_before_it_is_undone_and_made_again_when_it_revives(
    returned, local
):
    returned.settle(local("2026-03-11"))
    returned.changes("1", cancelled_at=local("2026-03-12"))
    decision = returned.settle(local("2026-03-12"))
    assert [one.source for one in decision.revoke] == ["order:1:2"]
    assert decision.coupons == ()
    returned.changes("1", cancelled_at=None)
    assert [one.source for one in returned.settle(local("2026-03-13")).coupons] == ["order:1:2"]


def test_an_order_found_late_moves_the_coupon_to_the_order_that_is_now_the_second(returned, local):
    returned.settle(local("2026-03-11"))
    returned.buys("0", 10_00, local("2026-02-01"))
    decision = returned.settle(local("2026-03-12"))
    assert [one.source for one in decision.revoke] == ["order:1:2"]
    assert [one.source for one in decision.coupons] == ["order:1:1"]


def test_a_used_coupon_is_neither_taken_back_nor_made_again(returned, local):
    returned.settle(local("2026-03-11"))
    code = next(iter(returned.coupons.values())).code
    returned.buys("3", 10_00, local("2026-03-20"), coupon_codes=(code,))
    returned.changes("1", cancelled_at=local("2026-03-21"))
    decision = returned.settle(local("2026-03-22"))
    assert decision.revoke == ()
    assert [one.source for one in decision.coupons] == ["order:1:3"]  # which is the second order now
    returned.changes("1", cancelled_at=None)
    decision = returned.settle(local("2026-03-23"))
    assert (decision.coupons, [one.source for one in decision.revoke]) == ((), ["order:1:3"])


@pytest.mark.parametrize(
    ("state", "made", "taken_back"),
    [
        ("wanted", 0, 1),
        ("live", 0, 1),
        ("parked", 0, 1),
        ("revoking", 0, 0),
        ("revoked", 1, 0),
        ("refused", 0, 0),
    ],
)
def test_what_each_state_of_a_booked_coupon_asks_for(returned, local, state, made, taken_back):
    key = (1, "order:1:2", "third", 0)
    returned.coupons[key] = BookedCoupon(1, "order:1:2", "third", "C", state, local("2026-05-10"))
    assert len(returned.decide(local("2026-03-12")).coupons) == made
    returned.changes("1", cancelled_at=local("2026-03-11"))
    assert len(returned.decide(local("2026-03-12")).revoke) == taken_back
    assert returned.decide(local("2026-05-10")).revoke == ()


def test_the_coupons_of_redemptions_are_left_alone(returned, local):
    returned.coupons[1, "redemption:r", "five-off", 0] = BookedCoupon(
        1, "redemption:r", "five-off", "C", "live", local("2026-05-10")
    )
    assert returned.decide(local("2026-03-12")).revoke == ()


def test_the_rule_is_that_of_the_version_under_which_the_order_was_paid(returned, terms, local):
    returned.publishes(CHANGE(terms, nth_orders=()), local("2026-03-05"))
    assert returned.decide(local("2026-03-11")).coupons == ()


def test_orders_before_counts_from_count_for_the_sequence_but_bring_nothing(returned, local):
    returned.versions = (CHANGE(returned.versions[0], counts_from=local("2026-03-05")),)
    assert len(returned.decide(local("2026-03-11")).coupons) == 1
    returned.versions = (CHANGE(returned.versions[0], counts_from=local("2026-03-11")),)
    assert returned.decide(local("2026-03-11")).coupons == ()


def test_a_guests_coupon_goes_to_the_members_first_customer_of_that_shop(returned, local):
    returned.changes("2", customer_id=None)
    early = local("2020-01-01")
    returned.customers = (
        ShopCustomer(1, "young", early + timedelta(1)),
        ShopCustomer(1, "old", early),
        ShopCustomer(2, "elsewhere", early - timedelta(1)),
    )
    returned.shops = (AMSTERDAM, NEW_YORK)
    assert returned.decide(local("2026-03-11")).coupons[0].customer_id == "old"
    returned.customers = returned.customers[2:]
    assert returned.decide(local("2026-03-11")).coupons == ()


def test_an_amount_is_told_in_the_shops_currency_and_a_percentage_is_not(member, terms, local):
    rules = (
        NthOrder("gift", "2.50 off", 1, Reward("amount", 2_50, minimum=25_00)),
        NthOrder("tenth", "10 % off", 1, Reward("percentage", 10_00)),
    )
    currencies = (CurrencyTerms("EUR"), CurrencyTerms("USD", rate=900_000))
    m = member(CHANGE(terms, nth_orders=rules, currencies=currencies), shops=(NEW_YORK,))
    m.buys("1", 40_00, local("2026-03-01"), shop=2)
    coupons = m.decide(local("2026-03-02")).coupons
    assert [(one.value, one.minimum, one.currency) for one in coupons] == [
        (277, 2777, "USD"),
        (1000, 0, "USD"),
    ]


def test_a_shop_whose_currency_has_no_rate_gets_no_coupon(member, terms, local):
    m = member(CHANGE(terms, nth_orders=(NthOrder("g", "g", 1, Reward("amount", 2_50)),)), shops=(NEW_YORK,))
    m.buys("1", 40_00, local("2026-03-01"), shop=2)
    assert m.decide(local("2026-03-02")).coupons == ()


@pytest.mark.parametrize(
    ("theirs", "ordered_in", "told"),
    [
        (None, "USD", "EUR"),  # the shop has one currency for everybody
        ("USD", "USD", "USD"),
        ("USD", "EUR", "EUR"),  # where they shop counts for more than where they are at home
        ("USD", "CHF", "USD"),  # no rate for francs
        ("CHF", "CHF", ""),  # at home in francs a code in euros is no good
    ],
)
def test_an_offer_speaks_the_money_of_the_website(member, terms, local, theirs, ordered_in, told):
    rule = NthOrder("gift", "2.50 off", 1, Reward("amount", 2_50))
    currencies = (CurrencyTerms("EUR"), CurrencyTerms("USD", rate=900_000))
    m = member(CHANGE(terms, nth_orders=(rule,), currencies=currencies))
    m.customers = (CHANGE(m.customers[0], currency=theirs),)
    m.buys("1", 40_00, local("2026-03-01"), currency=ordered_in)
    coupons = m.decide(local("2026-03-02")).coupons
    worth = {"EUR": [(250, "EUR")], "USD": [(277, "USD")], "": []}
    assert [(one.value, one.currency) for one in coupons] == worth[told]


def test_where_no_amount_can_be_told_a_share_is_promised_and_what_asks_for_an_amount_is_not(
    member, terms, local
):
    rules = (
        NthOrder("tenth", "10 % off", 1, Reward("percentage", 10_00)),
        NthOrder("large", "10 % off from 25.00", 1, Reward("percentage", 10_00, minimum=25_00)),
        NthOrder("sent", "Sent for nothing", 1, Reward("free_shipping")),
    )
    m = member(CHANGE(terms, nth_orders=rules))
    m.customers = (CHANGE(m.customers[0], currency="CHF"),)
    m.buys("1", 40_00, local("2026-03-01"), currency="CHF")
    coupons = m.decide(local("2026-03-02")).coupons
    assert sorted((one.reward_key, one.value) for one in coupons) == [("sent", 0), ("tenth", 1000)]
