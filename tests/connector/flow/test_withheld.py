"""What a shop keeps from us of its people: whoever was known stays known, by whichever road the silence comes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from connector import rounds
from connector.flow import importing
from connector.port import Batch, CustomerChanged
from connector.store import runs, shops
from connector.store.tables import customers, orders

SILENT = {"email": None, "email_verified": False, "name": None}


def known(world: Any, customer_id: str = "7") -> tuple[bool, bool, bool]:
    """Whether an address, its verification and a name are known."""
    row = next(row for row in world.rows(customers) if row.id == customer_id)
    return row.email_hash is not None, row.email_verified, row.name_sealed is not None


def later(world: Any, person: Any, **changes: Any) -> Any:
    """The same person an hour on, as the shop shows them now."""
    world.later(1 / 24)
    told = msgspec.structs.replace(person, changed_at=world.now, **changes)
    world.corner.people[person.id] = told
    return told


def imports_again(world: Any, *people: Any, guests: tuple[Any, ...] = ()) -> None:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        run = runs.begin(tx, world.shop.id, "import", world.now)
        importing.take(tx, world.shop.id, run, Batch(people, guests, "1"), 1, world.now)
        importing.finish(tx, world.shop.id, run, 1, world.now)


@pytest.mark.parametrize("road", ["message", "reading again", "import"])
def test_whoever_falls_silent_altogether_stays_known_and_keeps_their_guest_orders(
    world: Any, start: Any, make: Any, road: str
) -> None:
    start()
    anna = make.person()
    world.tell(CustomerChanged(anna))
    world.happen(make.order(1, 60, make.NOW, customer_id=None, email="anna@example.nl"))
    assert (known(world), world.balance()) == ((True, True, True), 60)
    silent = later(world, anna, **SILENT)
    if road == "message":
        world.tell(CustomerChanged(silent))
    if road == "import":
        imports_again(world, silent)
    assert (world.reconcile(), world.reconcile()) == (0, 0)
    assert (known(world), world.balance()) == ((True, True, True), 60)


@pytest.mark.parametrize("road", ["message", "import"])
def test_a_guests_order_whose_address_is_withheld_stays_whose_it_was(
    world: Any, start: Any, make: Any, road: str
) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    bought = make.order(1, 60, make.NOW, customer_id=None, email="anna@example.nl")
    world.happen(bought)
    refunded = msgspec.structs.replace(
        bought, email=None, refunded=2000, changed_at=make.NOW + make.DAY, fulfilled_at=make.NOW
    )
    if road == "message":
        world.happen(refunded)
    else:
        world.corner.order_book["1"] = refunded
        imports_again(world, guests=(refunded,))
        rounds.finish(world.house, world.shop.merchant_id, world.shop.id)
    assert [row.guest_hash is not None for row in world.rows(orders)] == [True]
    world.later(1)
    assert world.balance() == 40


def test_an_address_alone_that_is_gone_was_taken_away_unless_the_shop_withholds_addresses(
    world: Any, make: Any
) -> None:
    anna, bert = make.person(), make.person("8", "bert@example.nl")
    world.tell(CustomerChanged(anna), CustomerChanged(bert))
    world.tell(CustomerChanged(later(world, anna, email=None, email_verified=False)))
    assert known(world) == (False, False, True)
    world.corner.withholds, world.corner.forbids = ("email",), ("gift_card",)
    rounds.subscribe(world.house, world.shop.merchant_id, world.shop.id)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        shop = shops.get(tx, world.shop.id)
    assert (list(shop.withholds), list(shop.not_allowed)) == (["email"], ["gift_card"])
    world.tell(CustomerChanged(later(world, bert, email=None, email_verified=False, name="Bert Bakker")))
    assert known(world, "8") == (True, True, True)
    assert world.reconcile() == 0


def test_whoever_was_never_known_by_name_is_kept_without_one(world: Any, make: Any) -> None:
    world.tell(CustomerChanged(msgspec.structs.replace(make.person(), **SILENT)))
    assert known(world) == (False, False, False)
    assert world.reconcile() == 0
