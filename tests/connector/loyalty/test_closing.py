"""A shop's part of a history, written down as facts when the shop is erased: the purse that follows stays the same."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.loyalty.closing import closed
from connector.loyalty.facts import Redemption, Shop
from connector.loyalty.terms import CurrencyTerms, NthOrder, Reward, Terms

SHOPS = (Shop(1, "EUR", "Europe/Amsterdam", "tags"), Shop(2, "EUR", "Europe/London", "tags"))
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
TERMS = Terms(
    currency="EUR",
    currencies=(CurrencyTerms("EUR"),),
    hold_days=0,
    expiry_months=3,
    nth_orders=(NthOrder("fourth", "For the fourth", 4, Reward("free_shipping", valid_days=900)),),
)
DAYS = st.integers(0, 99)


def erase(someone: Any, shop: int, now: datetime) -> None:
    """Let one of the shops go, as the house does."""
    someone.settle(now)
    facts = closed(someone.history, someone.versions, shop, now)
    assert all(one.shop_id == shop for one in facts)
    someone.orders = {key: order for key, order in someone.orders.items() if key[0] != shop}
    someone.coupons = {key: coupon for key, coupon in someone.coupons.items() if key[0] != shop}
    someone.customers = tuple(one for one in someone.customers if one.shop_id != shop)
    gone = {key for key, act in someone.acts.items() if isinstance(act, Redemption) and act.shop_id == shop}
    someone.acts = {key: act for key, act in someone.acts.items() if key not in gone}
    someone.acts |= {one.source: one for one in facts}


def test_a_code_that_has_ended_is_over_with_its_shop_where_codes_may_pass_for_some_hours_more(
    member: Any,
) -> None:
    late = tuple(msgspec.structs.replace(shop, codes_outlive=timedelta(hours=2)) for shop in SHOPS)
    someone = member(TERMS, shops=late)
    someone.buys("o", 5000, BEGIN)
    someone.redeems("r", 30, BEGIN, until=BEGIN + timedelta(hours=1))
    now = BEGIN + timedelta(hours=2)
    assert someone.settle(now).standing.balance == 20
    erase(someone, 1, now)
    assert someone.settle(now).standing.balance == 50


@settings(max_examples=120, deadline=None)
@given(
    bought=st.lists(st.tuples(st.sampled_from([1, 2]), DAYS, st.integers(1, 80)), min_size=1, max_size=7),
    spent=st.lists(st.tuples(st.sampled_from([1, 2]), DAYS, st.integers(1, 60), st.booleans()), max_size=3),
    given_by_hand=st.lists(st.tuples(DAYS, st.integers(-30, 30).filter(bool)), max_size=2),
    late=st.lists(st.tuples(DAYS, st.integers(1, 80)), max_size=3),
    looks=st.lists(st.integers(101, 400), min_size=1, max_size=4),
)
def test_nothing_of_the_points_differs_from_where_the_shop_had_stayed_and_kept_silent(
    member: Any, bought: Any, spent: Any, given_by_hand: Any, late: Any, looks: Any
) -> None:
    stays = member(TERMS, shops=SHOPS)
    for number, (shop, day, euros) in enumerate(bought):
        stays.buys(f"o{number}", euros * 100, BEGIN + timedelta(day), shop)
    for number, (shop, day, points, used) in enumerate(spent):
        when = BEGIN + timedelta(day)
        stays.redeems(f"r{number}", points, when, until=when + timedelta(hours=1), shop=shop)
        if used:
            stays.buys(f"u{number}", 1000, when, shop, coupon_codes=(f"CODEr{number}",))
    for number, (day, points) in enumerate(given_by_hand):
        stays.adjusted(f"a{number}", points, BEGIN + timedelta(day))
    now = BEGIN + timedelta(100)
    stays.settle(now)
    goes = copy.deepcopy(stays)
    erase(goes, 1, now)
    assert goes.decide(now).entries == ()
    assert goes.settle(now).standing.lots == stays.settle(now).standing.lots
    # Later the other shop tells of orders that are older than what is closed.
    for number, (day, euros) in enumerate(late):
        for one in (stays, goes):
            one.buys(f"late{number}", euros * 100, BEGIN + timedelta(day), 2)
    for day in sorted(looks):
        when = BEGIN + timedelta(day)
        expected, found = stays.settle(when).standing, goes.settle(when).standing
        assert (found.balance, found.lots) == (expected.balance, expected.lots)
        assert +goes.points == +stays.points
        assert goes.balance(when) == goes.points.total()


def test_an_order_keeps_its_place_in_the_row_for_the_codes_of_the_others(member: Any, local: Any) -> None:
    anna = member(TERMS, shops=SHOPS)
    for number, shop in enumerate((1, 1, 1, 2, 2), start=1):
        anna.buys(f"o{number}", 3000, local(f"2026-03-0{number}"), shop)
    now = local("2026-04-01")
    anna.settle(now)
    given_before = {coupon.source for coupon in anna.coupons.values()}
    assert given_before == {"order:2:o4"}, "the fourth order of all"
    erase(anna, 1, now)
    decided = anna.settle(now)
    assert (decided.coupons, decided.revoke) == ((), ())


def test_points_in_their_hold_and_an_exchange_still_open_are_closed_as_they_stand(
    member: Any, local: Any
) -> None:
    anna = member(msgspec.structs.replace(TERMS, hold_days=14), shops=SHOPS)
    anna.buys("old", 90_00, local("2026-02-01"))
    anna.buys("new", 50_00, local("2026-03-30"))
    anna.redeems("r", 40, local("2026-03-01"), until=local("2026-05-01"))
    now = local("2026-04-01")
    assert anna.balance(now) == 50
    erase(anna, 1, now)
    # Its code lives on in the shop that went, where nobody could end it: the points stay spent.
    assert anna.balance(local("2026-04-30")) == 50
    assert anna.balance(local("2026-05-02")) == 0, (
        "the rest of the 90 ended three months after they were given"
    )
