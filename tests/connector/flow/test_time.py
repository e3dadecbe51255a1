"""Time goes by in the real house: tags, win-backs and notices come when their moment does, however often one looks."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from connector import rounds
from connector.flow import programme, welcoming
from connector.loyalty.terms import Tier, suggested
from connector.port import CustomerChanged, Installed, ShopFacts
from connector.store import shops
from connector.store.reading import notices as reading
from connector.store.tables import coupons, customers, entries, marks, members, notices

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def since(world: Any, after_id: int = 0) -> tuple[reading.NoticeLine, ...]:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        return reading.since(tx, after_id, world.now)


def carried(world: Any) -> list[tuple[str, ...]]:
    return [tuple(row.wanted) for row in world.rows(marks)]


def test_a_customer_is_new_lapses_is_won_back_and_is_lost(world: Any, start: Any, make: Any) -> None:
    whole = suggested("EUR")
    start(usual_gap=40, tiers=(), stage_tags=whole.stage_tags, win_back=whole.win_back)
    world.happen(make.order(1, 30, world.now))
    assert carried(world) == [("customer-new",)]
    world.later(41)
    assert carried(world) == [("customer-lapsing",)]
    (coupon,) = world.rows(coupons)
    assert coupon.source == f"lapse:order:{world.shop.id}:1"
    assert (coupon.reward_key, coupon.state) == ("win-back", "wanted")
    world.push()
    assert world.rows(coupons)[0].state == "live"
    assert set(world.corner.tags["7"]) == {"customer-lapsing"}
    world.later(40)
    world.push()
    assert set(world.corner.tags["7"]) == {"customer-lost"}


def test_notices_are_read_with_a_cursor_and_what_is_past_is_left_out(
    world: Any, start: Any, make: Any
) -> None:
    start(expiry_months=2)
    world.happen(make.order(1, 45, world.now))
    while not world.rows(notices):
        world.later(1)
    (line,) = since(world)
    assert (line.kind, line.points, line.days_ahead) == ("points_expire", 45, 30)
    assert line.member_id == world.member()
    assert line.moment <= line.noted_at == world.now
    assert since(world, line.id) == ()
    world.later(24)
    (second,) = since(world, line.id)
    assert second.days_ahead == 7
    assert since(world) == (second,), "the first is past its day"
    world.later(40)
    assert since(world) == ()
    assert len(world.rows(notices)) == 2, "nothing is taken out of the log"


def test_a_line_of_the_log_is_never_changed(world: Any, start: Any, make: Any) -> None:
    start(expiry_months=1)
    world.happen(make.order(1, 45, world.now))
    world.later(24)
    assert len(world.rows(notices)) == 1
    with (
        pytest.raises(DBAPIError, match=r"never changed|permission denied"),
        world.house.database.merchant(world.shop.merchant_id) as tx,
    ):
        tx.run(update(notices).values(points=1))


def test_who_reads_waits_for_who_writes_so_that_no_line_is_missed(world: Any, start: Any, make: Any) -> None:
    start(expiry_months=1)
    world.happen(make.order(1, 45, world.now))
    world.later(24)
    (line,) = since(world)
    found: list[int] = []
    reader = threading.Thread(target=lambda: found.extend(one.id for one in since(world)))
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        # As every settlement does before it writes notices.
        tx.run(text("SELECT pg_advisory_xact_lock_shared(4, :m)").bindparams(m=world.shop.merchant_id))
        reader.start()
        reader.join(0.3)
        assert reader.is_alive()
    reader.join(60)
    assert found == [line.id]


def test_two_who_become_one_are_not_told_again(world: Any, start: Any, make: Any) -> None:
    start(expiry_months=1)
    world.happen(make.order(1, 45, world.now), make.order(2, 20, world.now, "8"))
    world.later(24)
    written = {row.member_id for row in world.rows(notices)}
    assert len(written) == 2
    world.tell(
        *(
            CustomerChanged(make.person(one, email="same@example.nl", changed_at=world.now))
            for one in ("7", "8")
        )
    )
    world.later(0)
    assert len(world.rows(notices)) == 2
    assert {line.member_id for line in since(world)} == {world.member()}


# --- hourly against forty days' sleep ---------------------------------------------------------------------------------


@pytest.fixture
def other(world: Any) -> Any:
    """Another merchant of the same house, with the same kind of shop."""
    facts = ShopFacts("sleepy.example", "Sleepy Shop", "EUR", "Europe/Amsterdam", "nl")
    welcoming.welcome(world.house.database, world.corner, Installed(facts, b"tokens"), world.now)
    with world.house.database.everyone() as connection:
        shop = shops.find_by_address(connection, "corner", facts.address)
    assert shop is not None
    rounds.import_history(world.house, shop.merchant_id, shop.id)
    return type(world)(world.house, world.corner, shop, world._clock)


def test_looking_hourly_and_once_after_forty_days_leave_the_same_books(
    world: Any, other: Any, make: Any
) -> None:
    terms = msgspec.structs.replace(
        suggested("EUR"),
        expiry_months=2,
        usual_gap=20,
        hold_days=3,
        tiers=(Tier("Silver", 60_00, "silver"),),
        tier_term_months=2,
    )
    for one in (world, other):
        with one.house.database.merchant(one.shop.merchant_id) as tx:
            programme.publish(tx, terms, world.now - 365 * DAY, world.now)
    begin = world.now
    for round_ in range(6):
        until = begin + (round_ + 1) * 40 * DAY
        for order in arriving(make, begin + round_ * 40 * DAY, round_):
            live_hourly(world, order.paid_at)
            world._clock[0] = order.paid_at
            world.happen(order)
            other.happen(order, tell=False)
        live_hourly(world, until)
        # The sleeper finds everything at once.
        world._clock[0] = until
        other.tell(*(make.changed(one) for one in arriving(make, begin + round_ * 40 * DAY, round_)))
        for one in (world, other):
            rounds.settle(one.house, one.shop.merchant_id)
        assert books(world) == books(other), (round_, until)
    told = books(world)
    assert told["notices"]
    assert told["sums"]
    assert len(other.rows(notices)) == len(world.rows(notices)) > 12


def arriving(make: Any, begin: datetime, round_: int) -> list[Any]:
    """Return the orders of forty days: each of eight customers comes at a pace of their own, and some stop."""
    found = []
    for n in range(8):
        for k in range(40):
            if (round_ * 40 + k) % (n * 5 + 6) == n and round_ < 5 - n % 4:
                paid = begin + k * DAY + timedelta(hours=n * 3, minutes=7 * k)
                found.append(make.order(10_000 * round_ + 100 * n + k, 20 + n, paid, f"p{n}"))
    return sorted(found, key=lambda order: order.paid_at)


def live_hourly(world: Any, until: datetime) -> None:
    """Settle at every full hour before this moment for which something is due: at all others nothing would happen."""
    while True:
        with world.house.database.merchant(world.shop.merchant_id) as tx:
            mine = members.c.merchant_id == world.shop.merchant_id
            due = tx.value(select(func.min(members.c.due_at)).where(mine))
        if due is None:
            return
        first = datetime(2000, 1, 1, tzinfo=due.tzinfo)
        hour = max(world.now, first + -(-(due - first) // HOUR) * HOUR)
        if hour >= until:
            return
        world._clock[0] = hour
        rounds.settle(world.house, world.shop.merchant_id)


def books(world: Any) -> dict[str, Any]:
    """Return the books by customer, without the numbers that differ between two merchants, and when they were written."""
    mine = world.shop.merchant_id
    whose = {row.member_id: row.id for row in world.rows(customers) if row.merchant_id == mine}

    def clean(source: str) -> str:
        return source.replace(f"order:{world.shop.id}:", "order:")

    def rows(table: Any) -> list[Any]:
        return [row for row in world.rows(table) if row.merchant_id == mine]

    lines: dict[tuple[str, str], tuple[int, datetime]] = {}
    for row in sorted(rows(entries), key=lambda row: row.id):
        key = (whose[row.member_id], clean(row.source))
        lines[key] = (lines.get(key, (0, row.moment))[0] + row.points, row.moment)
    return {
        "sums": lines,
        "standing": sorted(
            (
                whose[row.id],
                row.balance,
                row.pending,
                row.tier or "",
                row.tier_until,
                row.order_count,
                row.due_at,
            )
            for row in rows(members)
            if row.id in whose
        ),
        "marks": sorted((row.customer_id, tuple(row.wanted)) for row in rows(marks)),
        "coupons": sorted(
            (row.customer_id, clean(row.source), row.reward_key, row.starts_at, row.ends_at)
            for row in rows(coupons)
            if row.state in ("wanted", "live") and row.ends_at > world.now
        ),
        "notices": sorted(
            (whose[row.member_id], row.key, row.moment, row.points, row.good_until) for row in rows(notices)
        ),
    }
