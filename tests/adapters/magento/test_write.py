"""A tier is a customer group: ours is given and taken, the shop's own is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.magento import whole
from adapters.magento.keys import Chosen
from adapters.magento.sandbox import groups, people
from connector.port import LeftAlone, Marked, Refused, Replaces


@pytest.fixture
def ann(sandbox: Any) -> str:
    return str(sandbox.customer("ann"))


def group(sandbox: Any, customer: str) -> str:
    return str(sandbox.shop.groups.get(sandbox.shop.customers.get(int(customer)).group_id).code)


def at_home(sandbox: Any, store: str) -> str:
    made = people.register(
        sandbox.shop, "una@example.com", "Una", "Shopper", verified=True, at=sandbox.stamp, store=store
    )
    return str(made.id)


def put(sandbox: Any, customer: str, code: str) -> None:
    found = next(row for row in sandbox.shop.groups if row.code == code)
    people.change(sandbox.shop, int(customer), {"group_id": found.id})


def test_a_tier_makes_its_group_once_and_the_customer_is_in_it(sandbox: Any, ann: str) -> None:
    assert sandbox.line().mark(ann, ("Gold",), (), tier="Gold", before="0") == Marked(("Gold",), "0")
    bob = str(sandbox.customer("bob"))
    assert sandbox.line().mark(bob, ("Gold",), (), tier="Gold", before="0") == Marked(("Gold",), "0")
    assert [group(sandbox, each) for each in (ann, bob)] == ["Gold", "Gold"]
    assert [row.code for row in sandbox.shop.groups].count("Gold") == 1
    assert sandbox.line().customers((ann,))[ann].marks == ("Gold",)


def test_marking_twice_changes_nothing_the_second_time(sandbox: Any, ann: str) -> None:
    sandbox.line().mark(ann, ("Gold",), (), tier="Gold", before="0")
    sandbox.later(hours=1)
    before = sandbox.shop.customers.get(int(ann))
    assert sandbox.line().mark(ann, ("Gold",), ("Gold",), tier="Gold", before="0") == Marked(("Gold",), "0")
    assert sandbox.shop.customers.get(int(ann)) == before


def test_a_higher_tier_takes_the_place_of_the_lower(sandbox: Any, ann: str) -> None:
    sandbox.line().mark(ann, ("Silver",), (), tier="Silver", before="0")
    assert sandbox.line().mark(ann, ("Gold",), ("Silver",), tier="Gold", before="0") == Marked(("Gold",), "0")
    assert group(sandbox, ann) == "Gold"


def test_without_a_tier_the_customer_is_back_in_the_default_group(sandbox: Any, ann: str) -> None:
    sandbox.line().mark(ann, ("Gold",), (), tier="Gold", before="0")
    assert sandbox.line().mark(ann, (), ("Gold",), before="0") == Marked(())
    assert group(sandbox, ann) == "General"


def test_the_default_group_is_that_of_the_store_view_where_the_customer_is_at_home(sandbox: Any) -> None:
    sandbox.shop.extras["view_groups"] = {"2": 3}
    una = at_home(sandbox, "uk_en")
    assert group(sandbox, una) == "Retailer"
    sandbox.line().mark(una, ("Gold",), (), tier="Gold", before="0")
    assert group(sandbox, una) == "Gold"
    assert sandbox.line().mark(una, (), ("Gold",), before="0") == Marked(())
    assert group(sandbox, una) == "Retailer"


def test_a_wholesale_customer_stays_one(sandbox: Any, ann: str) -> None:
    put(sandbox, ann, "Wholesale")
    answer = sandbox.line().mark(ann, ("Gold",), (), tier="Gold", before="0")
    assert isinstance(answer, LeftAlone)
    assert "'Wholesale'" in answer.why
    assert sandbox.line().mark(ann, (), ("Gold",), before="0") == Marked(())
    assert group(sandbox, ann) == "Wholesale"


@pytest.mark.parametrize("version", ["2.3", "2.4"])
def test_everything_else_about_the_customer_is_written_back_as_it_was(sandbox: Any, version: str) -> None:
    sandbox.shop.extras["version"] = version
    ann = at_home(sandbox, "uk_en")
    before = people.customer_body(sandbox.shop.customers.get(int(ann)))
    sandbox.line().mark(ann, ("Gold",), (), tier="Gold", before="0")
    after = people.customer_body(sandbox.shop.customers.get(int(ann)))
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed <= {"group_id", "updated_at"}
    assert before["group_id"] != after["group_id"]


def test_a_group_of_the_merchants_making_with_the_tiers_name_is_used(sandbox: Any, ann: str) -> None:
    groups.save(sandbox.shop, {"code": "VIP Gold", "tax_class_id": 3})
    assert sandbox.line().mark(ann, ("VIP Gold",), (), tier="VIP Gold", before="0") == Marked(
        ("VIP Gold",), "0"
    )
    assert group(sandbox, ann) == "VIP Gold"


def test_a_name_that_differs_in_capitals_only_is_refused_with_what_to_do(sandbox: Any, ann: str) -> None:
    groups.save(sandbox.shop, {"code": "VIP GOLD", "tax_class_id": 3})
    with pytest.raises(Refused, match="'VIP GOLD'; give the tier exactly that name"):
        sandbox.line().mark(ann, ("Vip Gold",), (), tier="Vip Gold", before="0")


LONG = "The most loyal of all our customers"


def test_a_name_that_magento_would_cut_is_refused_with_what_to_do(sandbox: Any, ann: str) -> None:
    with pytest.raises(Refused, match="32 characters"):
        sandbox.line().mark(ann, (LONG,), (), tier=LONG, before="0")


def test_a_customer_who_is_gone_is_left_alone(sandbox: Any) -> None:
    assert isinstance(sandbox.line().mark("4711", ("Gold",), (), tier="Gold", before="0"), LeftAlone)


RETAILER, WHOLESALE = 3, 2
MAY = Chosen(replaceable=(RETAILER,))


def test_a_group_that_may_be_replaced_is_named_first_and_comes_back_when_the_tier_ends(
    sandbox: Any, ann: str
) -> None:
    put(sandbox, ann, "Retailer")
    first = sandbox.line(chosen=MAY).mark(ann, ("Silver",), (), tier="Silver", before="0")
    assert first == Replaces("3")
    assert group(sandbox, ann) == "Retailer"
    moved = sandbox.line(chosen=MAY).mark(ann, ("Silver",), (), tier="Silver", before="3")
    assert (moved, group(sandbox, ann)) == (Marked(("Silver",), "3"), "Silver")
    risen = sandbox.line(chosen=MAY).mark(ann, ("Gold",), ("Silver",), tier="Gold", before="3")
    assert (risen, group(sandbox, ann)) == (Marked(("Gold",), "3"), "Gold")
    ended = sandbox.line(chosen=MAY).mark(ann, (), ("Gold",), before="3")
    assert (ended, group(sandbox, ann)) == (Marked(()), "Retailer")


def test_that_newcomers_group_is_replaced_is_written_down_first_too(sandbox: Any, ann: str) -> None:
    assert sandbox.line().mark(ann, ("Gold",), (), tier="Gold") == Replaces("0")
    assert group(sandbox, ann) == "General"


@pytest.mark.parametrize("tier", ["", "Gold"])
def test_who_was_put_by_hand_into_a_group_that_bears_a_tiers_name_stays_in_it(
    sandbox: Any, ann: str, tier: str
) -> None:
    put(sandbox, ann, "Retailer")
    wanted = (tier,) if tier else ()
    # As after a lost answer, or a look at the shop: any word of the programme may be ours.
    answer = sandbox.line().mark(ann, wanted, ("Gold", "Retailer"), tier=tier)
    assert isinstance(answer, LeftAlone)
    assert "'Retailer'" in answer.why
    assert group(sandbox, ann) == "Retailer"


def test_after_a_lost_answer_the_old_group_is_still_known(sandbox: Any, ann: str) -> None:
    put(sandbox, ann, "Retailer")
    sandbox.line(chosen=MAY).mark(ann, ("Silver",), (), tier="Silver", before="3")
    again = sandbox.line(chosen=MAY).mark(ann, ("Silver",), ("Silver", "Gold"), tier="Silver", before="3")
    assert again == Marked(("Silver",), "3")


@pytest.mark.parametrize(
    ("bought_in", "back"),
    [
        (("General", "Retailer", "Silver"), "Retailer"),
        (("Retailer", "General"), "General"),
        (("Wholesale",), "General"),  # no tier could have stood in its place
        (("Retailer", "Wholesale"), "Retailer"),
        ((), "General"),
    ],
)
def test_who_is_in_a_tiers_group_and_nobody_knows_out_of_which_goes_back_to_the_one_they_last_bought_in(
    sandbox: Any, ann: str, bought_in: tuple[str, ...], back: str
) -> None:
    groups.save(sandbox.shop, {"code": "Silver", "tax_class_id": 3})
    for code in bought_in:
        put(sandbox, ann, code)
        sandbox.order(int(ann))
    put(sandbox, ann, "Silver")
    # As after the restore of a backup that is older than the move.
    found = sandbox.line(chosen=MAY).mark(ann, ("Silver",), (), tier="Silver")
    assert isinstance(found, Marked)
    sandbox.line(chosen=MAY).mark(ann, (), ("Silver",), before=found.before)
    assert group(sandbox, ann) == back


def test_nobody_goes_back_to_the_group_of_a_tier_that_was_once_ticked_itself(sandbox: Any, ann: str) -> None:
    silver, gold = (
        groups.save(sandbox.shop, {"code": code, "tax_class_id": 3}) for code in ("Silver", "Gold")
    )
    may = Chosen(replaceable=(RETAILER, silver.id, gold.id))
    for code in ("Retailer", "Silver", "Gold"):
        put(sandbox, ann, code)
        sandbox.order(int(ann))
    found = sandbox.line(chosen=may).mark(ann, ("Gold",), ("Gold", "Silver"), tier="Gold")
    assert found == Marked(("Gold",), str(RETAILER))


def test_an_old_group_that_is_no_more_gives_way_to_the_one_of_newcomers(sandbox: Any, ann: str) -> None:
    put(sandbox, ann, "Retailer")
    sandbox.line(chosen=MAY).mark(ann, ("Silver",), (), tier="Silver", before="3")
    groups.remove(sandbox.shop, RETAILER)
    sandbox.line().mark(ann, (), ("Silver",), before="3")
    assert group(sandbox, ann) == "General"


def test_who_was_moved_back_to_newcomers_by_hand_is_not_sent_to_an_older_group_later(
    sandbox: Any, ann: str
) -> None:
    put(sandbox, ann, "General")
    assert sandbox.line(chosen=MAY).mark(ann, ("Gold",), ("Gold",), tier="Gold", before="3") == Replaces("0")


def test_a_group_shut_out_of_the_customers_website_is_refused_with_what_to_do(sandbox: Any, ann: str) -> None:
    shut = {"code": "Gold", "extension_attributes": {"exclude_website_ids": [1]}}
    groups.save(sandbox.shop, shut)
    with pytest.raises(Refused, match="'Gold' is shut out of the customer's website"):
        sandbox.line().mark(ann, ("Gold",), (), tier="Gold", before="0")
    groups.save(sandbox.shop, {"code": "Silver", "extension_attributes": {"exclude_website_ids": [2]}})
    assert isinstance(sandbox.line().mark(ann, ("Silver",), (), tier="Silver", before="0"), Marked)


def test_the_group_of_visitors_is_nobodys_tier(sandbox: Any, ann: str) -> None:
    with pytest.raises(Refused, match="that of visitors"):
        sandbox.line().mark(ann, ("NOT LOGGED IN",), (), tier="NOT LOGGED IN", before="0")


def test_a_module_that_takes_the_group_away_is_named(sandbox: Any, ann: str) -> None:
    sandbox.shop.extras["assigned_group"] = WHOLESALE
    with pytest.raises(Refused, match="does a module, or the check of VAT numbers, assign groups"):
        sandbox.line().mark(ann, ("Gold",), (), tier="Gold", before="0")


@pytest.mark.parametrize("vat_id", ["", "NL123456789B01"])
def test_the_check_of_vat_numbers_is_not_woken(sandbox: Any, ann: str, vat_id: str) -> None:
    """It looks at every address that is saved, and takes whoever has no number out of their group."""
    people.change(sandbox.shop, int(ann), {"addresses": [{"vat_id": vat_id, "city": "Utrecht"}]})
    sandbox.shop.extras["vat_group"] = WHOLESALE
    assert sandbox.line().mark(ann, ("Gold",), (), tier="Gold", before="0") == Marked(("Gold",), "0")
    assert group(sandbox, ann) == "Gold"
    address = {"id": 1, "vat_id": vat_id, "city": "Utrecht"}
    people.change(sandbox.shop, int(ann), {"addresses": [address]})
    assert group(sandbox, ann) == ("Wholesale" if vat_id else "General")


def test_an_address_that_the_shopper_adds_meanwhile_stays(sandbox: Any, ann: str) -> None:
    first = {"city": "Utrecht", "default_billing": True, "default_shipping": True}
    people.change(sandbox.shop, int(ann), {"addresses": [first]})
    found = whole.read(sandbox.client(), ann)
    kept = sandbox.client().whole(f"customers/{ann}")["addresses"]
    people.change(sandbox.shop, int(ann), {"addresses": [*kept, {"city": "Delft"}]})
    whole.write(sandbox.client(), found, 2, {})
    after = sandbox.client().whole(f"customers/{ann}")
    assert [one["city"] for one in after["addresses"]] == ["Utrecht", "Delft"]
    assert (after["group_id"], after["default_billing"], after["default_shipping"]) == (2, "1", "1")


@pytest.mark.parametrize("had", [True, False])
def test_what_the_shopper_says_to_the_newsletter_meanwhile_stays(sandbox: Any, ann: str, had: bool) -> None:
    people.change(sandbox.shop, int(ann), {"extension_attributes": {"is_subscribed": had}})
    found = whole.read(sandbox.client(), ann)
    people.change(sandbox.shop, int(ann), {"extension_attributes": {"is_subscribed": not had}})
    whole.write(sandbox.client(), found, 2, {})
    after = sandbox.client().whole(f"customers/{ann}")
    assert (after["group_id"], after["extension_attributes"]["is_subscribed"]) == (2, not had)
