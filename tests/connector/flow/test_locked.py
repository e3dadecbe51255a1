"""A message that somebody else holds while the shop is asked is applied with the answer to its own question, or not yet."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import select, text

from connector import rounds
from connector.flow import applying, asking
from connector.flow.desk import Desk
from connector.port import CustomerTouched, OrderTouched
from connector.store.tables import inbox


def test_what_was_locked_when_the_shop_was_asked_is_not_taken_for_deleted(
    world: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    world.happen(make.order(1, 100, make.NOW), make.order(2, 200, make.NOW))
    assert world.balance() == 300
    for order in (1, 2):
        world.happen(make.order(order, order * 100, make.NOW, changed_at=make.NOW + make.DAY / 2), tell=False)
    world.tell(OrderTouched("1"), OrderTouched("2"), drain=False)

    with ExitStack() as held:
        # As a rotation of keys does, or a worker that was killed and whose server has not noticed.
        other = held.enter_context(world.house.database.merchant(world.shop.merchant_id))
        last = select(inbox.c.id).where(inbox.c.state == "waiting").order_by(inbox.c.id.desc()).limit(1)
        assert other.first(last.with_for_update()) is not None
        answers = world.corner.orders

        def lets_go(ids: tuple[str, ...]) -> Any:
            found = answers(ids)
            held.close()
            return found

        monkeypatch.setattr(world.corner, "orders", lets_go)
        rounds.apply(world.house, world.shop.merchant_id, world.shop.id)
    assert {row.state for row in world.rows(inbox)} == {"applied"}
    assert world.balance() == 300


@pytest.mark.parametrize("change", [OrderTouched("1"), CustomerTouched("7")])
def test_nothing_is_taken_for_deleted_that_nobody_asked_for(
    world: Any, start: Any, make: Any, change: Any
) -> None:
    start()
    world.happen(make.order(1, 100, make.NOW))
    world.tell(change, drain=False)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        waiting = applying.inbox.waiting(tx, world.shop.id, world.now, 10)
        reads = [asking.Read(one, (change,)) for one in waiting]
        with pytest.raises(AssertionError):
            applying.apply(Desk(tx, world.shop.id, world.now), world.shop, reads, asking.Fetched())


def test_a_drain_whose_messages_are_all_held_goes_away_and_comes_back(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(make.changed(make.order(1, 100, make.NOW)), drain=False)
    with world.house.database.merchant(world.shop.merchant_id) as other:
        assert other.first(select(inbox.c.id).where(inbox.c.state == "waiting").with_for_update()) is not None
        rounds.apply(world.house, world.shop.merchant_id, world.shop.id)
        with world.house.database.everyone() as connection:
            locks = set(connection.execute(text("SELECT queueing_lock FROM procrastinate_jobs")).scalars())
    assert f"apply:{world.shop.id}:later" in locks
    world.apply()
    assert world.balance() == 100
