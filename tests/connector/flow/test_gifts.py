"""Money that is given once: gift cards and store credit, from the exchange to the customer, whatever goes wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connector.flow import again, redeeming
from connector.loyalty.terms import NthOrder, Redeemable, Reward
from connector.port import CouponMade, CustomerChanged, Forbidden, OutcomeUnknown, Refused, TryLater

MINUTE = timedelta(minutes=1)
FIVE = Redeemable("five", "Five euros back", 100, Reward("store_credit", 5_00))
CARD = Redeemable("card", "A card of ten", 100, Reward("gift_card", 10_00, valid_days=365))


@pytest.fixture
def rich(world: Any, start: Any, make: Any) -> Any:
    """Anna with 120 points, in a programme that exchanges 100 of them for five euros of store credit, or a card of ten."""
    start(redeemables=(FIVE, CARD), nth_orders=())
    world.tell(CustomerChanged(make.person()))
    world.happen(make.order(1, 120, make.NOW))
    world.push()
    world.corner.calls.clear()
    return world


def redeem(world: Any, key: str = "five", act_key: str = "a-1") -> Any:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        return redeeming.redeem(tx, world.member(), world.shop.id, "7", key, act_key, "staff", world.now)


def given(world: Any) -> list[tuple[str, int]]:
    return [(gift.kind, gift.value) for gift in world.corner.given]


def asked(world: Any) -> list[str]:
    """What was said to the shop about gifts since the last look here."""
    said = [call for call in world.corner.calls if call in ("make_coupon", "find_gift", "revoke_coupon")]
    world.corner.calls.clear()
    return said


def after(world: Any, minutes: int) -> None:
    world.later(minutes / (24 * 60))
    world.push()


def give_up(world: Any) -> None:
    """Every try meets a shop that does not answer; after the last of them the gift is given up."""
    for _ in range(7):
        world.corner.trouble = [OutcomeUnknown("no answer came back")]
        after(world, 6 * 60)
    assert world.coupons[0].state == "parked"
    world.corner.trouble = []
    world.corner.calls.clear()


def test_an_exchange_for_store_credit_is_given_once_and_its_points_are_spent_for_good(rich: Any) -> None:
    redeem(rich)
    rich.push()
    assert (given(rich), rich.balance()) == ([("store_credit", 500)], 20)
    assert [row.state for row in rich.coupons] == ["live"]
    rich.later(100)
    assert rich.sums()["redemption:a-1"] == -100, "not spent in time: the sum is the customer's all the same"
    assert rich.reconcile() == 0
    rich.push()
    assert given(rich) == [("store_credit", 500)]


def test_a_gift_card_that_somebody_elses_code_stands_in_the_way_of_gets_another_code(rich: Any) -> None:
    code = redeem(rich, "card").code
    rich.corner.foreign_codes = {code}
    rich.push()
    [card] = rich.corner.given
    assert (card.kind, card.code != code) == ("gift_card", True)
    assert rich.coupons[0].code == card.code


def test_two_credits_that_look_the_same_in_the_shop_are_given_both(rich: Any, make: Any) -> None:
    rich.happen(make.order(2, 100, make.NOW))
    first = redeem(rich).code
    rich.push()
    second = redeem(rich, act_key="a-2").code
    give = rich.corner.make_coupon

    def confused(coupon: Any) -> Any:
        return CouponMade(f"remote {first}") if coupon.code == second else give(coupon)

    rich.corner.make_coupon = confused
    rich.push()
    assert given(rich) == [("store_credit", 500)] * 2
    assert {row.code for row in rich.coupons} == {gift.code for gift in rich.corner.given}
    assert len({row.remote_id for row in rich.coupons}) == 2


def test_an_order_undone_and_a_code_of_the_same_text_mean_nothing_to_a_gift(rich: Any, make: Any) -> None:
    code = redeem(rich, "card").code
    rich.push()
    rich.happen(make.order(2, 40, make.NOW, coupon_codes=(code,), cancelled_at=rich.now))
    assert rich.sums()["redemption:a-1"] == -100
    assert rich.coupons[0].state == "live"


def test_what_the_shop_refuses_gives_the_points_back_at_once_and_leaves_the_shop_connected(rich: Any) -> None:
    redeem(rich)
    rich.corner.trouble = [Forbidden("a right is missing")]
    rich.push()
    assert (given(rich), rich.balance(), rich.coupons[0].state) == ([], 120, "refused")
    [parked] = [row for row in rich.outbox if row.state == "parked"]
    assert parked.result == "a right is missing"
    with rich.house.database.merchant(rich.shop.merchant_id) as tx:
        assert again.push_again(tx, parked.id, rich.now)
    rich.push()
    assert (given(rich), rich.balance()) == ([("store_credit", 500)], 20)


def test_after_a_lost_answer_nothing_is_tried_for_ten_minutes_and_then_the_first_gift_is_found(
    rich: Any,
) -> None:
    redeem(rich)
    rich.corner.lose_answers = 1
    rich.push()
    assert asked(rich) == ["make_coupon"]
    after(rich, 9)
    assert asked(rich) == []
    after(rich, 2)
    assert asked(rich) == ["make_coupon"]
    assert (given(rich), rich.balance(), rich.coupons[0].state) == ([("store_credit", 500)], 20, "live")


def test_a_busy_shop_did_nothing_and_is_asked_again_soon(rich: Any) -> None:
    redeem(rich)
    rich.corner.trouble = [TryLater("out of order")]
    rich.push()
    after(rich, 1)
    assert asked(rich) == ["make_coupon", "make_coupon"]
    assert given(rich) == [("store_credit", 500)]


def test_a_shop_that_was_busy_at_every_try_gave_nothing_so_the_points_come_back_without_a_look(
    rich: Any,
) -> None:
    redeem(rich)
    for _ in range(7):
        rich.corner.trouble = [TryLater("out of order")]
        after(rich, 6 * 60)
    assert (rich.coupons[0].state, rich.balance()) == ("parked", 120)
    assert "find_gift" not in asked(rich)


def test_points_of_a_gift_that_was_given_up_come_back_after_a_look_ten_minutes_later(rich: Any) -> None:
    redeem(rich)
    give_up(rich)
    assert rich.balance() == 20
    after(rich, 9)
    assert (asked(rich), rich.balance()) == ([], 20)
    after(rich, 2)
    assert (asked(rich), rich.balance()) == (["find_gift"], 120)


def test_a_look_that_finds_what_was_given_up_leaves_the_points_spent(rich: Any) -> None:
    redeem(rich)
    rich.corner.lose_answers = 1
    rich.push()
    give_up(rich)
    after(rich, 11)
    assert (rich.balance(), rich.coupons[0].state) == (20, "live")
    assert given(rich) == [("store_credit", 500)]


def test_a_gift_that_shows_only_at_a_later_comparison_spends_the_points_again_into_debt_if_need_be(
    rich: Any, make: Any
) -> None:
    redeem(rich)
    give_up(rich)
    after(rich, 11)
    assert rich.balance() == 120
    redeem(rich, "card", "a-2")
    rich.push()
    late = next(row for row in rich.coupons if row.source == "redemption:a-1")
    with rich.house.database.merchant(rich.shop.merchant_id) as tx:
        from connector.store import coupons

        rich.corner.given.append(coupons.get(tx, rich.shop.id, f"{late.source} {late.reward_key}").coupon)
    rich.later(1)
    rich.reconcile()
    rich.push()
    assert given(rich) == [("gift_card", 1000), ("store_credit", 500)]
    assert (rich.sums()["redemption:a-1"], rich.balance()) == (-100, -80)


def test_what_was_given_up_is_tried_again_by_hand_under_the_same_code_and_only_after_the_look(
    rich: Any,
) -> None:
    code = redeem(rich).code
    give_up(rich)
    parked = next(row for row in rich.outbox if row.state == "parked")
    with rich.house.database.merchant(rich.shop.merchant_id) as tx, pytest.raises(again.StillImpossible):
        again.push_again(tx, parked.id, rich.now)
    after(rich, 11)
    with rich.house.database.merchant(rich.shop.merchant_id) as tx:
        assert again.push_again(tx, parked.id, rich.now)
    after(rich, 11)
    assert ([gift.code for gift in rich.corner.given], rich.balance()) == ([code], 20)


def test_a_look_that_was_put_aside_too_comes_back_with_its_gift_and_is_not_put_away(rich: Any) -> None:
    redeem(rich)
    give_up(rich)
    rich.corner.trouble = [Forbidden("a right is missing")]
    after(rich, 11)
    parked = {row.kind: row.id for row in rich.outbox if row.state == "parked"}
    with rich.house.database.merchant(rich.shop.merchant_id) as tx:
        with pytest.raises(again.StillImpossible, match="Try it again"):
            again.discard_push(tx, parked["revoke"], rich.now)
        assert again.discard_all(tx, rich.now) == 1
    assert [row.kind for row in rich.outbox if row.state == "parked"] == ["revoke"]
    with rich.house.database.merchant(rich.shop.merchant_id) as tx:
        assert again.push_again(tx, parked["revoke"], rich.now)
    rich.push()
    assert (rich.balance(), given(rich)) == (120, [])


def test_trying_a_gift_again_looks_again_where_the_look_was_put_aside(rich: Any) -> None:
    redeem(rich)
    give_up(rich)
    rich.corner.trouble = [Forbidden("a right is missing")]
    after(rich, 11)
    parked = {row.kind: row.id for row in rich.outbox if row.state == "parked"}
    asked(rich)
    shop = rich.house.database.merchant(rich.shop.merchant_id)
    with shop as tx, pytest.raises(again.StillImpossible, match="looked for"):
        again.push_again(tx, parked["coupon"], rich.now)
    rich.push()
    assert (asked(rich), rich.balance()) == (["find_gift"], 120)
    with rich.house.database.merchant(rich.shop.merchant_id) as tx:
        assert again.push_again(tx, parked["coupon"], rich.now)
    after(rich, 11)
    assert ([gift.value for gift in rich.corner.given], rich.balance()) == ([500], 20)


def test_a_refusal_after_a_lost_answer_is_no_clear_no(rich: Any) -> None:
    redeem(rich)
    rich.corner.trouble = [OutcomeUnknown("no answer came back")]
    rich.push()
    rich.corner.trouble = [Refused("not today")]
    after(rich, 11)
    assert asked(rich) == ["make_coupon", "make_coupon", "find_gift"], (
        "looked for, before the points are back"
    )
    assert (rich.coupons[0].state, rich.balance()) == ("parked", 120)


def test_a_worker_that_went_away_in_the_middle_is_taken_for_an_unknown_outcome(
    rich: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    redeem(rich)
    with monkeypatch.context() as patched:
        patched.setattr("connector.flow.outcomes.keep", killed)
        with pytest.raises(Killed):
            rich.push()
    assert (given(rich), asked(rich)) == ([("store_credit", 500)], ["make_coupon"])
    after(rich, 3)
    assert asked(rich) == [], "its lease is over, and nothing is tried all the same"
    after(rich, 8)
    assert (given(rich), rich.coupons[0].state) == ([("store_credit", 500)], "live")


@pytest.fixture
def third(world: Any, start: Any, make: Any) -> Any:
    """Anna, whose first order brings a card of ten; the order is paid, and the card on its way."""
    start(redeemables=(), nth_orders=(NthOrder("thanks", "Thanks", 1, CARD.reward),))
    world.tell(CustomerChanged(make.person()))
    world.happen(make.order(1, 120, make.NOW))
    return world


def test_a_gift_for_an_order_is_called_off_while_it_is_not_given(third: Any, make: Any) -> None:
    third.happen(make.order(1, 120, make.NOW, cancelled_at=third.now, changed_at=third.now + MINUTE))
    third.push()
    assert (given(third), third.coupons[0].state, asked(third)) == ([], "revoked", [])
    third.happen(make.order(1, 120, make.NOW, changed_at=third.now + 2 * MINUTE))
    third.push()
    assert given(third) == [("gift_card", 1000)]


def test_a_gift_for_an_order_that_is_undone_after_it_was_given_stays_with_the_customer(
    third: Any, make: Any
) -> None:
    third.push()
    third.happen(make.order(1, 120, make.NOW, cancelled_at=third.now, changed_at=third.now + MINUTE))
    third.push()
    assert third.coupons[0].state == "live"
    assert asked(third) == ["make_coupon"]
    third.happen(make.order(1, 120, make.NOW, changed_at=third.now + 2 * MINUTE))
    third.push()
    assert given(third) == [("gift_card", 1000)], "the order lives again, and its gift is not given twice"


def test_a_gift_called_off_after_a_lost_answer_is_looked_for_and_stays_where_it_was_given(
    third: Any, make: Any
) -> None:
    third.corner.lose_answers = 1
    third.push()
    third.happen(make.order(1, 120, make.NOW, cancelled_at=third.now, changed_at=third.now + MINUTE))
    after(third, 6)
    assert (third.coupons[0].state, asked(third)) == ("revoking", ["make_coupon"])
    after(third, 6)
    assert (third.coupons[0].state, asked(third)) == ("live", ["find_gift"])
    third.happen(make.order(1, 120, make.NOW, changed_at=third.now + 2 * MINUTE))
    after(third, 30)
    assert given(third) == [("gift_card", 1000)]
