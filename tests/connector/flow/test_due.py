"""Who is due: at once where something was kept of them, and never forgotten by whoever settles them meanwhile."""

from __future__ import annotations

import threading
import time
from typing import Any

from sqlalchemy import select, text

from connector.flow import importing, settling
from connector.port import Batch, CustomerChanged
from connector.store import members, tables


def standing(world: Any) -> list[tuple[int, str, Any]]:
    """Each member with the place of their row, which moves when it is written."""
    place = text("ctid::text AS place")
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        rows = tx.all(select(tables.members.c.id, tables.members.c.due_at, place).order_by("id"))
        return [(row.id, row.place, row.due_at) for row in rows]


def test_who_is_due_already_is_not_written_again_and_who_is_not_is(world: Any, make: Any) -> None:
    world.tell(CustomerChanged(make.person()), CustomerChanged(make.person("8", "bea@example.nl")))
    first, second = world.member("7"), world.member("8")
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        members.make_due(tx, world.now, [first])
    before = standing(world)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        members.make_due(tx, world.now + make.DAY)
    after = standing(world)
    assert [one[2] for one in before] == [world.now, None]
    assert (after[0], after[1][0], after[1][2]) == (before[0], second, world.now + make.DAY)


def test_what_is_imported_while_its_member_is_settled_is_settled_too(
    world: Any, start: Any, make: Any
) -> None:
    start()
    world.tell(CustomerChanged(make.person()))
    bought = make.order(1, 60, make.NOW - 3 * make.DAY)

    def take_in() -> None:
        with world.house.database.merchant(world.shop.merchant_id) as tx:
            importing.take_in(tx, world.shop.id, Batch((), (bought,), ""), world.now)

    with world.house.database.merchant(world.shop.merchant_id) as tx:
        members.make_due(tx, world.now)
    work = threading.Thread(target=take_in)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        settling.settle(tx, [world.member()], world.now)
        work.start()
        _until_it_waits(world, work)
    work.join()
    world.later(0)
    assert world.balance() == 60


def test_whom_an_import_brings_is_written_once_and_due(world: Any, make: Any) -> None:
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        brought = Batch((make.person(),), (make.order(1, 60, make.NOW, "9"),), "")
        importing.take_in(tx, world.shop.id, brought, world.now)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        chosen = select(tables.members.c.due_at, text("xmin::text AS made"), text("ctid::text AS place"))
        rows = tx.all(chosen.order_by(text("ctid")))
    assert [(row.due_at, row.place) for row in rows] == [(world.now, "(0,1)"), (world.now, "(0,2)")]
    assert len({row.made for row in rows}) == 1


def _until_it_waits(world: Any, work: threading.Thread) -> None:
    """Return when the work waits for a lock (or, which must not be, is through)."""
    while work.is_alive():
        with world.house.database.merchant(world.shop.merchant_id) as tx:
            if tx.value(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                return
        time.sleep(0.02)
