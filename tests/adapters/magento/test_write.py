"""A tier is a customer group: ours is given and taken, the shop's own is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.magento.sandbox import people
from connector.port import LeftAlone, Marked, Refused


@pytest.fixture
def ann(sandbox: Any) -> str:
    return str(sandbox.customer("ann"))


def group(sandbox: Any, customer: str) -> str:
    return str(sandbox.shop.groups.get(sandbox.shop.customers.get(int(customer)).group_id).code)


def put(sandbox: Any, customer: str, code: str) -> None:
    found = next(row for row in sandbox.shop.groups if row.code == code)
    people.change(sandbox.shop, int(customer), {"group_id": found.id})


def test_a_tier_makes_its_group_once_and_the_customer_is_in_it(sandbox: Any, ann: str) -> None:
    assert sandbox.line().mark(ann, ("Gold",), ()) == Marked(("Gold",))
    bob = str(sandbox.customer("bob"))
    assert sandbox.line().mark(bob, ("Gold",), ()) == Marked(("Gold",))
    assert [group(sandbox, each) for each in (ann, bob)] == ["Gold", "Gold"]
    assert [row.code for row in sandbox.shop.groups].count("Gold") == 1
    assert sandbox.line().customers((ann,))[ann].marks == ("Gold",)


def test_marking_twice_changes_nothing_the_second_time(sandbox: Any, ann: str) -> None:
    sandbox.line().mark(ann, ("Gold",), ())
    sandbox.later(hours=1)
    before = sandbox.shop.customers.get(int(ann))
    assert sandbox.line().mark(ann, ("Gold",), ("Gold",)) == Marked(("Gold",))
    assert sandbox.shop.customers.get(int(ann)) == before


def test_a_higher_tier_takes_the_place_of_the_lower(sandbox: Any, ann: str) -> None:
    sandbox.line().mark(ann, ("Silver",), ())
    assert sandbox.line().mark(ann, ("Gold",), ("Silver",)) == Marked(("Gold",))
    assert group(sandbox, ann) == "Gold"


def test_without_a_tier_the_customer_is_back_in_the_default_group(sandbox: Any, ann: str) -> None:
    sandbox.line().mark(ann, ("Gold",), ())
    assert sandbox.line().mark(ann, (), ("Gold",)) == Marked(())
    assert group(sandbox, ann) == "General"


def test_a_wholesale_customer_stays_one(sandbox: Any, ann: str) -> None:
    put(sandbox, ann, "Wholesale")
    answer = sandbox.line().mark(ann, ("Gold",), ())
    assert isinstance(answer, LeftAlone)
    assert "'Wholesale'" in answer.why
    assert sandbox.line().mark(ann, (), ("Gold",)) == Marked(())
    assert group(sandbox, ann) == "Wholesale"


def test_everything_else_about_the_customer_is_written_back_as_it_was(sandbox: Any, ann: str) -> None:
    before = people.customer_body(sandbox.shop.customers.get(int(ann)))
    sandbox.line().mark(ann, ("Gold",), ())
    after = people.customer_body(sandbox.shop.customers.get(int(ann)))
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed <= {"group_id", "updated_at"}
    assert before["group_id"] != after["group_id"]


def test_a_group_of_the_merchants_making_with_the_tiers_name_is_used(sandbox: Any, ann: str) -> None:
    people.save_group(sandbox.shop, {"code": "VIP Gold", "tax_class_id": 3})
    assert sandbox.line().mark(ann, ("VIP Gold",), ()) == Marked(("VIP Gold",))
    assert group(sandbox, ann) == "VIP Gold"


def test_a_name_that_differs_in_capitals_only_is_refused_with_what_to_do(sandbox: Any, ann: str) -> None:
    people.save_group(sandbox.shop, {"code": "VIP GOLD", "tax_class_id": 3})
    with pytest.raises(Refused, match="'VIP GOLD'; give the tier exactly that name"):
        sandbox.line().mark(ann, ("Vip Gold",), ())


def test_a_name_that_magento_would_cut_is_refused_with_what_to_do(sandbox: Any, ann: str) -> None:
    with pytest.raises(Refused, match="32 characters"):
        sandbox.line().mark(ann, ("The most loyal of all our customers",), ())


def test_a_customer_who_is_gone_is_left_alone(sandbox: Any) -> None:
    assert isinstance(sandbox.line().mark("4711", ("Gold",), ()), LeftAlone)


def test_two_groups_at_once_are_a_mistake_of_ours(sandbox: Any, ann: str) -> None:
    with pytest.raises(ValueError, match="one group"):
        sandbox.line().mark(ann, ("Gold", "Early"), ())
