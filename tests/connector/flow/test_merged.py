"""Two customers that the shop joined, whichever of its messages came: points, redemptions and open codes follow."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from connector.flow import redeeming
from connector.port import (
    Change,
    CustomerChanged,
    CustomerRemoved,
    CustomersMerged,
    CustomerTouched,
    OrderChanged,
    OrderTouched,
)
from connector.store.tables import acts


@pytest.fixture
def joined(world: Any, start: Any, make: Any) -> Callable[[], list[Any]]:
    """Anna (7) and Bert (8) with an order each; 100 points of Bert's are a code. The shop then joins Bert into Anna.

    Returns a function that does it, and the states of Bert's orders afterwards.
    """
    start()
    world.tell(CustomerChanged(make.person()), CustomerChanged(make.person("8", "bert@example.nl")))
    orders = [
        make.order(1, 150, make.NOW, "7"),
        make.order(2, 250, make.NOW, "8"),
        make.order(3, 30, make.NOW, "8"),
    ]
    world.happen(*orders)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        redeeming.redeem(tx, world.member("8"), world.shop.id, "8", "five-off", "act-1", "shopper", world.now)
    while world.push():
        pass

    def join() -> list[Any]:
        world.later(1 / 24)
        moved = [
            msgspec.structs.replace(order, customer_id="7", changed_at=world.now) for order in orders[1:]
        ]
        world.corner.order_book |= {order.id: order for order in moved}
        del world.corner.people["8"]
        return moved

    return join


def ends(world: Any) -> dict[str, Any]:
    """What must be the same whatever came: sums per source, whose is whose, and for whom codes are."""
    while world.push():
        pass
    assert world.member("7") == world.member("8")
    return {
        "balance": world.balance(),
        "sums": world.sums(),
        "redeemed by": [row.record["customer_id"] for row in world.rows(acts)],
        "codes": sorted((row.source, row.customer_id, row.state) for row in world.coupons),
        "in the shop": sorted(coupon.customer_id for coupon in world.corner.codes.values()),
    }


ROADS: dict[str, Callable[[list[Any]], list[Change]]] = {
    "merged": lambda moved: [CustomersMerged("7", "8")],
    "merged, then the orders": lambda moved: [CustomersMerged("7", "8"), *map(OrderChanged, moved)],
    "orders, then removed": lambda moved: [*map(OrderChanged, moved), CustomerRemoved("8")],
    "removed, then orders": lambda moved: [CustomerRemoved("8"), *map(OrderChanged, moved)],
    "one order, then looked up": lambda moved: [OrderTouched("2"), CustomerTouched("8")],
    "nothing": lambda moved: [],
}


@pytest.mark.parametrize("road", ROADS)
def test_points_redemptions_and_codes_follow_whatever_was_told(
    world: Any, joined: Callable[[], list[Any]], road: str
) -> None:
    moved = joined()
    world.tell(*ROADS[road](moved))
    world.reconcile()
    assert (world.reconcile(), world.reconcile()) == (0, 0)
    found = ends(world)
    assert (found["balance"], found["redeemed by"]) == (330, ["7"])
    assert found["in the shop"] == ["7"] * len(found["in the shop"])
    assert {customer for _, customer, state in found["codes"] if state in ("live", "wanted")} == {"7"}


def test_a_storm_of_messages_without_the_one_about_joining_ends_the_same(
    world: Any, joined: Callable[[], list[Any]]
) -> None:
    moved = joined()
    told = [
        *map(OrderChanged, moved), CustomerRemoved("8"), CustomerTouched("8"),
        *(OrderTouched(order.id) for order in moved), CustomerTouched("7"),
    ]  # fmt: skip
    storm = list(itertools.chain(told, told, told))
    random.Random(5).shuffle(storm)
    for number, change in enumerate(storm):
        world.tell(change, drain=number % 4 == 0)
    world.apply()
    world.reconcile()
    assert (world.reconcile(), ends(world)["balance"]) == (0, 330)


def test_an_order_that_staff_gives_to_another_customer_joins_nobody(
    world: Any, joined: Callable[[], list[Any]]
) -> None:
    bert = world.corner.people["8"]
    moved = joined()
    world.corner.people["8"] = bert
    world.tell(*map(OrderChanged, moved), CustomerTouched("8"))
    world.reconcile()
    assert world.member("7") != world.member("8")
    assert world.balance("7") == 430


def test_whoever_is_gone_while_their_orders_have_several_owners_is_joined_with_nobody(
    world: Any, joined: Callable[[], list[Any]], make: Any
) -> None:
    moved = joined()
    carla = make.person("9", "carla@example.nl")
    world.corner.people["9"] = carla
    other = msgspec.structs.replace(moved[1], customer_id="9")
    world.corner.order_book["3"] = other
    world.tell(CustomerChanged(carla), OrderChanged(moved[0]), OrderChanged(other), CustomerRemoved("8"))
    assert len({world.member(one) for one in ("7", "8", "9")}) == 3


def test_who_leaves_with_an_order_from_before_the_programme_is_joined_with_no_stranger(
    world: Any, joined: Callable[[], list[Any]], make: Any
) -> None:
    world.happen(make.order(4, 20, make.NOW - 400 * make.DAY, "8"))
    moved = joined()
    # Staff gave Anna all orders of Bert's that earned something; then his account was deleted.
    world.tell(*map(OrderChanged, moved), CustomerRemoved("8"))
    assert world.member("7") != world.member("8")


def test_who_leaves_one_shop_and_stays_in_another_is_joined_with_no_stranger(
    world: Any, market: Any, joined: Callable[[], list[Any]], make: Any
) -> None:
    moved = joined()
    market.tell(CustomerChanged(make.person("80", "bert@example.nl")))
    assert market.member("80") == world.member("8")
    world.tell(*map(OrderChanged, moved), CustomerRemoved("8"))
    assert world.member("7") != world.member("8")


def test_two_accounts_of_one_proven_address_are_one_member_whom_guests_orders_go_to_once(
    world: Any, start: Any, make: Any
) -> None:
    """A shop of several websites keeps an account for each: the same person, whichever of them the guest bought on."""
    start()
    world.tell(CustomerChanged(make.person("7")), CustomerChanged(make.person("8")))
    assert world.member("7") == world.member("8")
    guests = make.order(1, 50, make.NOW - 30 * make.DAY, None, email="anna@example.nl")
    world.happen(guests, make.order(2, 20, make.NOW - 30 * make.DAY, "8"))
    assert (world.balance("7"), world.balance("8")) == (70, 70)
