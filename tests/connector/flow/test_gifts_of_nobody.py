"""What becomes of money, and of codes, that were on their way to somebody who was forgotten meanwhile, or joined."""

from __future__ import annotations

from typing import Any

import pytest

from connector.flow import redeeming, together
from connector.loyalty.terms import NthOrder, Redeemable, Reward
from connector.port import (
    CustomerChanged,
    CustomerForgotten,
    CustomersMerged,
    OrderChanged,
    OutcomeUnknown,
)

FIVE = Redeemable("five", "Five euros back", 100, Reward("store_credit", 5_00))
CODE = Redeemable("code", "Five euros off", 100, Reward("amount", 5_00))
FORGET = CustomerForgotten("corner.example", "7", "anna@example.nl", ())
CANNOT_LOOK = "The person was forgotten; it cannot be looked for."
NOT_MADE = "The person was forgotten; it is not made any more."


@pytest.fixture
def rich(world: Any, start: Any, make: Any) -> Any:
    """Anna with 120 points, which buy five euros of store credit, or a code over as much."""
    start(redeemables=(FIVE, CODE), nth_orders=())
    world.tell(CustomerChanged(make.person()))
    world.happen(make.order(1, 120, make.NOW))
    world.push()
    return world


def redeem(world: Any, key: str = "five") -> Any:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        redeeming.redeem(tx, world.member(), world.shop.id, "7", key, "a-1", "staff", world.now)
    world.corner.calls.clear()


def after(world: Any, minutes: int) -> None:
    world.later(minutes / (24 * 60))
    world.push()


def give_up(world: Any, trouble: Any = OutcomeUnknown) -> None:
    for _ in range(7):
        world.corner.trouble = [trouble("no answer came back")]
        after(world, 6 * 60)
    world.corner.trouble = []
    world.corner.calls.clear()


def spent(world: Any) -> int:
    return int(world.sums().get("redemption:a-1", 0))


def said(world: Any, kind: str) -> list[tuple[str, str]]:
    return [(row.state, row.result) for row in world.outbox if row.kind == kind]


def test_points_never_come_back_beside_a_gift_of_somebody_forgotten_for_whom_nobody_could_look(
    rich: Any,
) -> None:
    redeem(rich)
    rich.corner.lose_answers = 1
    rich.push()
    give_up(rich)
    rich.tell(FORGET)
    after(rich, 11)
    assert rich.corner.calls == []
    assert said(rich, "revoke") == [("dropped", CANNOT_LOOK)]
    assert (len(rich.corner.given), spent(rich)) == (1, -100)


def test_a_gift_in_doubt_is_neither_given_nor_refunded_once_its_person_is_forgotten(rich: Any) -> None:
    redeem(rich)
    rich.corner.lose_answers = 1
    rich.push()
    rich.corner.calls.clear()
    rich.tell(FORGET)
    after(rich, 11)
    after(rich, 11)
    assert rich.corner.calls == []
    assert said(rich, "coupon") == [("dropped", CANNOT_LOOK)]
    assert (rich.coupons[0].state, len(rich.corner.given), spent(rich)) == ("parked", 1, -100)


@pytest.mark.parametrize("key", ["five", "code"])
def test_what_was_never_tried_for_somebody_forgotten_gives_the_points_back(rich: Any, key: str) -> None:
    redeem(rich, key)
    rich.tell(FORGET)
    rich.push()
    assert rich.corner.calls == []
    assert said(rich, "coupon") == [("dropped", NOT_MADE)]
    assert (rich.coupons[0].state, spent(rich)) == ("refused", 0)


def test_a_code_tried_in_vain_for_somebody_forgotten_is_ended_and_its_points_come_back(rich: Any) -> None:
    redeem(rich, "code")
    rich.corner.lose_answers = 1
    rich.push()
    assert len(rich.corner.codes) == 1
    rich.tell(FORGET)
    after(rich, 1)
    rich.push()
    assert (rich.corner.codes, rich.coupons[0].state, spent(rich)) == ({}, "parked", 0)


def test_a_gift_called_off_before_any_try_is_not_said_to_have_been_looked_for(
    world: Any, start: Any, make: Any
) -> None:
    start(redeemables=(), nth_orders=(NthOrder("thanks", "Thanks", 1, FIVE.reward),))
    world.tell(CustomerChanged(make.person()))
    world.happen(make.order(1, 120, make.NOW))
    gone = make.order(1, 120, make.NOW, cancelled_at=world.now, changed_at=world.now + make.DAY)
    world.tell(OrderChanged(gone))
    world.push()
    assert said(world, "revoke") == [("done", "It was called off before it was tried.")]
    assert "find_gift" not in world.corner.calls


def meanwhile(world: Any, monkeypatch: pytest.MonkeyPatch, happens: Any) -> None:
    """Let it happen once, after the next pushes were claimed and before the first of them goes out."""
    calls, once = together.calls, [happens]

    def sorted_out(jobs: Any, **words: Any) -> Any:
        while once:
            once.pop()()
        return calls(jobs, **words)

    monkeypatch.setattr(together, "calls", sorted_out)


def test_no_money_goes_to_a_number_that_was_erased_while_its_call_waited_in_line(
    rich: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    redeem(rich)
    meanwhile(rich, monkeypatch, lambda: rich.tell(FORGET))
    rich.push()
    after(rich, 3)
    assert (rich.corner.given, spent(rich), rich.coupons[0].state) == ([], 0, "refused")


def test_a_gift_whose_customer_was_joined_while_its_call_waited_in_line_goes_to_the_survivor(
    rich: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rich.tell(CustomerChanged(make.person("8", email=None)))
    redeem(rich)
    meanwhile(rich, monkeypatch, lambda: rich.tell(CustomersMerged("8", "7")))
    rich.push()
    assert rich.corner.given == []
    after(rich, 3)
    assert [gift.customer_id for gift in rich.corner.given] == ["8"]
    assert spent(rich) == -100
