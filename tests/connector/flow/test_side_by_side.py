"""Two shops of one merchant that are read at the same time: whoever is in both is one member in the end."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import pytest

from connector import rounds
from connector.flow import importing, joining
from connector.port import Batch, CustomerChanged
from connector.rounds import members as members_round
from connector.store import persons, runs, shops
from connector.store.tables import customers, members


def second_shop(world: Any) -> Any:
    facts = msgspec.structs.replace(world.corner.says, address="second.example")
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        return shops.add(tx, "corner", "tags", facts, world.now)


def come_at_once(world: Any, make: Any, *others: tuple[str, str]) -> None:
    """Have the same person (and others) come from two shops in two transactions, neither of which sees the other."""
    second = second_shop(world)
    with (
        world.house.database.merchant(world.shop.merchant_id) as one,
        world.house.database.merchant(world.shop.merchant_id) as other,
    ):
        for tx, shop, side in ((one, world.shop, 0), (other, second, 1)):
            came = [make.person(("7", "8")[side])]
            came += [make.person(pair[side], f"p{pair[0]}@example.nl") for pair in others]
            importing.take_in(tx, shop.id, Batch(tuple(came), (), "1"), world.now)


def begins(world: Any) -> None:
    """Have the shop's history asked for anew."""
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        runs.begin(tx, world.shop.id, "import", world.now)


def living(world: Any) -> int:
    return sum(row.survivor_id is None and row.closed_at is None for row in world.rows(members))


def test_who_came_by_two_imports_at_once_is_joined_when_one_is_through(world: Any, make: Any) -> None:
    come_at_once(world, make)
    assert living(world) == 2
    begins(world)
    assert rounds.import_history(world.house, world.shop.merchant_id, world.shop.id)
    assert living(world) == 1


class Killed(BaseException):
    """As a process ends: nobody catches it."""


def test_killed_while_it_joins_an_import_goes_on_joining_and_asks_the_shop_nothing_more(
    world: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    come_at_once(world, make, ("9", "10"), ("11", "12"), ("13", "14"))
    before = living(world)
    world.happen(make.order(1, 60, make.NOW), tell=False)
    begins(world)
    monkeypatch.setattr(members_round, "ADDRESSES", 1)
    look, looked = joining.join_same_person, list[bytes]()

    def killed_at_the_third(tx: Any, word: bytes) -> list[int]:
        found = look(tx, word)
        looked.append(word)
        if len(looked) == 3:
            raise Killed
        return found

    monkeypatch.setattr(joining, "join_same_person", killed_at_the_third)
    with pytest.raises(Killed):
        rounds.import_history(world.house, world.shop.merchant_id, world.shop.id)
    assert (before, living(world)) == (8, 6), "two addresses are joined for good, the third not half"
    calls = list(world.corner.calls)
    assert rounds.import_history(world.house, world.shop.merchant_id, world.shop.id)
    assert (living(world), looked[3:], world.corner.calls) == (4, sorted(looked[2:3] + looked[4:]), calls)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        run = runs.latest(tx, world.shop.id, "import")
    assert run is not None
    assert (run.state, run.done) == ("done", 1)


def test_told_to_stop_while_it_joins_an_import_goes_on_later(
    world: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    come_at_once(world, make, ("9", "10"))
    begins(world)
    look, stop = joining.join_same_person, threading.Event()

    def tells_to_stop(tx: Any, word: bytes) -> list[int]:
        stop.set()
        return look(tx, word)

    monkeypatch.setattr(joining, "join_same_person", tells_to_stop)
    assert not rounds.import_history(world.house, world.shop.merchant_id, world.shop.id, stop)
    assert living(world) == 3
    assert rounds.import_history(world.house, world.shop.merchant_id, world.shop.id)
    assert living(world) == 2


def test_who_comes_by_two_messages_at_once_is_joined_by_the_one_that_ends_last(
    world: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    second = second_shop(world)
    other = world.house.database.merchant(world.shop.merchant_id)
    importing.take_in(other.__enter__(), second.id, Batch((make.person("8"),), (), "1"), world.now)
    look, looked = joining.join_same_person, []

    def looks_too_early(tx: Any, word: bytes) -> list[int]:
        found = look(tx, word)
        if not looked:
            other.__exit__(None, None, None)
        looked.append(found)
        return found

    monkeypatch.setattr(joining, "join_same_person", looks_too_early)
    world.tell(CustomerChanged(make.person("7")))
    assert [len(found) for found in looked] == [1, 1], "alone at first; joined with the other behind its end"
    assert living(world) == 1


def test_a_full_reading_joins_who_came_by_two_messages_at_once(world: Any, start: Any, make: Any) -> None:
    start()
    come_at_once(world, make)
    world.corner.people["7"] = make.person("7")
    assert living(world) == 2
    assert (world.reconcile(), world.reconcile()) == (1, 0)
    assert living(world) == 1


def test_an_address_that_cannot_be_joined_takes_nothing_back_that_the_reading_found_or_joined(
    world: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    world.tell(CustomerChanged(make.person("5", "p5@example.nl")))
    come_at_once(world, make, ("9", "10"))
    world.corner.people = {"7": make.person("7"), "9": make.person("9", "p9@example.nl")}
    look, looked = joining.join_same_person, []

    def in_each_others_way(tx: Any, word: bytes) -> list[int]:
        looked.append(word)
        if len(looked) == 2:
            raise RuntimeError("deadlock detected")
        return look(tx, word)

    before = living(world)
    monkeypatch.setattr(joining, "join_same_person", in_each_others_way)
    with pytest.raises(RuntimeError, match="deadlock"):
        rounds.reconcile(world.house, world.shop.merchant_id, world.shop.id, "full")
    assert before - living(world) == 1
    assert looked == sorted(looked)
    world.apply()
    assert [row.id for row in world.rows(customers) if row.removed_at] == ["5"]
    assert world.reconcile() == 1
    assert before - living(world) == 2


def test_a_batch_whose_joining_fails_is_told_of_all_the_same(
    world: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    told: list[str] = []
    monkeypatch.setattr(world.house.tally, "count", lambda name, **labels: told.append(name))

    def in_each_others_way(*given: Any) -> list[bytes]:
        raise RuntimeError("deadlock detected")

    monkeypatch.setattr(persons, "shared_addresses", in_each_others_way)
    with pytest.raises(RuntimeError, match="deadlock"):
        world.tell(CustomerChanged(make.person("7")))
    assert told.count("applied") == 1
