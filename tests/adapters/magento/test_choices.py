"""What a merchant may choose for a Magento shop, in their language, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.magento import keys, texts
from adapters.magento.keys import Chosen
from adapters.magento.line import Line
from adapters.magento.sandbox import attributes, groups
from connector.port import Choice, Refused, ShopLine

TAGS = attributes.Attribute("comeback_tags", "Tags", "text", "textarea")
OTHERS = [
    attributes.Attribute("loyalty_words", "Words"),
    attributes.Attribute("comeback_balance", "Points", "int"),
    attributes.Attribute("comeback_tier", "Tier"),
    attributes.Attribute("colour", "Colour", "int", "text"),
]


def named(choices: tuple[Choice, ...]) -> dict[str, Choice]:
    return {one.key: one for one in choices}


def test_both_languages_say_the_same() -> None:
    assert set(texts.CHOICES["nl"]) == set(texts.CHOICES["en"])


def test_all_groups_but_those_of_visitors_and_newcomers_are_offered_and_none_is_ticked(sandbox: Any) -> None:
    groups.save(sandbox.shop, {"code": "Export", "tax_class_id": 5})
    (marks, replaceable, *_) = sandbox.line().choices("en")
    assert marks.options == (("group", "As the customer's group"),)
    assert replaceable.options == (
        ("2", "Wholesale"),
        ("3", "Retailer"),
        ("4", "Export (other tax class: Tax class 5)"),
    )
    assert (replaceable.many, replaceable.chosen) == (True, ())
    assert named(sandbox.line().choices("nl"))["replaceable"].options[2][1] == (
        "Export (andere belastingklasse: Tax class 5)"
    )


def test_the_groups_of_tiers_are_not_offered_unless_one_of_them_was_ticked_before(sandbox: Any) -> None:
    for code in ("Silver", "Gold"):
        groups.save(sandbox.shop, {"code": code, "tax_class_id": 3})
    wholesale, retailer = ("2", "Wholesale"), ("3", "Retailer")
    for ticked, options in (((), ()), ((4,), (("4", "Silver"),))):
        line = sandbox.line(chosen=Chosen(replaceable=ticked))
        found = named(line.choices("en", ("Gold", "Silver")))["replaceable"]
        assert found.options == (wholesale, retailer, *options)
        assert found.chosen == tuple(value for value, _ in options)
    assert ("5", "Gold") in named(sandbox.line().choices("en"))["replaceable"].options


def test_tags_can_be_chosen_where_an_attribute_takes_them(sandbox: Any) -> None:
    attributes.make(sandbox.shop, [TAGS, *OTHERS])
    found = named(sandbox.line().choices("en"))
    assert [value for value, _ in found["marks"].options] == ["tags", "group", "both"]
    assert found["marks"].chosen == ("group",)
    assert found["attribute"].options == (
        ("comeback_tags", "Tags (comeback_tags)"),
        ("loyalty_words", "Words (loyalty_words)"),
    )
    assert found["attribute"].chosen == ("comeback_tags",)


def test_what_is_chosen_is_kept_beside_the_keys_and_said_of_the_shop(sandbox: Any, vault: Any) -> None:
    attributes.make(sandbox.shop, [TAGS, *OTHERS])
    vault.tokens = keys.packed(sandbox.keys)

    def line() -> Line:
        return Line(sandbox.env, ShopLine(sandbox.address, "shop-key"), vault)

    assert line().facts().mark_kind == "group"
    line().choose("marks", ("both",))
    line().choose("replaceable", ("3", "2"))
    line().choose("attribute", ("loyalty_words",))
    kept = keys.unpacked(vault.tokens)
    assert kept.chosen == Chosen("both", (2, 3), "loyalty_words", ("comeback_tags",))
    assert kept.token == sandbox.keys.token
    assert line().facts().mark_kind == "both"
    line().choose("attribute", ("comeback_tags",))
    line().choose("marks", ("group",))
    line().choose("replaceable", ())
    chosen = keys.unpacked(vault.tokens).chosen
    assert chosen == Chosen("group", (), "comeback_tags", ("loyalty_words", "comeback_tags"))


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("replaceable", ("1",)),
        ("replaceable", ("0",)),
        ("marks", ()),
        ("marks", ("tags", "group")),
        ("x", ()),
    ],
)
def test_what_is_not_offered_cannot_be_chosen(sandbox: Any, key: str, values: tuple[str, ...]) -> None:
    with pytest.raises(Refused):
        sandbox.line().choose(key, values)


def test_what_was_said_of_e_mail_addresses_can_be_taken_back(sandbox: Any, vault: Any) -> None:
    line = Line(sandbox.env, ShopLine(sandbox.address, "shop-key"), vault)
    for said, kept in (("yes", True), ("no", False)):
        line.choose("confirms_email", (said,))
        assert keys.unpacked(vault.read()).confirms_email is kept
    shown = named(sandbox.line(confirms_email=True).choices("nl"))["confirms_email"]
    assert (shown.chosen, shown.options) == (("yes",), (("no", "Nee, of niet altijd"), ("yes", "Ja, altijd")))
    for wrong in ((), ("maybe",), ("yes", "no")):
        with pytest.raises(Refused):
            line.choose("confirms_email", wrong)
