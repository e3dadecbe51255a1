"""One number, whosever it was: callers choose numbers too, and two merchants' requests may bear the same one."""

from __future__ import annotations

from connector import tracing
from connector.house import House
from connector.port import ShopFacts
from connector.store import merchants, shops
from connector.store.shops import Shop

NUMBER = "a-number-that-a-caller-chose"


def test_the_road_of_a_number_is_shown_for_every_merchant_who_knows_it(house: House, shop: Shop) -> None:
    now = house.now()
    with house.database.everyone() as connection:
        other = merchants.add(connection, house.ring, "Pencil", "EUR", "Europe/Amsterdam", "nl", now)
    with house.database.merchant(other) as tx:
        facts = ShopFacts("pencil.example", "Pencil Shop", "EUR", "Europe/Amsterdam", "nl")
        second = shops.add(tx, "paper", "tags", facts, now)
    for one, delivery in ((shop, "d-1"), (second, "d-2")):
        with house.database.merchant(one.merchant_id) as tx:
            tx.connection.exec_driver_sql(
                "INSERT INTO inbox (merchant_id, shop_id, delivery_id, way, topic, received_at, state, request_id)"
                " VALUES (%(m)s, %(s)s, %(d)s, 'webhook', 'orders/paid', %(at)s, 'applied', %(r)s)",
                {"m": one.merchant_id, "s": one.id, "d": delivery, "at": now, "r": NUMBER},
            )
    found = tracing.road(house, NUMBER)
    assert (found.request, [stop.shop for stop in found.arrived]) == (
        NUMBER,
        ["paper.example", "pencil.example"],
    )
    assert [stop.delivery for stop in tracing.road(house, "d-2").arrived] == ["d-2"]
    assert tracing.road(house, "nobody-knows-this") == tracing.Road("nobody-knows-this", (), (), ())
