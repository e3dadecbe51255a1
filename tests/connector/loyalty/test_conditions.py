"""What few rewards ask for: some of what is sold, a number of items, other discounts beside it, something to be bought."""

import msgspec
import pytest

from connector.loyalty import promise
from connector.loyalty.check import Problem, beyond, problems
from connector.loyalty.terms import NthOrder, Reward, suggested
from connector.records import Scope

CHANGE = msgspec.structs.replace
AT = "nth_orders.0.reward"
TEA, DRINKS = Scope(products=("11",)), Scope(collections=("21", "22"))
POT = Reward("buy_x_get_y", 100_00, minimum_quantity=2, scope=TEA, buys=DRINKS, gets=1)


def with_reward(reward):
    return CHANGE(suggested("EUR"), nth_orders=(NthOrder("k", "A gift", 2, reward),))


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"scope": Scope()}, "scope", "some_needed"),
        ({"buys": Scope()}, "buys", "some_needed"),
        ({"minimum_quantity": 0}, "minimum_quantity", "a_minimum_needed"),
        ({"minimum": 10_00}, "minimum_quantity", "one_minimum"),
        ({"minimum_quantity": 1001}, "minimum_quantity", "out_of_range"),
        ({"gets": 0}, "gets", "out_of_range"),
        ({"value": 0}, "value", "out_of_range"),
        ({"value": 100_01}, "value", "out_of_range"),
        ({"scope": Scope(tuple(map(str, range(21))))}, "scope", "too_many"),
        ({"kind": "free_shipping", "value": 0}, "scope", "shipping_of_some"),
    ],
)
def test_what_cannot_be_asked_for_is_said_at_its_field(change, field, code):
    found = problems(with_reward(CHANGE(POT, **change)))
    assert (f"{AT}.{field}", code) in [(one.field, one.code) for one in found]
    assert problems(with_reward(POT)) == ()


@pytest.mark.parametrize(
    ("reward", "field"),
    [
        (POT, "kind"),
        (Reward("percentage", 10_00, scope=TEA), "scope"),
        (Reward("percentage", 10_00, minimum_quantity=2), "minimum_quantity"),
        (Reward("percentage", 10_00, combines="shipping"), "combines"),
    ],
)
def test_only_what_every_shop_gives_may_be_promised(reward, field):
    simple = frozenset({"amount", "percentage", "free_shipping"})
    found = beyond(with_reward(reward), simple, 1)
    assert Problem(f"{AT}.{field}", "not_given") in found
    everything = simple | {"buy_x_get_y", "scope", "minimum_quantity", "combining"}
    assert beyond(with_reward(reward), everything, 1) == ()


def test_products_are_named_while_there_is_one_shop():
    found = beyond(with_reward(Reward("percentage", 10_00, scope=TEA)), frozenset({"percentage", "scope"}), 2)
    assert Problem(f"{AT}.scope", "one_shop_only") in found


def test_a_free_product_is_told_in_one_sentence():
    english = promise.describe(with_reward(POT), "en")
    dutch = promise.describe(with_reward(POT), "nl")
    assert any(
        "1 × products 11 at 100 % off when buying collections 21, 22, for at least 2 items" in it
        for it in english
    )
    assert any("1 × producten 11 met 100 % korting bij aankoop van collecties 21, 22" in it for it in dutch)


@pytest.mark.parametrize(
    ("combines", "beside"),
    [("nothing", ()), ("shipping", ("shipping",)), ("everything", ("order", "product", "shipping"))],
)
def test_a_reward_goes_beside_what_it_says(combines, beside):
    assert Reward("amount", 5_00, combines=combines).beside == beside
    # No two discounts pay for the same shipping: a shop refuses a code that says so.
    assert Reward("free_shipping", combines=combines).beside == tuple(
        one for one in beside if one != "shipping"
    )


def test_an_offer_carries_its_conditions(member, p0, local):
    pot = NthOrder("pot", "A pot", 1, CHANGE(POT, combines="shipping"))
    m = member(CHANGE(p0, nth_orders=(pot,)))
    m.buys("1", 10_00, local("2026-03-01 12:00"))
    (coupon,) = m.settle(local("2026-03-02")).coupons
    assert (coupon.kind, coupon.value, coupon.minimum_quantity, coupon.gets) == ("buy_x_get_y", 100_00, 2, 1)
    assert (coupon.scope, coupon.buys, coupon.combines) == (TEA, DRINKS, ("shipping",))
    assert m.settle(local("2026-03-02")).coupons == ()
