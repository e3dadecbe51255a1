"""Tags in an attribute of the customer: ours come and go, and what others wrote there stays as it is."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.magento.keys import Chosen
from adapters.magento.sandbox import attributes, people
from adapters.magento.tags import changed
from connector.port import LeftAlone, Marked, Refused

TAGS = attributes.Attribute("comeback_tags", "Tags", "text", "textarea")
LINE = attributes.Attribute("loyalty_words", "Words", "varchar", "text")
ONLY_TAGS, BOTH = Chosen(marks="tags"), Chosen(marks="both")


@pytest.fixture
def ann(sandbox: Any) -> str:
    attributes.make(sandbox.shop, [TAGS, LINE])
    return str(sandbox.customer("ann"))


def said(sandbox: Any, customer: str, code: str = "comeback_tags") -> str:
    return dict(sandbox.shop.customers.get(int(customer)).attributes).get(code, "")


def group(sandbox: Any, customer: str) -> str:
    return str(sandbox.shop.groups.get(sandbox.shop.customers.get(int(customer)).group_id).code)


def write(sandbox: Any, customer: str, text: str, code: str = "comeback_tags") -> None:
    values = [{"attribute_code": code, "value": text}]
    people.change(sandbox.shop, int(customer), {"custom_attributes": values})


@pytest.mark.parametrize(
    ("stands", "wanted", "known", "becomes"),
    [
        ("", ("Gold",), (), "Gold"),
        ("repeat,discount-lover", ("Gold",), (), "repeat,discount-lover,Gold"),
        ("repeat,Silver, discount-lover", ("Gold",), ("Silver",), "repeat, discount-lover,Gold"),
        ("Gold , repeat", ("Gold",), (), "Gold , repeat"),
        ("repeat,Gold", (), ("Gold",), "repeat"),
        ("Gold", (), ("Gold",), ""),
        ("gold,Gold", (), ("Gold",), "gold"),
        ("a,,b, ", (), ("Gold",), "a,,b, "),
        ("Silver,a", ("Silver", "Regular"), ("Silver",), "Silver,a,Regular"),
    ],
)
def test_only_our_words_are_added_and_taken(
    stands: str, wanted: tuple[str, ...], known: tuple[str, ...], becomes: str
) -> None:
    assert changed(stands, wanted, known) == becomes
    assert changed(becomes, wanted, known) == becomes


def test_tags_go_into_the_attribute_and_the_group_stays_the_shops(sandbox: Any, ann: str) -> None:
    write(sandbox, ann, "repeat,discount-lover")
    line = sandbox.line(chosen=ONLY_TAGS)
    assert line.mark(ann, ("Gold", "Regular"), ()) == Marked(("Gold", "Regular"))
    assert said(sandbox, ann) == "repeat,discount-lover,Gold,Regular"
    assert group(sandbox, ann) == "General"
    read = sandbox.line(chosen=ONLY_TAGS).customers((ann,))[ann]
    assert (read.marks, read.group) == (("repeat", "discount-lover", "Gold", "Regular"), None)


def test_group_and_tags_go_in_one_change_and_both_are_read(sandbox: Any, ann: str) -> None:
    moments = []
    sandbox.shop.watchers.append(lambda kind, key: moments.append((kind, key)))
    answer = sandbox.line(chosen=BOTH).mark(ann, ("Gold", "Regular"), (), tier="Gold", before="0")
    assert answer == Marked(("Gold", "Regular"), "0")
    assert moments == [("customer", int(ann))]
    assert (group(sandbox, ann), said(sandbox, ann)) == ("Gold", "Gold,Regular")
    read = sandbox.line(chosen=BOTH).customers((ann,))[ann]
    assert (read.marks, read.group) == (("Gold", "Regular"), "Gold")
    sandbox.line(chosen=BOTH).mark(ann, ("Gold", "Regular"), ("Gold", "Regular"), tier="Gold", before="0")
    assert len(moments) == 1


def test_a_wholesale_customer_has_the_tags_and_keeps_the_group(sandbox: Any, ann: str) -> None:
    people.change(sandbox.shop, int(ann), {"group_id": 2})
    answer = sandbox.line(chosen=BOTH).mark(ann, ("Gold",), (), tier="Gold", before="0")
    assert isinstance(answer, LeftAlone)
    assert answer.marks == ("Gold",)
    assert (group(sandbox, ann), said(sandbox, ann)) == ("Wholesale", "Gold")


def test_from_group_to_tags_our_group_goes_and_from_tags_to_group_our_tags_go(sandbox: Any, ann: str) -> None:
    sandbox.line().mark(ann, ("Gold",), (), tier="Gold", before="0")
    sandbox.line(chosen=ONLY_TAGS).mark(ann, ("Gold",), ("Gold",), before="0")
    assert (group(sandbox, ann), said(sandbox, ann)) == ("General", "Gold")
    back = Chosen(marks="group", left=("comeback_tags",))
    sandbox.line(chosen=back).mark(ann, ("Gold",), ("Gold",), tier="Gold", before="0")
    assert (group(sandbox, ann), said(sandbox, ann)) == ("Gold", "")


def test_the_shops_own_group_of_the_same_name_as_a_tag_is_nobodys_to_take(sandbox: Any, ann: str) -> None:
    from adapters.magento.sandbox import groups

    own = groups.save(sandbox.shop, {"code": "VIP"})
    people.change(sandbox.shop, int(ann), {"group_id": own.id})
    sandbox.line(chosen=ONLY_TAGS).mark(ann, ("VIP",), ())
    sandbox.line(chosen=ONLY_TAGS).mark(ann, (), ("VIP",))
    assert (group(sandbox, ann), said(sandbox, ann)) == ("VIP", "")


def test_in_another_attribute_tags_are_written_anew_and_leave_the_old_one(sandbox: Any, ann: str) -> None:
    write(sandbox, ann, "repeat,Gold")
    moved = Chosen(marks="tags", attribute="loyalty_words", left=("comeback_tags",))
    sandbox.line(chosen=moved).mark(ann, ("Gold",), ("Gold",))
    assert (said(sandbox, ann), said(sandbox, ann, "loyalty_words")) == ("repeat", "Gold")


def test_where_the_shop_has_no_such_attribute_it_is_said_and_nothing_is_written(
    sandbox: Any, ann: str
) -> None:
    attributes.make(sandbox.shop, [])
    with pytest.raises(Refused, match="no attribute 'comeback_tags'; install Comeback's module"):
        sandbox.line(chosen=BOTH).mark(ann, ("Gold",), (), tier="Gold", before="0")
    assert group(sandbox, ann) == "General"
    (fault,) = sandbox.line(chosen=BOTH).examine("").faults
    assert "no attribute 'comeback_tags'" in fault["en"]
    assert "geen attribuut 'comeback_tags'" in fault["nl"]
    assert sandbox.line().examine("").faults == ()


def test_what_would_be_cut_off_is_refused_with_what_to_do(sandbox: Any, ann: str) -> None:
    line = Chosen(marks="tags", attribute="loyalty_words")
    write(sandbox, ann, "x" * 253, "loyalty_words")
    with pytest.raises(Refused, match="cuts the attribute 'loyalty_words' at 255"):
        sandbox.line(chosen=line).mark(ann, ("Gold",), ())
    with pytest.raises(Refused, match="a comma or a line break"):
        sandbox.line(chosen=ONLY_TAGS).mark(ann, ("Gold\nSilver",), ())


def test_everything_else_about_the_customer_is_written_back_as_it_was(sandbox: Any, ann: str) -> None:
    write(sandbox, ann, "kept", "loyalty_words")
    before = people.customer_body(sandbox.shop.customers.get(int(ann)))
    sandbox.line(chosen=BOTH).mark(ann, ("Gold",), (), tier="Gold", before="0")
    after = people.customer_body(sandbox.shop.customers.get(int(ann)))
    assert {name for name in before | after if before.get(name) != after.get(name)} == {
        "group_id",
        "custom_attributes",
    }
    assert said(sandbox, ann, "loyalty_words") == "kept"


def test_only_where_tags_are_written_are_attributes_asked_for(sandbox: Any, ann: str) -> None:
    assert "custom_attributes" not in str(sandbox.line()._tags.kind.__struct_fields__)
    assert "custom_attributes" in str(sandbox.line(chosen=BOTH)._tags.kind.__struct_fields__)
