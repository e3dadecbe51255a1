"""Taking Comeback out of a shop by hand, and erasing what it told: from its page and from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector import rounds
from connector.cli import commands
from connector.store import shops, tables, tombstones


@pytest.fixture
def place(town: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The page of a shop that tells nobody when its access is taken away."""
    monkeypatch.setattr(type(town.house.platforms["paper"]), "polled", True)
    monkeypatch.setattr(type(town.house.platforms["paper"]), "open", lambda *_: None)
    town.customers(3)
    return f"/settings/shops/{town.shop.id}"


def stands(town: Any) -> tuple[str, bool]:
    """Its state, and whether its keys are there."""
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        [row] = [row for row in tx.all(tables.shops.select()) if row.id == town.shop.id]
    return row.state, row.tokens_sealed is not None


def people(town: Any) -> int:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        return len(tx.all(tables.customers.select().where(tables.customers.c.shop_id == town.shop.id)))


def test_a_shop_is_removed_by_who_is_sure_and_erased_by_who_types_its_address(
    town: Any, browser: Any, place: str
) -> None:
    town.second_shop()
    log = town.house.settings.forgotten_log
    known = len(tombstones.read(log))
    assert "Remove this shop" in browser.get(place)
    browser.post(f"{place}/erase", place, typed="paper.example")
    browser.post(f"{place}/remove", place)
    assert (stands(town)[0], people(town)) == ("connected", 3)

    browser.post(f"{place}/remove", place, sure="yes")
    assert (stands(town), people(town)) == (("removed", False), 3)
    page = browser.get(place)
    assert "its keys are deleted" in page
    assert "Erase this shop" in page
    browser.post(f"{place}/erase", place, typed="another.example")
    assert "that is not the address of this shop" in browser.get(place)
    assert people(town) == 3

    browser.post(f"{place}/erase", place, typed=" Paper.example ")
    assert "is being erased" in browser.get(place)
    rounds.apply(town.house, town.shop.merchant_id, town.shop.id)
    assert people(town) == 0
    told = tombstones.read(log)[known:]
    assert (told[0].removed, told[1].whole_shop) == (True, True)
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        assert [(row.topic, row.rows) for row in tx.all(tables.privacy.select())] == [("shop_forgotten", 3)]


def test_a_shop_that_tells_of_its_removal_itself_has_no_button_for_it(
    town: Any, browser: Any, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(town.house.platforms["paper"]), "polled", False)
    assert "Remove this shop" not in browser.get(place)
    assert browser.post(f"{place}/remove", place, sure="yes").status_code == 404
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        shops.needs_reconnect(tx, town.shop.id)
    assert "Remove this shop" in browser.get(place)


def test_the_same_from_the_command_line(
    town: Any, place: str, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    def says(*words: str, **more: Any) -> str:
        return CliRunner().invoke(commands, words, env=env, **more).output

    assert "`comeback remove paper.example` comes first" in says("erase", "paper.example", "--yes")
    assert "Aborted" in says("remove", "paper.example", input="n\n")
    assert stands(town)[0] == "connected"
    assert says("remove", "paper.example", "--yes") == "paper.example is removed; its rows are kept.\n"
    assert "was removed before" in says("remove", str(town.shop.id), "--yes")
    assert (stands(town), people(town)) == (("removed", False), 3)
    assert "is out of use" in says("erase", "paper.example", "--yes")
    rounds.apply(town.house, town.shop.merchant_id, town.shop.id)
    assert people(town) == 0
    assert "there is no shop" in says("erase", "paper.example", "--yes")
