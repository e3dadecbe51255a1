"""What a shop's customers carry is the shop's own where it says so; what of its own stood there before comes back."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import pytest

from connector import rounds
from connector.flow import choosing
from connector.port import CustomerChanged, LeftAlone, Marked, OutcomeUnknown, Replaces
from connector.rounds import upkeep

SILVER = "loyalty-silver"  # from 250 euros on
RETURNING = "returning-customer"


class Groups:
    """One group each, as some shops have it: Silver is ours, and Retail may be replaced."""

    def __init__(self, world: Any) -> None:
        self.world, self.of, self.asked = world, dict[str, str](), list[tuple[str, str, tuple[str, ...]]]()
        self.loses = 0
        world.corner.mark = self.mark
        self.say(mark_kind="group")

    def say(self, **facts: object) -> None:
        self.world.corner.says = msgspec.structs.replace(self.world.corner.says, **facts)
        shop = self.world.house, self.world.shop.merchant_id, self.world.shop.id
        rounds.subscribe(*shop)
        rounds.look_again(*shop)

    def mark(self, who: str, wanted: Any, known: Any, tier: str = "", before: str = "") -> Any:
        self.asked.append((tier, before, wanted))
        there = self.of.get(who, "")
        own = "" if there in known or there == tier else there
        if not tier:
            self.of[who] = there if own else before
            return Marked(wanted)
        if own == "Wholesale":
            return LeftAlone("It is the shop's own.")
        if there != tier and there not in known and before != own:
            return Replaces(own)
        self.of[who] = tier
        if self.loses:
            self.loses -= 1
            raise OutcomeUnknown("no answer came back")
        return Marked(wanted, before)


@pytest.fixture
def groups(world: Any) -> Groups:
    return Groups(world)


def come(world: Any, make: Any, start: Any, euros: int = 300) -> None:
    start()
    world.tell(CustomerChanged(make.person("1", "one@example.nl")))
    world.happen(make.order(101, euros, make.NOW, "1"))


def fallen(world: Any, make: Any) -> None:
    world.later(1 / 24)
    world.happen(make.order(101, 300, make.NOW, "1", changed_at=world.now, cancelled_at=world.now))


def test_the_old_group_is_kept_before_ours_takes_its_place_and_comes_back_when_the_tier_ends(
    world: Any, make: Any, start: Any, groups: Groups
) -> None:
    groups.of["1"] = "Retail"
    come(world, make, start)
    world.push()
    world.push()
    assert groups.asked == [(SILVER, "", (SILVER,)), (SILVER, "Retail", (SILVER,))]
    assert groups.of["1"] == SILVER
    assert [(row.known, row.before) for row in world.marks] == [([SILVER], "Retail")]
    fallen(world, make)
    world.push()
    assert groups.of["1"] == "Retail"
    assert [(row.wanted, row.known, row.before) for row in world.marks] == [([], [], "")]


def test_an_answer_that_is_lost_takes_the_old_group_from_nobody(
    world: Any, make: Any, start: Any, groups: Groups
) -> None:
    groups.of["1"], groups.loses = "Retail", 1
    come(world, make, start)
    world.push()
    world.push()
    assert groups.of["1"] == SILVER
    assert [(row.known, row.before) for row in world.marks] == [([], "Retail")]
    world.later(1)
    world.push()
    assert [(row.known, row.before) for row in world.marks] == [([SILVER], "Retail")]


def test_what_is_left_alone_stands_in_nothings_place(
    world: Any, make: Any, start: Any, groups: Groups
) -> None:
    groups.of["1"] = "Wholesale"
    come(world, make, start)
    world.push()
    assert groups.of["1"] == "Wholesale"
    assert [(row.known, row.before, row.left_alone) for row in world.marks] == [
        ([], "", "It is the shop's own.")
    ]


def test_who_was_left_alone_and_is_moved_by_the_shop_is_looked_at_again_once(
    world: Any, make: Any, start: Any, groups: Groups
) -> None:
    groups.of["1"] = "Wholesale"
    come(world, make, start)
    world.push()
    assert (world.reconcile(), world.push(), len(groups.asked)) == (0, 0, 1)
    world.later(1)
    groups.of["1"] = "Retail"
    customer = world.corner.people["1"]
    world.corner.people["1"] = msgspec.structs.replace(customer, changed_at=world.now)
    world.later(1)
    world.reconcile("window")
    world.push()
    assert groups.of["1"] == SILVER
    assert [(row.known, row.before, row.left_alone) for row in world.marks] == [([SILVER], "Retail", None)]


def test_who_carries_tags_and_a_group_is_marked_with_all_tags_and_the_group_is_named(
    world: Any, make: Any, start: Any, groups: Groups
) -> None:
    groups.say(mark_kind="both")
    come(world, make, start)
    world.happen(make.order(102, 10, make.NOW, "1"))
    world.push()
    assert groups.asked[-1] == (SILVER, "", (SILVER, RETURNING))
    assert [(row.wanted, row.tier) for row in world.marks] == [([SILVER, RETURNING], SILVER)]


def test_a_shop_that_says_another_kind_has_every_mark_looked_at_again(
    world: Any, make: Any, start: Any, groups: Groups
) -> None:
    come(world, make, start)
    world.push()
    assert len(groups.asked) == 1
    groups.say(mark_kind="tags")
    world.later(0)
    world.push()
    assert groups.asked[1:] == [("", "", (SILVER,))]
    groups.say(mark_kind="tags")
    world.push()
    assert len(groups.asked) == 2


def test_what_the_merchant_chose_has_every_mark_looked_at_again(
    world: Any, make: Any, start: Any, groups: Groups
) -> None:
    groups.of["1"] = "Wholesale"
    come(world, make, start)
    world.push()
    groups.of["1"] = "Retail"  # as good as: Wholesale may be replaced from now on
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        choosing.chosen(tx, world.shop.id, world.now)
    rounds.look_again(world.house, world.shop.merchant_id, world.shop.id)
    world.push()
    world.push()
    assert groups.of["1"] == SILVER
    assert [(row.before, row.left_alone) for row in world.marks] == [("Retail", None)]


def test_a_look_at_every_mark_goes_page_by_page_and_one_that_is_broken_off_begins_anew(
    world: Any, make: Any, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "PAGE", 2)
    start()
    for n in range(1, 6):
        world.tell(CustomerChanged(make.person(str(n), f"p{n}@example.nl")))
        world.happen(make.order(100 + n, 300, make.NOW, str(n)))
    world.push()
    shop = world.house, world.shop.merchant_id, world.shop.id

    def waiting() -> list[str]:
        return sorted(row.subject for row in world.outbox if (row.kind, row.state) == ("marks", "waiting"))

    with world.house.database.merchant(world.shop.merchant_id) as tx:
        choosing.chosen(tx, world.shop.id, world.now)
    assert waiting() == [], "the page that the merchant looks at waits for none of it"
    stop = threading.Event()
    pages = iter([False, True])
    monkeypatch.setattr(stop, "is_set", lambda: next(pages, True))
    rounds.look_again(*shop, stop)
    assert waiting() == ["1", "2"]
    with world.house.database.everyone() as connection:
        connection.exec_driver_sql("DELETE FROM procrastinate_jobs")
    upkeep.sweep(world.house)
    with world.house.database.everyone() as connection:
        told = connection.exec_driver_sql("SELECT task_name FROM procrastinate_jobs").scalars().all()
    assert "look_again" in told
    rounds.look_again(*shop)
    assert waiting() == ["1", "2", "3", "4", "5"]
    world.push()
    rounds.look_again(*shop)
    assert waiting() == [], "asked for once, done once"


def test_a_group_that_somebody_took_away_is_given_again_beside_the_tags(
    world: Any, make: Any, start: Any, groups: Groups
) -> None:
    groups.say(mark_kind="both")
    come(world, make, start)
    world.push()

    def shown(customer: Any) -> Any:
        return msgspec.structs.replace(customer, marks=(SILVER,), group=groups.of[customer.id])

    world.corner._shown = shown
    assert world.reconcile() == 0
    groups.of["1"] = ""
    assert world.reconcile() == 1
    world.push()
    assert groups.of["1"] == SILVER
