"""The outbox: who waits for a code or a gift stands behind nobody's card."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from connector.store import outbox

LEASE = timedelta(minutes=2)


def test_codes_and_gifts_go_out_before_all_that_was_wanted_earlier(world: Any) -> None:
    shop, minute = world.shop.id, timedelta(minutes=1)
    wanted = {"card": 0, "marks": 1, "delete": 2, "coupon": 3, "revoke": 4}

    def claimed(limit: int) -> list[tuple[str, str]]:
        with world.house.database.merchant(world.shop.merchant_id) as tx:
            found = outbox.claim(tx, shop, world.now + 5 * minute, LEASE, limit)
        return sorted((push.kind, push.subject) for push, _ in found)

    with world.house.database.merchant(world.shop.merchant_id) as tx:
        for kind, after in wanted.items():
            subjects = [(shop, f"{kind} {number}") for number in range(3)]
            outbox.want(tx, kind, subjects, world.now + after * minute)
        outbox.want(tx, "coupon", [(shop, "not yet")], world.now + 6 * minute)
    assert claimed(4) == [("coupon", f"coupon {number}") for number in range(3)] + [("revoke", "revoke 0")]
    assert claimed(4) == [("card", f"card {n}") for n in range(2)] + [
        ("revoke", f"revoke {n}") for n in (1, 2)
    ]
    assert [kind for kind, _ in claimed(4)] == ["card", "marks", "marks", "marks"]
    assert [kind for kind, _ in claimed(4)] == ["delete"] * 3
    assert claimed(4) == []
