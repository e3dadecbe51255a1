"""Messages that are less than they seem: echoes of our own writes, letters long under way, hints about the shop itself."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select

from connector import rounds
from connector.port import CustomerChanged, Delivery, OrderChanged, RightsChanged, ShopFacts, ShopTouched
from connector.store import inbox, tables


def results(world: Any) -> list[tuple[str, str]]:
    return [(row.state, row.result) for row in sorted(world.rows(tables.inbox), key=lambda row: row.id)]


def jobs(world: Any, name: str) -> list[dict[str, Any]]:
    with world.house.database.everyone() as connection:
        asked = "SELECT args FROM procrastinate_jobs WHERE task_name = %(name)s"
        return [row.args for row in connection.exec_driver_sql(asked, {"name": name})]


def test_a_hundred_echoes_of_our_own_tags_are_no_work(world: Any, start: Any, make: Any) -> None:
    start()
    anna = make.person()
    world.tell(CustomerChanged(anna))
    world.happen(make.order(1, 60, make.NOW), make.order(2, 60, make.NOW))
    world.push()
    assert world.corner.tags["7"]

    def standing() -> list[Any]:
        return [
            [(row.id, row.settled_at) for row in world.rows(tables.members)],
            [(row.id, row.state) for row in world.rows(tables.outbox)],
            len(world.rows(tables.entries)),
        ]

    before, told = standing(), len(world.rows(tables.inbox))
    echoes = [
        msgspec.structs.replace(anna, changed_at=make.NOW + n * make.DAY / 200, marks=("silver",))
        for n in range(100)
    ]
    world.tell(*(CustomerChanged(echo, lacks_marks=True) for echo in echoes))
    assert results(world)[told:] == [("ignored", "Customer: nothing new.")] * 100
    assert standing() == before
    # It is still known when she last changed, so that what is older stays older.
    [row] = [row for row in world.rows(tables.customers) if row.id == "7"]
    assert row.changed_at == echoes[-1].changed_at


def test_whatever_else_changes_on_a_customer_is_news(world: Any, start: Any, make: Any) -> None:
    start()
    anna = make.person()
    world.tell(CustomerChanged(anna))
    for n, changed in enumerate(
        ({"name": "Anna de Boer"}, {"language": "nl"}, {"email_verified": False}, {"email": "a@example.org"}),
        1,
    ):
        anna = msgspec.structs.replace(anna, changed_at=anna.changed_at + make.DAY, **changed)
        world.tell(CustomerChanged(anna))
        assert results(world)[-1] == ("applied", "Customer brought up to date."), (n, changed)


def test_a_message_that_was_two_days_on_its_way_only_says_where_to_look(
    world: Any, start: Any, make: Any
) -> None:
    start()
    true = make.order(1, 60, make.NOW, changed_at=make.NOW)
    world.corner.order_book["1"] = true
    late = msgspec.structs.replace(true, total=90_000, changed_at=make.NOW + make.DAY)
    for number, hours in ((1, 49), (2, 47)):
        delivery = Delivery(
            f"late-{number}",
            "told",
            msgspec.json.encode(OrderChanged(late)),
            triggered_at=world.now - hours * make.DAY / 24,
        )
        with world.house.database.merchant(world.shop.merchant_id) as tx:
            inbox.keep(tx, world.shop.id, delivery, "webhook", world.now)
        world.apply()
        [row] = world.rows(tables.orders)
        assert row.total == (6000 if hours > 48 else 90_000)


def test_new_rights_have_all_of_the_shop_read_again_and_its_subscriptions_looked_over(
    world: Any, start: Any
) -> None:
    start()
    world.tell(RightsChanged())
    assert results(world)[-1][0] == "applied"
    assert [args["kind"] for args in jobs(world, "reconcile_full")].count("full") == 1
    assert len(jobs(world, "subscribe")) == 1


def test_a_shop_that_is_called_otherwise_is_asked_how(world: Any, start: Any) -> None:
    start()
    world.tell(ShopTouched())
    assert len(jobs(world, "subscribe")) == 1
    world.corner.facts = lambda: ShopFacts("corner.example", "Round the Corner", "USD", "Europe/Paris")
    rounds.subscribe(world.house, world.shop.merchant_id, world.shop.id)
    with world.house.database.merchant(world.shop.merchant_id) as tx:
        [row] = tx.all(select(tables.shops))
    # The currency stays: the books were begun in it.
    assert (row.name, row.timezone, row.currency) == ("Round the Corner", "Europe/Paris", "EUR")
