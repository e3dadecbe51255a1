"""While a shop is read for the first time its customers wait: half a history would give codes that a whole one does not."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connector import rounds
from connector.flow import redeeming, restoring, settling, welcoming
from connector.loyalty.terms import suggested
from connector.port import CustomerChanged, Installed, Refused, ShopFacts
from connector.rounds import upkeep
from connector.store import merchants, runs, shops
from connector.store.tables import coupons, customers, entries, members

DAY = timedelta(days=1)


@pytest.fixture
def stall(world: Any, start: Any, make: Any) -> Any:
    """A further shop, of which the oldest two of four orders are read; the programme wins back who stays away."""
    start(usual_gap=40, tiers=(), win_back=suggested("EUR").win_back)
    corner = type(world.corner)()
    corner.name = "market"
    world.house.platforms["market"] = corner
    other = type(world)(world.house, corner, None, world._clock)
    corner.people["7"] = make.person("7")
    days = (60, 55, 50, 5)
    other.happen(*(make.order(n, 30, world.now - ago * DAY) for n, ago in enumerate(days)), tell=False)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        code = merchants.give_pass(tx, "join", world.now, timedelta(hours=1))
    facts = ShopFacts("market.example", "Market Stall", "EUR", "Europe/London", "nl")
    arrived = welcoming.welcome(
        world.house.database, corner, Installed(facts, b"theirs", merchant_code=code), world.now
    )
    with world.house.database.merchant(arrived.merchant_id) as tx:
        other.shop = shops.get(tx, arrived.shop_id)
    full = threading.Event()
    taken: list[object] = []
    whole = corner.history

    def history(checkpoint: str | None) -> Any:
        for batch in whole(checkpoint):
            taken.append(batch)
            if len(taken) == 2:
                full.set()
            yield batch

    corner.history = history
    assert not rounds.import_history(world.house, other.shop.merchant_id, other.shop.id, full)
    return other


def unread(world: Any) -> list[int]:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        return runs.unread(tx)


def test_who_bought_lately_is_not_taken_for_lost_because_that_order_is_still_to_come(
    world: Any, stall: Any
) -> None:
    assert unread(world) == [stall.shop.id]
    assert rounds.settle(world.house, world.shop.merchant_id) == 0
    assert (world.rows(coupons), world.rows(entries)) == ([], [])
    assert rounds.import_history(world.house, world.shop.merchant_id, stall.shop.id)
    assert rounds.settle(world.house, world.shop.merchant_id) == 1
    assert unread(world) == []
    assert "win-back" not in {row.reward_key for row in world.rows(coupons)}
    assert sum(row.points for row in world.rows(entries)) == 120


def test_a_message_of_theirs_is_kept_and_settled_when_the_history_is_in(
    world: Any, stall: Any, make: Any
) -> None:
    stall.happen(make.order(9, 45, world.now))
    assert world.rows(entries) == []
    assert rounds.import_history(world.house, world.shop.merchant_id, stall.shop.id)
    rounds.settle(world.house, world.shop.merchant_id)
    assert sum(row.points for row in world.rows(entries)) == 165


def test_customers_of_the_other_shop_do_not_wait(world: Any, stall: Any, make: Any) -> None:
    world.happen(make.order(1, 45, world.now, "8"))
    (entry,) = world.rows(entries)
    assert entry.points == 45


def test_a_first_reading_that_stopped_is_no_history_either_until_the_shop_is_removed(
    world: Any, stall: Any
) -> None:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        run = runs.latest(tx, stall.shop.id, "import")
        assert run
        runs.fail(tx, run, world.now, "The shop shows no orders.")
    assert unread(world) == [stall.shop.id]
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        shops.remove(tx, stall.shop.id, world.now)
    assert unread(world) == []


@pytest.mark.parametrize("heard_in", ["the shop that is read", "the other"])
def test_who_is_found_to_be_a_customer_of_both_shops_waits_too(
    world: Any, stall: Any, make: Any, heard_in: str
) -> None:
    there, here = (stall, world) if heard_in == "the shop that is read" else (world, stall)
    same = {"email": "anna@example.nl", "email_verified": True}
    here.tell(CustomerChanged(make.person("7", **same, changed_at=world.now)))
    there.tell(CustomerChanged(make.person("17", **same, changed_at=world.now)))
    there.happen(make.order(21, 30, world.now - 60 * DAY, "17"))
    assert [row.survivor_id for row in world.rows(members)].count(None) < len(world.rows(members)), "joined"
    assert (world.rows(coupons), world.rows(entries)) == ([], [])


def test_what_staff_do_meanwhile_is_kept_and_booked_when_the_history_is_in(world: Any, stall: Any) -> None:
    (member,) = {row.member_id for row in world.rows(customers)}
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        redeeming.adjust(tx, member, 10, "a late parcel", "k" * 20, "staff", world.now)
        assert settling.waits(tx, member)
    assert (world.rows(coupons), world.rows(entries)) == ([], [])
    assert rounds.import_history(world.house, world.shop.merchant_id, stall.shop.id)
    rounds.settle(world.house, world.shop.merchant_id)
    assert sum(row.points for row in world.rows(entries)) == 130
    assert "win-back" not in {row.reward_key for row in world.rows(coupons)}


def test_a_member_that_cannot_be_settled_is_put_off_and_nobody_who_waits(
    world: Any, stall: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.happen(make.order(1, 45, world.now, "8"))
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        (healthy,) = {row.member_id for row in world.rows(customers) if row.id == "8"}
        settling.due_soon(tx, None, world.now)
        assert settling.put_off(tx, world.now, timedelta(hours=1)) == healthy


def test_who_waits_does_not_keep_another_shop_from_being_accounted_for_after_a_restore(
    world: Any, stall: Any
) -> None:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        settling.due_soon(tx, None, world.now)
    rounds.settle(world.house, world.shop.merchant_id)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert restoring.is_quiet(tx, world.shop.id, world.now)


def test_a_first_reading_that_was_refused_goes_on_where_it_stopped_once_an_hour(
    world: Any, stall: Any
) -> None:
    stall.corner.trouble = [Refused("The shop shows no orders.")]
    assert not rounds.import_history(world.house, world.shop.merchant_id, stall.shop.id)
    asked = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'import_history' AND status = 'todo'"
    waiting = []
    for later in (timedelta(0), timedelta(minutes=59), timedelta(minutes=2)):
        world._clock[0] += later
        with world.house.database.everyone() as connection:
            connection.execute(text("DELETE FROM procrastinate_jobs WHERE status = 'todo'"))
        upkeep.sweep(world.house)
        with world.house.database.everyone() as connection:
            waiting.append(connection.execute(text(asked)).scalar())
    assert waiting == [0, 0, 1]
    assert rounds.import_history(world.house, world.shop.merchant_id, stall.shop.id)
    assert unread(world) == []
