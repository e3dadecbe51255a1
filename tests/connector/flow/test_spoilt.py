"""What a shop holds and cannot be read is put aside and shown, once for each of its states, and all else goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from connector import parking, rounds
from connector.flow import again, reconciling
from connector.port import Batch, CustomerForgotten, CustomerTouched, OrderTouched, Unread, Unreadable, Window
from connector.store import runs
from connector.store.tables import customers, inbox, orders

SPOILT = (
    "Order 2 cannot be read: a date, an amount or a word is spoilt; put it right in the shop and try again."
)


@pytest.fixture
def spoilt(world: Any, make: Any, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The corner shop has three orders, of which the second cannot be read."""
    world.happen(*(make.order(number, 10, make.NOW) for number in (1, 2, 3)), tell=False)
    spoilt, corner = {"2"}, type(world.corner)
    history, changed, fetch = corner.history, corner.changed, corner.orders

    def without(batch: Batch) -> Batch:
        unread = tuple(Unread("order", one.id, "v1") for one in batch.orders if one.id in spoilt)
        return replace(
            batch, orders=tuple(one for one in batch.orders if one.id not in spoilt), unread=unread
        )

    def read(shop: Any, checkpoint: str | None) -> Iterator[Batch]:
        return map(without, history(shop, checkpoint))

    def window(shop: Any, window: Window) -> Iterator[Batch]:
        return map(without, changed(shop, window))

    def ask(shop: Any, ids: tuple[str, ...]) -> Any:
        world.asked.append(ids)
        found = without(Batch((), tuple(fetch(shop, ids).values()), ""))
        if found.unread:
            raise Unreadable(found)
        return {order.id: order for order in found.orders}

    world.asked = list[tuple[str, ...]]()

    monkeypatch.setattr(corner, "history", read)
    monkeypatch.setattr(corner, "changed", window)
    monkeypatch.setattr(corner, "orders", ask)
    return spoilt


def put_aside(world: Any) -> list[tuple[str, str]]:
    return [(row.state, row.result) for row in world.rows(inbox) if row.state == "parked"]


def known(world: Any) -> set[str]:
    return {row.id for row in world.rows(orders)}


def test_the_import_ends_and_what_cannot_be_read_is_put_aside_with_its_reason(
    world: Any, spoilt: set[str]
) -> None:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        runs.begin(tx, world.shop.id, "import", world.now)
    assert rounds.import_history(world.house, world.shop.merchant_id, world.shop.id)
    world.apply()
    assert known(world) == {"1", "3"}
    assert put_aside(world) == [("parked", SPOILT)]
    assert world.asked == [], "the reading has just asked"


@pytest.mark.parametrize("kind", ["window", "full"])
def test_a_reading_goes_on_and_puts_each_state_aside_once(world: Any, spoilt: set[str], kind: str) -> None:
    for _ in range(3):
        world.reconcile(kind)
        world.apply()
        world.later(minutes(1))
    assert known(world) == {"1", "3"}
    assert put_aside(world) == [("parked", SPOILT)]
    assert world.asked == [], "the reading has just asked"


@pytest.mark.parametrize("kind", ["window", "full"])
def test_what_was_put_aside_by_a_reading_goes_from_there_when_another_reads_it_and_comes_back_spoilt_again(
    world: Any, spoilt: set[str], kind: str
) -> None:
    world.tell(OrderTouched("2"))
    world.later(minutes(1))
    seen = []
    for spoil in (True, False, True):
        spoilt.update("2") if spoil else spoilt.clear()
        world.reconcile(kind)
        world.apply()
        seen.append((sorted(known(world)), len(put_aside(world))))
        world.later(minutes(1))
    # The message that named it stays until somebody has it tried again: it may have said more.
    assert seen == [(["1", "3"], 2), (["1", "2", "3"], 1), (["1", "2", "3"], 2)]


def test_at_the_command_line_too_many_that_cannot_be_read_are_one_line_beside_what_else_was_put_aside(
    world: Any, spoilt: set[str]
) -> None:
    world.tell(OrderTouched("2"))
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        many = [Unread("order", str(number)) for number in range(100, 140)]
        reconciling.keep_unread(tx, world.shop.id, many, world.now)
    heap, message = parking.everything(world.house)
    assert (heap.count, heap.what) == (40, "order found")
    assert heap.why == "40 of these cannot be read, among them order 100, order 101, order 102"
    assert (message.count, message.why) == (1, SPOILT)


def test_what_was_known_before_it_was_spoilt_is_not_taken_for_deleted(
    world: Any, make: Any, spoilt: set[str]
) -> None:
    spoilt.clear()
    world.reconcile("full")
    world.apply()
    spoilt.add("2")
    world.later(minutes(1))
    world.reconcile("full")
    world.apply()
    assert [row.id for row in world.rows(orders) if row.removed_at is not None] == []
    assert put_aside(world) == [("parked", SPOILT)]


def test_it_holds_up_no_message_of_the_same_batch_and_is_read_once_it_is_put_right(
    world: Any, make: Any, spoilt: set[str]
) -> None:
    world.tell(*(OrderTouched(number) for number in ("1", "2", "3")))
    assert known(world) == {"1", "3"}
    assert put_aside(world) == [("parked", SPOILT)]
    assert [sorted(ids) for ids in world.asked] == [["1", "2", "3"]], (
        "one question, and none for each by itself"
    )
    spoilt.clear()
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        again.all_again(tx, world.now)
    world.apply()
    assert (known(world), put_aside(world)) == ({"1", "2", "3"}, [])


def test_a_customer_who_cannot_be_read_leaves_out_nobody_of_the_same_question(
    world: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.corner.people |= {one: make.person(one, email=f"{one}@example.nl") for one in ("7", "8", "9")}
    world.happen(*(make.order(number, 10, make.NOW, str(number)) for number in (7, 8, 9)), tell=False)
    corner = type(world.corner)
    fetch = corner.customers

    def ask(shop: Any, ids: tuple[str, ...]) -> Any:
        rest = tuple(fetch(shop, tuple(one for one in ids if one != "8")).values())
        if "8" not in ids:
            return fetch(shop, ids)
        raise Unreadable(Batch(rest, (), "", unread=(Unread("customer", "8"),)))

    monkeypatch.setattr(corner, "customers", ask)
    world.tell(*(OrderTouched(number) for number in ("7", "8", "9")))
    assert known(world) == {"7", "8", "9"}
    assert {row.id for row in world.rows(customers) if row.email_hash is not None} == {"7", "9"}
    assert put_aside(world) == []
    world.tell(*(CustomerTouched(number) for number in ("7", "8", "9")))
    assert put_aside(world) == [("parked", SPOILT.replace("Order 2", "Customer 8"))]
    assert [row.id for row in world.rows(customers) if row.removed_at is not None] == []


def test_the_number_of_a_forgotten_customer_does_not_come_back_when_they_cannot_be_read(
    world: Any, make: Any
) -> None:
    def read() -> int:
        with world.house.database.merchant(world.shop.merchant_id) as tx:
            unread = [Unread("customer", "70707"), Unread("customer", "8")]
            return reconciling.keep_unread(tx, world.shop.id, unread, world.now)

    assert (read(), read()) == (2, 0)
    world.tell(CustomerForgotten(world.shop.address, "70707", None))
    assert read() == 0
    rows = world.rows(inbox)
    assert not [row for row in rows if "70707" in f"{row.delivery_id} {row.subject} {row.result}"]
    assert [reason for _, reason in put_aside(world)] == [SPOILT.replace("Order 2", "Customer 8")]


def minutes(number: float) -> float:
    return timedelta(minutes=number) / timedelta(days=1)
