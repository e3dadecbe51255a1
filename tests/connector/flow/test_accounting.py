"""After a restore: once all that was read is done, what was given since the backup is accounted for, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from connector.flow import redeeming
from connector.loyalty.terms import NthOrder, Redeemable, Reward
from connector.port import CustomerChanged, OutcomeUnknown
from connector.records import Coupon
from connector.store import coupons, outbox, shops, tables

FIVE = Redeemable("five", "Five euros back", 100, Reward("store_credit", 5_00))
CARD = Redeemable("card", "A card of ten", 100, Reward("gift_card", 10_00, valid_days=365))
SECONDS = 1 / 86_400


@pytest.fixture
def rich(world: Any, start: Any, make: Any) -> Any:
    """Anna with 120 points, in a programme that exchanges 100 of them for five euros of store credit, or a card of ten."""
    start(redeemables=(FIVE, CARD), nth_orders=())
    earn(world, make)
    return world


def earn(world: Any, make: Any) -> None:
    world.tell(CustomerChanged(make.person()))
    world.happen(make.order(1, 120, make.NOW))
    world.push()


def redeem(world: Any, key: str) -> Any:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        return redeeming.redeem(tx, world.member(), world.shop.id, "7", key, "a-1", "staff", world.now)


def restored(world: Any) -> None:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        shops.restored(tx, world.shop.id, world.now)
    world.later(60 * SECONDS)


def accounts_from(world: Any) -> datetime | None:
    """As of when the shop is still to be accounted for."""
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        found: datetime | None = shops.get(tx, world.shop.id).restored_from
        return found


def read_in_full(world: Any, times: int) -> None:
    for _ in range(times):
        world.reconcile()
        world.push()
        world.later(15 * SECONDS)


def gift(world: Any, kind: Any, value: int, title: str) -> Coupon:
    """A gift of ours that Anna was given now, as far as the shop shows it."""
    at = world.now
    return Coupon("G1FT0000", kind, value, "EUR", title, at, at + timedelta(days=60), "7")


def given_up(world: Any) -> None:
    redeem(world, "five")
    for _ in range(7):
        world.corner.trouble = [OutcomeUnknown("no answer came back")]
        world.later(6 / 24)
        world.push()
    world.corner.trouble = []
    assert world.coupons[0].state == "parked"
    world.later(11 * 60 * SECONDS)
    world.push()
    assert world.balance() == 120


def test_one_gift_that_was_given_up_does_not_keep_a_shop_from_being_accounted_for(rich: Any) -> None:
    given_up(rich)
    restored(rich)
    rich.corner.given = [gift(rich, "gift_card", 10_00, CARD.name)]
    rich.corner.calls.clear()
    read_in_full(rich, 2)
    assert accounts_from(rich) is None
    assert rich.corner.calls.count("find_gift") == 1
    assert rich.balance() == 20


def test_a_gift_that_was_given_up_and_shows_after_a_restore_is_paid_for_once(rich: Any) -> None:
    given_up(rich)
    restored(rich)
    with rich.house.database.merchant(rich.shop.merchant_id) as tx:
        one = rich.coupons[0]
        late = coupons.get(tx, rich.shop.id, f"{one.source} {one.reward_key}").coupon
    rich.corner.given = [msgspec.structs.replace(late, starts_at=rich.now)]
    read_in_full(rich, 3)
    assert accounts_from(rich) is None
    assert (rich.balance(), rich.sums()["redemption:a-1"]) == (20, -100)


def test_cards_marks_and_deletions_that_wait_for_hours_hold_no_accounting_up_but_codes_do(rich: Any) -> None:
    restored(rich)
    rich.corner.given = [gift(rich, "gift_card", 10_00, CARD.name)]
    wait(rich, "card", "delete", "marks", "revoke")
    rich.reconcile()
    assert accounts_from(rich) is not None
    with rich.house.database.merchant(rich.shop.merchant_id) as tx:
        tx.run(update(tables.outbox).where(tables.outbox.c.kind == "revoke").values(state="done"))
    rich.reconcile()
    assert accounts_from(rich) is None
    assert rich.balance() == 20


def wait(world: Any, *kinds: Any) -> None:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        for kind in kinds:
            outbox.want(tx, kind, [(world.shop.id, "redemption:x five")], world.now + timedelta(hours=6))


def test_what_an_order_brought_costs_no_points_after_a_restore(world: Any, start: Any, make: Any) -> None:
    brought = (
        NthOrder("thanks", "Thanks", 50, Reward("gift_card", 10_00)),
        NthOrder("more", "More thanks", 50, Reward("store_credit", 5_00)),
    )
    start(redeemables=(FIVE, CARD), nth_orders=brought)
    earn(world, make)
    restored(world)
    world.corner.given = [gift(world, "gift_card", 10_00, "Thanks"), gift(world, "store_credit", 5_00, "")]
    world.reconcile()
    assert accounts_from(world) is None
    assert world.balance() == 120
    restored(world)
    world.corner.given = [gift(world, "gift_card", 10_00, CARD.name)]
    world.reconcile()
    assert world.balance() == 20


def test_gifts_of_all_members_are_asked_for_once_a_kind(rich: Any, make: Any, monkeypatch: Any) -> None:
    for number in range(8, 12):
        rich.tell(CustomerChanged(make.person(str(number), f"p{number}@example.nl")))
        rich.happen(make.order(number, 120, make.NOW, str(number)))
    monkeypatch.setattr("connector.rounds.restored.GIFTS_AT_ONCE", 2)
    rich.push()
    restored(rich)
    one = gift(rich, "store_credit", 5_00, "")
    rich.corner.given = [
        msgspec.structs.replace(one, code=f"G1FT{number}", customer_id=str(number)) for number in range(7, 12)
    ]
    rich.corner.calls.clear()
    rich.reconcile()
    assert rich.corner.calls.count("gifts") == 2
    assert [rich.balance(str(number)) for number in range(7, 12)] == [20] * 5
