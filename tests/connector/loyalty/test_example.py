"""The live example on the programme page is told by the rules themselves."""

import msgspec
import pytest

from connector.loyalty.example import example
from connector.loyalty.terms import suggested

CHANGE = msgspec.structs.replace


def test_orders_of_120_00_reach_silver_with_the_third_and_gold_with_the_fifth(local):
    now = local("2026-11-01 10:00")
    told = example(suggested("EUR"), 120_00, now, timezone="Europe/Amsterdam")
    assert (told.points, told.available_at, told.expires_at) == (
        120,
        local("2026-11-15"),
        local("2027-11-02"),
    )
    assert [(one.orders, one.points, one.tier) for one in told.steps] == [
        (1, 120, None),
        (2, 240, None),
        (3, 360, "Silver"),
        (4, 480, "Silver"),
        (5, 600, "Gold"),
    ]
    assert [one.coupons for one in told.steps] == [
        (),
        ("Free shipping on the third order", "A small gift after the second order"),
        (),
        (),
        (),
    ]
    assert told.steps[0].redeemables == ("5.00 off",)


@pytest.mark.parametrize("amount", [0, 99])
def test_an_order_too_small_earns_nothing_and_never_arrives(local, amount):
    told = example(suggested("EUR"), amount, local("2026-11-01"), orders=2)
    assert (told.points, told.available_at, told.expires_at) == (0, None, None)
    assert [one.redeemables for one in told.steps] == [(), ()]


def test_without_a_hold_points_are_there_at_once_and_without_expiry_for_ever(local):
    now = local("2026-11-01 10:00")
    told = example(CHANGE(suggested("EUR"), hold_days=0, expiry_months=0), 50_00, now)
    assert (told.points, told.available_at, told.expires_at) == (50, now, None)
