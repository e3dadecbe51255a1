"""Messages that do not open or cannot be understood: each waits or is put aside by itself, and the others go on."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from connector.port import Delivery, OrderChanged
from connector.store.tables import inbox, orders


@pytest.mark.parametrize(
    ("damage", "state"), [("another key", "waiting"), ("a flipped bit", "parked"), ("cut off", "parked")]
)
def test_a_message_that_does_not_open_holds_up_no_other(
    world: Any, make: Any, damage: str, state: str
) -> None:
    for number in (1, 2, 3):
        world.tell(OrderChanged(make.order(number, 10 * number, make.NOW)), drain=False)
    _, spoilt, _ = by_age(world)
    words = {
        "another key": spoil_key(spoilt.body_sealed),
        "a flipped bit": spoilt.body_sealed[:-1] + bytes([spoilt.body_sealed[-1] ^ 1]),
        "cut off": spoilt.body_sealed[:7],
    }[damage]
    keep_as(world, spoilt.id, words)
    assert world.apply() == 3
    assert [row.state for row in by_age(world)] == ["applied", state, "applied"]
    assert ("key is missing" if state == "waiting" else "does not open") in by_age(world)[1].result
    assert {row.id for row in world.rows(orders)} == {"1", "3"}


def test_a_message_waits_for_its_key_however_long_and_is_applied_when_it_is_back(
    world: Any, make: Any
) -> None:
    world.tell(OrderChanged(make.order(1, 10, make.NOW)), drain=False)
    (kept,) = world.rows(inbox)
    keep_as(world, kept.id, spoil_key(kept.body_sealed))
    for _ in range(20):
        world.later(1)
        world.apply()
    (waits,) = world.rows(inbox)
    assert (waits.state, waits.attempts) == ("waiting", 0)
    keep_as(world, kept.id, kept.body_sealed)
    world.later(1)
    world.apply()
    assert [row.state for row in world.rows(inbox)] == ["applied"]


def test_a_message_that_the_platform_cannot_read_is_parked_after_three_tries(
    world: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        world.tell(OrderChanged(make.order(number, 10, make.NOW)), drain=False)
    understand = type(world.corner).read

    def read(corner: Any, delivery: Delivery) -> Any:
        if delivery.id == "d-1":
            raise KeyError("a fault of the adapter")
        return understand(corner, delivery)

    monkeypatch.setattr(type(world.corner), "read", read)
    for _ in range(3):
        world.apply()
        world.later(1)
    assert [(row.state, row.result) for row in by_age(world)] == [
        ("parked", "KeyError while applying it"),
        ("applied", "Order #2 brought up to date."),
    ]


def by_age(world: Any) -> list[Any]:
    return sorted(world.rows(inbox), key=lambda row: row.id)


def spoil_key(sealed: bytes) -> bytes:
    """The same words as if a key had sealed them that is not listed."""
    return b"\x02k9" + sealed[1 + sealed[0] :]


def keep_as(world: Any, row_id: int, words: bytes) -> None:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        tx.run(update(inbox).where(inbox.c.id == row_id).values(body_sealed=words))
