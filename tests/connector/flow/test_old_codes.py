"""Old codes leave the merchant's list: thirty days after their end, where nobody used them, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from connector import jobs
from connector.port import Refused
from connector.store.tables import coupons

GONE = "The old code was taken out of the shop's list, unless somebody has used it."


def earn(world: Any, make: Any) -> dict[str, Any]:
    """Anna's and Bert's second orders bring two codes each, which the shop makes; return them by code."""
    for one in ("7", "8"):
        world.tell(make.told(make.person(one, f"p{one}@example.nl")))
        world.happen(
            make.order(10 + int(one), 60, make.NOW, one), make.order(20 + int(one), 60, make.NOW, one)
        )
    world.push()
    found = {row.code: row for row in world.coupons}
    assert len(found) == 4
    assert set(found) == set(world.corner.codes)
    return found


def night(world: Any) -> None:
    jobs.tidy(world.house)
    world.push()


def deletions(world: Any) -> list[tuple[str, str | None]]:
    return [(row.state, row.result) for row in world.outbox if row.kind == "delete"]


def test_unused_codes_go_thirty_days_after_their_end_and_used_ones_stay(
    world: Any, start: Any, make: Any
) -> None:
    start()
    codes = earn(world, make)
    used, *unused = sorted(codes)
    world.happen(make.order(99, 60, make.NOW, codes[used].customer_id, coupon_codes=(used,)))
    world.push()
    last = max(row.ends_at for row in codes.values())
    world.later((last + timedelta(days=29) - world.now) / timedelta(days=1))
    night(world)
    assert set(world.corner.let_go) == {code for code in unused if codes[code].ends_at < last}
    world.later(2)
    for _ in range(2):
        night(world)
    old = {row.code: row for row in world.coupons if row.code in codes}
    assert [code for code in unused if code in world.corner.codes] == []
    assert used in world.corner.codes
    assert {code for code, row in old.items() if row.deleted_at is not None} == set(unused)
    # Once each: the second night finds nothing left to do.
    assert sorted(world.corner.let_go) == unused
    assert world.corner.calls.count("delete_coupons") <= 2
    assert deletions(world) == [("done", GONE)] * len(unused)


def test_what_was_never_live_a_gift_and_what_the_shop_refuses_stay_and_pages_go_ten_minutes_apart(
    world: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    codes = sorted(earn(world, make))
    changes: dict[str, Any] = {codes[0]: {"remote_id": None}, codes[1]: {"kind": "gift_card"}}
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        tx.run(update(coupons).values(ends_at=world.now + timedelta(days=1)))
        for code, new in changes.items():
            tx.run(update(coupons).where(coupons.c.code == code).values(**new))
    world.later(40)
    monkeypatch.setattr("connector.flow.clearing.PAGE", 1)
    jobs.tidy(world.house)
    sent = sorted(row.next_at for row in world.outbox if row.kind == "delete")
    assert sent == [world.now, world.now + timedelta(minutes=10)]
    world.corner.trouble = [Refused("the shop says no")]
    world.push()
    world.later(1)
    night(world)
    assert sorted(state for state, _ in deletions(world)) == ["done", "parked"]
    assert [row.code for row in world.coupons if row.deleted_at is not None and row.code in codes[:2]] == []
    assert sum(row.deleted_at is not None for row in world.coupons) == 1
