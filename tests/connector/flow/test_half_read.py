"""While a shop is read for the first time its customers wait: half a history would give codes that a whole one does not."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from connector import rounds
from connector.flow import welcoming
from connector.loyalty.terms import suggested
from connector.port import Installed, ShopFacts
from connector.store import merchants, runs, shops
from connector.store.tables import coupons, entries

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
