"""Balance and tier in attributes that our module made, for its block on the account page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from adapters.magento.sandbox import attributes, people
from connector.port import LeftAlone, Shown, Window
from connector.records import Card

PLACES = [
    attributes.Attribute("comeback_balance", "Points", "int"),
    attributes.Attribute("comeback_tier", "Tier"),
]


@pytest.fixture
def saves(sandbox: Any) -> list[int]:
    found: list[int] = []
    sandbox.shop.watchers.append(lambda kind, key: found.append(key))
    return found


def card(sandbox: Any, customer: int) -> dict[str, str]:
    return dict(sandbox.shop.customers.get(customer).attributes)


def test_without_the_module_there_is_no_place_and_the_shop_says_so(sandbox: Any) -> None:
    ann = sandbox.customer("ann")
    assert sandbox.line().facts().shows_cards is False
    (answer,) = sandbox.line().show((Card(str(ann), 120, "Gold"),))
    assert answer == LeftAlone("The shop has no place for it.")


@pytest.mark.parametrize("version", ["2.3", "2.4"])
def test_who_has_a_card_written_stays_in_their_group_and_store_view(sandbox: Any, version: str) -> None:
    attributes.make(sandbox.shop, PLACES)
    sandbox.shop.extras["version"] = version
    ann = sandbox.customer("ann")
    people.change(sandbox.shop, ann, {"group_id": 2, "store_id": 2})
    assert sandbox.line().show((Card(str(ann), 120, "Gold"),)) == (Shown(),)
    row = sandbox.shop.customers.get(ann)
    assert (row.group_id, row.store_id, card(sandbox, ann)["comeback_balance"]) == (2, 2, "120")


def test_cards_are_written_where_they_differ_and_not_again(sandbox: Any, saves: list[int]) -> None:
    attributes.make(sandbox.shop, PLACES)
    assert sandbox.line().facts().shows_cards is True
    ann, bob = sandbox.customer("ann"), sandbox.customer("bob")
    saves.clear()
    cards = (Card(str(ann), 120, "Gold"), Card(str(bob), 0, None), Card("4711", 9, None))
    gone = LeftAlone("The customer is no longer in the shop.")
    assert sandbox.line().show(cards) == (Shown(), Shown(), gone)
    assert card(sandbox, ann) == {"comeback_balance": "120", "comeback_tier": "Gold"}
    assert card(sandbox, bob) == {"comeback_balance": "0"}
    assert saves == [ann, bob]
    assert sandbox.line().show(cards) == (Shown(), Shown(), gone)
    assert saves == [ann, bob]
    sandbox.line().show((Card(str(ann), 130, None),))
    assert card(sandbox, ann) == {"comeback_balance": "130"}
    assert saves == [ann, bob, ann]


def test_who_writes_over_a_card_moves_the_date_by_which_the_house_finds_it(sandbox: Any) -> None:
    attributes.make(sandbox.shop, PLACES)
    ann, bob = sandbox.customer("ann"), sandbox.customer("bob")
    sandbox.later(minutes=30)
    sandbox.line().show((Card(str(ann), 120, "Gold"), Card(str(bob), 7, None)))
    shown = sandbox.now
    sandbox.later(minutes=30)
    stale = [{"attribute_code": "comeback_balance", "value": "5"}]
    body = sandbox.client().whole(f"customers/{ann}") | {"custom_attributes": stale}
    sandbox.client().send("PUT", f"customers/{ann}", {"customer": body}, dict)
    sandbox.later(minutes=1)
    batches = sandbox.line().changed(Window(sandbox.now - timedelta(minutes=10), sandbox.now))
    changed = {one.id: one.changed_at for batch in batches for one in batch.customers}
    assert changed == {str(ann): shown + timedelta(minutes=30)}
    sandbox.line().show((Card(str(ann), 120, "Gold"),))
    assert card(sandbox, ann) == {"comeback_balance": "120", "comeback_tier": "Gold"}


def test_a_shop_that_keeps_blanks_its_own_way_is_not_written_to_for_ever(
    sandbox: Any, saves: list[int]
) -> None:
    attributes.make(sandbox.shop, PLACES)
    ann = sandbox.customer("ann")
    sandbox.line().show((Card(str(ann), 120, "Gold"),))
    saves.clear()
    assert sandbox.line().show((Card(str(ann), 120, "Gold "),)) == (Shown(),)
    assert saves == []
