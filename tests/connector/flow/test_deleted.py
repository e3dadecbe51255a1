"""What a shop deletes without a word: found by comparing all ids, and an order keeps the person whom the shop deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from connector import jobs, rounds
from connector.flow import importing
from connector.port import Batch, CustomerChanged, Forbidden, Numbers, OrderChanged, OutcomeUnknown, TryLater
from connector.rounds import upkeep
from connector.store import shops
from connector.store.tables import customers, orders, privacy


def bought(world: Any, make: Any, *numbers: int, customer_id: str = "7") -> None:
    """Orders of 10 euros each, paid thirty days ago."""
    paid = make.NOW - 30 * make.DAY
    world.happen(*(make.order(number, 10, paid, customer_id) for number in numbers))


def orphan(order: Any, **more: Any) -> Any:
    """The order as the shop tells of it once its customer is deleted."""
    fields = {"customer_id": None, "email": "anna@example.nl", "orphaned": True}
    return msgspec.structs.replace(order, **(fields | more))


def test_three_orders_and_two_customers_deleted_without_a_trace_are_gone_within_one_round(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(*(CustomerChanged(make.person(str(n), f"p{n}@example.nl")) for n in (7, 8, 9)))
    bought(world, make, 1, 2, 3, 4, 5)
    assert world.balance() == 50
    for number in ("1", "3", "5"):
        del world.corner.order_book[number]
    del world.corner.people["8"], world.corner.people["9"]
    assert world.reconcile("ids") == 5
    assert world.balance() == 20
    assert {row.id for row in world.rows(orders) if row.removed_at} == {"1", "3", "5"}
    assert {row.id for row in world.rows(customers) if row.removed_at} == {"8", "9"}
    assert world.reconcile("ids") == 0, "gone is gone: nothing is looked up twice"


def test_every_hour_codes_are_ended_that_the_shop_would_not_end_and_where_they_cannot_be_all_else_goes_on(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    bought(world, make, 1, 2, 3)
    spoilt = OutcomeUnknown("The shop failed on our call (500); it may have been done.")
    for trouble in ([], [Forbidden("the right to see codes is missing")], [spoilt]):
        world.corner.trouble = trouble
        world.corner.calls.clear()
        del world.corner.order_book[min(world.corner.order_book)]
        assert world.reconcile("ids") == 1
        assert world.corner.calls.count("end_codes") == 1


def test_what_comes_in_while_the_ids_are_read_is_looked_up_and_stays(
    world: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    bought(world, make, 1)
    there = list(world.corner.numbers())

    def slowly() -> Any:
        yield from there
        bought(world, make, 2)  # its shop's clock is behind: it changed before this reading began

    world.tell(CustomerChanged(make.person("8", "p8@example.nl")))
    del world.corner.people["8"]
    there = list(world.corner.numbers())
    monkeypatch.setattr(world.corner, "numbers", slowly)
    assert world.reconcile("ids") == 2
    assert world.balance() == 20


def test_where_there_are_as_many_as_are_known_no_id_is_read(world: Any, start: Any, make: Any) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    bought(world, make, 1, 2)
    world.corner.calls.clear()
    assert world.reconcile("ids") == 0
    assert "numbers" not in world.corner.calls
    # One that was made just now and is not known yet counts neither there nor here.
    world.corner.order_book["3"] = make.order(3, 10, world.now)
    assert world.reconcile("ids") == 0
    assert "numbers" not in world.corner.calls
    del world.corner.order_book["1"]
    assert world.reconcile("ids") == 1
    assert world.corner.calls.count("numbers") == 2


def test_a_difference_that_stays_has_the_ids_read_once_and_another_one_again(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    bought(world, make, 1, 2, 3)
    # An order that could not be kept: the shop has one more than we know.
    world.corner.order_book["9"] = make.order(9, 10, make.NOW - 30 * make.DAY)

    def reads() -> tuple[int, bool]:
        world.corner.calls.clear()
        return world.reconcile("ids"), "numbers" in world.corner.calls

    assert [reads() for _ in range(3)] == [(0, True), (0, False), (0, False)]
    bought(world, make, 4)
    assert reads() == (0, False), "one more on both sides is no other difference"
    del world.corner.order_book["2"], world.corner.order_book["3"]
    assert [reads() for _ in range(3)] == [(2, True), (0, True), (0, False)]
    assert {row.id for row in world.rows(orders) if row.removed_at} == {"2", "3"}


def test_a_reading_of_ids_that_breaks_off_compares_nothing(world: Any, start: Any, make: Any) -> None:
    start()
    bought(world, make, 1, 2)
    world.corner.order_book.clear()

    def breaks() -> Any:
        yield Numbers()
        raise TryLater("The shop is out of order for a while (503).")

    world.corner.numbers = breaks
    assert rounds.reconcile(world.house, world.shop.merchant_id, world.shop.id, "ids") is None
    assert world.balance() == 20


def test_only_a_shop_that_is_polled_has_its_ids_compared_and_once_an_hour(
    world: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    asked: list[str] = []
    monkeypatch.setattr(upkeep.queue, "reconcile", lambda c, merchant, shop, kind: asked.append(kind))

    def swept(polled: bool, minutes: int) -> list[str]:
        world._clock[0] += timedelta(minutes=minutes)
        asked.clear()
        world.corner.polled = polled
        jobs.sweep(world.house)
        return [kind for kind in asked if kind != "window"]

    world.reconcile("full")
    assert swept(polled=True, minutes=50) == [], "all of it was read fifty minutes ago"
    assert swept(polled=False, minutes=20) == []
    assert swept(polled=True, minutes=0) == ["ids"]
    world.reconcile("ids")
    assert swept(polled=True, minutes=59) == []
    assert swept(polled=True, minutes=1) == ["ids"]


def test_comparing_ids_does_not_count_as_having_looked_at_what_changed(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.reconcile("window")
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        before = shops.get(tx, world.shop.id).seen_until
    world._clock[0] += timedelta(hours=2)
    world.reconcile("ids")
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        assert shops.get(tx, world.shop.id).seen_until == before


def test_an_order_whose_customer_was_deleted_keeps_the_person_and_the_points(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    bought(world, make, 1)
    del world.corner.people["7"]
    # updated_at does not move: only a reading of everything shows it.
    world.corner.order_book["1"] = orphan(world.corner.order_book["1"])
    world.reconcile()
    assert (world.balance(), world.rows(orders)[0].customer_id) == (10, "7")
    assert world.reconcile() == 0, "what the shop says of it is known"
    # Somebody else proves the address later: the order is no guest's.
    world.tell(CustomerChanged(make.person("8")))
    assert (world.balance("7"), world.balance("8")) == (10, 0)
    world.tell(OrderChanged(orphan(world.corner.order_book["1"], refunded=400, changed_at=make.NOW)))
    assert world.balance() == 6, "a refund still reaches the person"


def test_an_import_that_meets_such_an_order_again_leaves_it_with_its_person(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    bought(world, make, 1)
    told = orphan(world.corner.order_book["1"], changed_at=make.NOW)
    unknown = orphan(make.order(2, 30, make.NOW))
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        importing.take_in(tx, world.shop.id, Batch((), (told, unknown), ""), world.now)
    rounds.finish(world.house, world.shop.merchant_id, world.shop.id)
    found = {row.id: (row.customer_id, row.guest_hash) for row in world.rows(orders)}
    assert found == {"1": ("7", None), "2": (None, None)}
    assert world.balance() == 10


def test_whom_a_shop_that_sends_no_requests_deleted_is_forgotten_after_thirty_days_with_the_proof(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(*(CustomerChanged(make.person(str(n), f"p{n}@example.nl")) for n in (7, 8)))
    bought(world, make, 1, 2, customer_id="8")
    del world.corner.people["8"]
    assert world.reconcile("ids") == 1

    def told(days: int, *, polled: bool) -> list[tuple[str, int]]:
        world.later(days)
        world.corner.polled = polled
        jobs.tidy(world.house)
        world.apply()
        return [(row.topic, row.tables["customers"]) for row in world.rows(privacy)]

    assert told(29, polled=True) == []
    assert told(2, polled=False) == []
    assert told(0, polled=True) == [("customer_forgotten", 1)]
    assert told(1, polled=True) == [("customer_forgotten", 1)]
    assert [row.id for row in world.rows(customers) if row.forgotten_at is None] == ["7"]
    assert {row.customer_id for row in world.rows(orders)}.isdisjoint({"7", "8"})
    assert sum(world.sums().values()) == 20
