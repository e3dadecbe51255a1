"""Balance and tier in the shop's own pages: written when they change, by the dozen, for whoever is there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from connector import rounds
from connector.flow import welcoming
from connector.port import (
    CustomerChanged,
    CustomerForgotten,
    CustomerRemoved,
    CustomersMerged,
    Doubtful,
    Forbidden,
    Installed,
    Refused,
    TryLater,
)
from connector.records import Card
from connector.store import cards, outbox, tables

GONE = "This customer is no longer in the shop."
STANDS = "Balance and tier can be read in the shop."


@pytest.fixture
def show(world: Any) -> Callable[[], None]:
    """The shop can show cards from now on, as after an upgrade of ours."""

    def shown() -> None:
        world.corner.shows_cards = True
        rounds.subscribe(world.house, world.shop.merchant_id, world.shop.id)
        rounds.settle(world.house, world.shop.merchant_id)

    return shown


def come(world: Any, make: Any, *ids: str, euros: int = 60) -> None:
    """New customers, each with a paid order."""
    people = [make.person(one, f"p{one}@example.nl") for one in ids]
    world.tell(*(CustomerChanged(one) for one in people))
    world.happen(*(make.order(100 + int(one), euros, make.NOW, one) for one in ids))


@pytest.fixture
def carded(world: Any, start: Any, make: Any, show: Any) -> Callable[..., None]:
    """The programme runs and the shop shows cards: new customers, each with a paid order, have theirs."""

    def carded(*ids: str, euros: int = 60) -> None:
        start()
        show()
        come(world, make, *ids, euros=euros)
        world.push()

    return carded


def sent(world: Any) -> list[tuple[str, str, str | None]]:
    rows = sorted(world.outbox, key=lambda row: row.id)
    return [(row.subject, row.state, row.result) for row in rows if row.kind == "card"]


def test_before_a_programme_nothing_is_shown_then_whoever_has_points_and_then_what_changes(
    world: Any, start: Any, make: Any, show: Any
) -> None:
    show()
    come(world, make, "1", euros=100)
    world.tell(CustomerChanged(make.person("2", "two@example.nl")))
    world.push()
    assert world.cards == []
    start()
    world.push()
    assert world.corner.cards == {"1": Card("1", 100, None)}
    assert [(row.customer_id, row.shown_at) for row in world.cards] == [("1", world.now)]
    assert sent(world) == [("1", "done", STANDS)]
    world.happen(make.order(500, 200, make.NOW, "1"))
    world.push()
    assert world.corner.cards == {"1": Card("1", 300, "Silver")}


def test_our_own_writing_comes_back_as_a_message_and_settles_nobody(world: Any, carded: Any) -> None:
    carded("1", euros=300)
    settled = [(row.id, row.settled_at) for row in world.rows(tables.members)]
    world.later(1 / 24)
    echo = msgspec.structs.replace(world.corner.people["1"], changed_at=world.now)
    world.tell(CustomerChanged(echo, lacks_marks=True))
    assert [(row.id, row.settled_at) for row in world.rows(tables.members)] == settled
    assert world.push() == 0


def test_thirty_cards_go_in_three_calls_and_who_is_gone_is_left_alone(
    world: Any, start: Any, make: Any, show: Any
) -> None:
    start()
    show()
    come(world, make, *(str(n) for n in range(1, 31)))
    del world.corner.people["2"]
    world.push()
    assert sorted(world.corner.showings, reverse=True) == [12, 12, 6]
    assert len(world.corner.cards) == 29
    assert [one for one in sent(world) if one[2] != STANDS] == [("2", "done", GONE)]
    assert sorted(row.customer_id for row in world.cards) == sorted(world.corner.cards)


def test_a_balance_that_moves_while_it_is_on_its_way_is_shown_again(
    world: Any, start: Any, make: Any, show: Any
) -> None:
    start()
    show()
    come(world, make, "1")
    world.corner.meanwhile = lambda: world.happen(make.order(500, 40, make.NOW, "1"))
    world.push()
    assert world.corner.cards == {"1": Card("1", 100, None)}
    assert world.corner.showings == [1, 1]


def test_a_missing_right_parks_the_cards_after_one_call_and_the_shop_stays_connected(
    world: Any, start: Any, make: Any, show: Any
) -> None:
    start()
    show()
    come(world, make, "1", "2")
    world.corner.trouble = [Forbidden("Corner has not given us the right.")]
    world.push()
    assert sent(world) == [(one, "parked", "Corner has not given us the right.") for one in ("1", "2")]
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert not outbox.is_due(tx, world.shop.id, world.now)
    assert world.corner.calls.count("show") == 1
    assert [row.state for row in world.rows(tables.shops)] == ["connected"]
    # With the next change of the balance it is tried again.
    world.happen(make.order(500, 40, make.NOW, "1"))
    world.push()
    assert world.corner.cards == {"1": Card("1", 100, None)}


def test_neither_a_busy_shop_nor_one_card_that_is_refused_keeps_the_others_from_theirs(
    world: Any, start: Any, make: Any, show: Any
) -> None:
    start()
    show()
    come(world, make, "1", "2", "3")
    world.corner.trouble = [TryLater("busy")]
    world.push()
    assert world.corner.cards == {}
    world.later(1)
    no = Refused("no such value")
    world.corner.trouble = [no, no]  # to all three, then to the first alone
    world.push()
    assert [state for _, state, _ in sent(world)] == ["parked", "done", "done"]
    assert sorted(world.corner.cards) == ["2", "3"]


def test_a_doubt_about_one_card_is_tried_again_and_keeps_no_other_from_its_own(
    world: Any, start: Any, make: Any, show: Any
) -> None:
    start()
    show()
    come(world, make, "1", "2", "3")
    maybe = Doubtful("it may have been done")
    world.corner.trouble = [maybe, maybe]
    world.push()
    assert sorted(world.corner.cards) == ["2", "3"]
    assert [state for _, state, _ in sent(world)] == ["waiting", "done", "done"]


def test_a_fault_of_ours_about_one_puts_only_that_one_aside(
    world: Any, start: Any, make: Any, show: Any
) -> None:
    start()
    show()
    come(world, make, "1", "2")
    world.corner.puzzling = {"2"}
    for _ in range(4):
        world.push()
        world.later(1)
    assert {subject: state for subject, state, _ in sent(world)} == {"1": "done", "2": "parked"}


def test_a_shop_that_learns_to_show_them_gets_all_of_them_and_before_it_is_never_asked(
    world: Any, start: Any, make: Any, show: Any
) -> None:
    start()
    come(world, make, "1", "2")
    world.push()
    assert (world.cards, sent(world), world.corner.calls.count("show")) == ([], [], 0)
    show()
    world.push()
    assert sorted(world.corner.cards) == ["1", "2"]


def test_a_shop_that_comes_back_gets_all_of_them_again_page_by_page(
    world: Any, monkeypatch: pytest.MonkeyPatch, carded: Any
) -> None:
    carded(*"12345")
    world.corner.cards.clear()
    installed = Installed(world.corner.facts(), b"tokens")
    welcoming.welcome(world.house.database, world.corner, installed, world.now)
    monkeypatch.setattr("connector.flow.cards.A_PAGE", 2)
    assert world.reconcile() == 0
    world.push()
    assert sorted(world.corner.cards) == [*"12345"]


def test_whom_others_swallowed_the_shop_deleted_or_the_law_forgot_has_no_card(
    world: Any, start: Any, make: Any, show: Any
) -> None:
    start()
    show()
    come(world, make, "1", "2", "3", "4")
    del world.corner.people["2"]
    world.tell(
        CustomersMerged("1", "2"),
        CustomerRemoved("3"),
        CustomerForgotten(world.shop.address, "4", None, ()),
    )
    world.push()
    # What was on its way to them is let go.
    assert [state for _, state, _ in sent(world)] == ["done", "dropped", "dropped", "dropped"]
    assert world.corner.cards == {"1": Card("1", 120, None)}
    assert [row.customer_id for row in world.cards] == ["1"]


def test_a_check_of_everything_looks_at_cards_once_a_month_and_finds_no_difference(
    world: Any, carded: Any
) -> None:
    carded("1", "2")
    assert (world.reconcile(), world.push()) == (0, 0)
    world.later(31)
    world.corner.cards.clear()
    assert world.reconcile() == 0
    world.push()
    assert sorted(world.corner.cards) == ["1", "2"]
    assert (world.reconcile(), world.push()) == (0, 0)


def test_a_card_that_changes_back_before_it_went_out_is_shown_as_it_is(world: Any, carded: Any) -> None:
    carded("1")
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert cards.want(tx, [(world.shop.id, Card("1", 60, None))]) == []
        assert cards.want(tx, [(world.shop.id, Card("1", 0, None))]) == [(world.shop.id, "1")]
        cards.stands(tx, world.shop.id, Card("1", 60, None), world.now)
        assert cards.doubtful(tx, world.shop.id, "", 10) == ["1"]  # it is not what is wanted now
        assert cards.want(tx, [(world.shop.id, Card("1", 60, None))]) == [(world.shop.id, "1")]


def test_whom_somebody_changed_in_the_shop_is_looked_at_once_and_what_was_written_over_is_put_right(
    world: Any, carded: Any
) -> None:
    carded("1", "2")
    before = dict(world.corner.cards)
    world.later(1)
    world.corner.cards["1"] = Card("1", 5, "Wrong")  # staff saved a form that they had opened before
    minute = timedelta(minutes=1)
    for one in "12":
        world.corner.change(one, world.now - minute)
    assert look(world, "window") == 0
    assert world.corner.cards == before
    # What we wrote moved the date of one once more: they are looked at once more, and then all is still.
    world.later(1 / 24)
    world.corner.change("1", world.now - minute)
    look(world, "window")
    assert world.corner.showings == [2, 2, 1]
    assert (look(world, "window"), look(world)) == (0, 0)
    assert world.corner.showings == [2, 2, 1]


def test_a_shop_whose_clock_is_behind_is_held_against_its_own_clock(world: Any, carded: Any) -> None:
    carded("1")
    good = world.corner.cards["1"]
    behind = [world.now - timedelta(hours=hours) for hours in (3, 2, 1)]
    world.corner.change("1", behind[0])  # our own write, by its clock
    look(world)
    assert world.corner.showings == [1]
    for moment in behind[1:]:
        world.corner.cards["1"] = Card("1", 5, "Wrong")
        world.corner.change("1", moment)
        look(world)
        assert world.corner.cards["1"] == good
    assert world.corner.showings == [1, 1, 1]


def test_what_we_write_ourselves_needs_no_second_look_and_where_only_we_can_write_nobody_looks(
    world: Any, make: Any, carded: Any
) -> None:
    carded("1")
    world.corner.change("1", world.now - timedelta(seconds=1))
    look(world)
    world.happen(make.order(500, 40, make.NOW, "1"))
    world.push()
    assert world.corner.showings == [1, 1]
    world.corner.change("1", world.now)
    look(world)
    assert world.corner.showings == [1, 1]
    world.corner.keeps_cards = True
    world.later(1)
    world.corner.change("1", world.now)
    look(world)
    assert world.corner.showings == [1, 1]


def look(world: Any, kind: str = "full") -> int:
    """Read the shop again and send what comes of it; return how many differences there were."""
    differences = int(world.reconcile(kind))
    world.push()
    return differences
