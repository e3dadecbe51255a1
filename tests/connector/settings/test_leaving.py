"""Taking Comeback out of a shop by hand, and erasing what it told: from its page and from the command line."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector import rounds
from connector.cli import commands
from connector.house import House
from connector.port import TryLater, Unauthorized
from connector.secrets import CannotOpen
from connector.settings import patience
from connector.store import shops, tables, tombstones


class Line:
    """A line that remembers how the shop stood when it was said farewell to."""

    def __init__(self, town: Any) -> None:
        self.town = town
        self.stood: list[tuple[str, bool]] = []
        self.answers = threading.Event()
        self.answers.set()
        self.ended = threading.Event()
        self.fails: Exception | None = None

    def farewell(self) -> None:
        self.stood.append(stands(self.town))
        self.answers.wait(timeout=30)
        self.ended.set()
        if self.fails is not None:
            raise self.fails


@pytest.fixture
def line(town: Any, monkeypatch: pytest.MonkeyPatch) -> Line:
    made = Line(town)
    monkeypatch.setattr(type(town.house.platforms["paper"]), "open", lambda *_: made)
    return made


@pytest.fixture
def place(town: Any, line: Line, monkeypatch: pytest.MonkeyPatch) -> str:
    """The page of a shop that tells nobody when its access is taken away."""
    monkeypatch.setattr(type(town.house.platforms["paper"]), "polled", True)
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


def test_the_shop_is_said_farewell_to_while_its_keys_are_still_there_and_once(
    town: Any, browser: Any, line: Line, place: str
) -> None:
    browser.post(f"{place}/remove", place)
    assert line.stood == []
    browser.post(f"{place}/remove", place, sure="yes")
    assert (line.stood, stands(town)) == ([("connected", True)], ("removed", False))
    assert browser.post(f"{place}/remove", place, sure="yes").status_code == 404
    assert len(line.stood) == 1


@pytest.mark.parametrize("fault", [TryLater("away"), Unauthorized("dead"), NotImplementedError(), None])
def test_a_shop_that_fails_or_does_not_answer_then_is_removed_all_the_same(
    town: Any, browser: Any, line: Line, place: str, monkeypatch: pytest.MonkeyPatch, fault: Exception | None
) -> None:
    line.fails = fault
    if fault is None:
        line.answers.clear()
        monkeypatch.setattr(patience, "PATIENCE", 0.05)
    browser.post(f"{place}/remove", place, sure="yes")
    assert stands(town) == ("removed", False)
    line.answers.set()
    assert line.ended.wait(timeout=30)


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
    town: Any, line: Line, place: str, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    # A house that a command furnishes knows the platforms that are installed, and this one is not.
    monkeypatch.setattr(House, "line", lambda *_: line)

    def says(*words: str, **more: Any) -> str:
        return CliRunner().invoke(commands, words, env=env, **more).output

    assert "`comeback remove paper.example` comes first" in says("erase", "paper.example", "--yes")
    assert "Aborted" in says("remove", "paper.example", input="n\n")
    assert stands(town)[0] == "connected"
    assert says("remove", "paper.example", "--yes") == "paper.example is removed; its rows are kept.\n"
    assert line.stood == [("connected", True)]
    assert "was removed before" in says("remove", str(town.shop.id), "--yes")
    assert (stands(town), people(town)) == (("removed", False), 3)
    assert "is out of use" in says("erase", "paper.example", "--yes")
    rounds.apply(town.house, town.shop.merchant_id, town.shop.id)
    assert people(town) == 0
    assert "there is no shop" in says("erase", "paper.example", "--yes")


def test_a_shop_whose_keys_cannot_be_opened_is_not_waited_for(
    town: Any, line: Line, place: str, browser: Any
) -> None:
    line.fails = CannotOpen("sealed with a key that is gone")
    with pytest.raises(CannotOpen):
        patience.within(line.farewell)
    browser.post(f"{place}/remove", place, sure="yes")
    assert stands(town) == ("removed", False)
