"""A code that is given up is never left beside the points it was exchanged for."""

from __future__ import annotations

from typing import Any

import pytest

from connector import rounds
from connector.flow import reconciling, redeeming, welcoming
from connector.port import Forbidden, Installed
from connector.store import outbox


@pytest.fixture
def anna(world: Any, start: Any, make: Any) -> str:
    """A code that Anna has for 100 of her 120 points, live in the shop."""
    start()
    world.happen(make.order(1, 120, make.NOW))
    world.push()
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        made = redeeming.redeem(tx, world.member(), world.shop.id, "7", "five-off", "a-1", "staff", world.now)
    world.push()
    assert (world.balance(), list(world.corner.codes)) == (20, [made.code])
    return str(made.code)


def reads(world: Any, *found: Any) -> int:
    """The nightly look at the codes, which finds just these."""
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        return reconciling.compare_coupons(tx, world.shop, found, world.now)


def test_a_live_code_that_the_shop_refuses_to_make_again_is_ended_when_its_points_come_back(
    world: Any, anna: str
) -> None:
    assert reads(world) == 1
    world.corner.refused_codes.add(anna)
    world.push()
    assert ([row.state for row in world.coupons], world.balance(), world.corner.codes) == (
        ["refused"],
        120,
        {},
    )


def test_a_code_that_an_earlier_try_made_unheard_is_ended_when_a_later_one_is_refused(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.happen(make.order(1, 120, make.NOW))
    world.push()
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        redeeming.redeem(tx, world.member(), world.shop.id, "7", "five-off", "a-1", "staff", world.now)
    world.corner.lose_answers = 1
    world.push()
    (code,) = world.corner.codes
    world.corner.refused_codes.add(code)
    for _ in range(2):
        world.later(1)
        world.push()
    assert (world.balance(), world.corner.codes) == (120, {})


def test_a_given_up_code_found_in_the_shop_is_ended_by_night_whatever_became_of_the_push_that_made_it(
    world: Any, anna: str
) -> None:
    coupon = world.corner.codes[anna]
    reads(world)
    world.corner.refused_codes.add(anna)
    world.push()
    # It came back by itself, say with a backup of the shop's.
    world.corner.codes[anna] = coupon
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert outbox.pending(tx, world.shop.id, ("coupon",))
    assert reads(world, coupon) == 1
    world.push()
    assert (world.balance(), world.corner.codes) == (120, {})


def test_what_a_right_was_missing_for_that_the_shop_does_not_tell_of_goes_out_when_it_is_connected_again(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.happen(make.order(1, 900, make.NOW))
    world.corner.trouble = [Forbidden("A right is missing.")]
    world.push()
    assert [(row.state, row.lacks) for row in world.outbox] == [("parked", "")]
    rounds.keep_alive(world.house, world.shop.merchant_id, world.shop.id)
    world.push()
    assert [row.state for row in world.outbox] == ["parked"]
    welcoming.welcome(world.house.database, world.corner, Installed(world.corner.says, b"tokens"), world.now)
    world.push()
    assert [row.state for row in world.outbox] == ["done"]
    assert world.corner.tags["7"]
