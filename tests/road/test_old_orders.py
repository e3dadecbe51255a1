"""Shopify shows an app the orders of the last sixty days; older ones come with a right that is granted later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from block import TERMS

from connector import rounds


@pytest.fixture
def short_sighted(database: Any) -> Any:
    """A gift shop whose app was not allowed to see all orders."""
    from street import Street

    with Street(database, {"SHOPIFY_ALL_ORDERS": "no"}) as opened:
        yield opened


def places(street: Any, days_ago: int, name: str) -> None:
    shop, at = street.keepers["shopify"], (street.house.now() - timedelta(days=days_ago)).isoformat()
    customer = shop.does("customers", email=f"{name}@example.com", verified=True, at=at)["id"]
    lines = [{"title": "Soap", "quantity": 1, "price": "50.00"}]
    shop.does("orders", customer_id=customer, at=at, lines=lines, paid=True)


def reads_again(street: Any) -> int:
    """Reconcile in full, do what follows, and return how many differences there were."""
    run = rounds.reconcile(street.house, street.merchant_id, street.shop_ids["shopify"], "full")
    assert run is not None
    street.works()
    return run.differences


def counted(street: Any) -> tuple[int, int]:
    """How many orders are known and not gone, and how many points are booked."""
    with street.house.database.merchant(street.merchant_id) as tx:
        ask = tx.connection.exec_driver_sql
        known = ask("SELECT count(*) FROM orders WHERE removed_at IS NULL").scalar()
        return int(known or 0), int(ask("SELECT coalesce(sum(points), 0) FROM entries").scalar() or 0)


def test_older_orders_come_in_when_the_right_to_them_arrives(short_sighted: Any) -> None:
    street = short_sighted
    places(street, 200, "old")
    places(street, 20, "new")
    street.opens(TERMS, "shopify")
    assert counted(street) == (1, 50)
    assert reads_again(street) == 0
    for access in street.gifts.desk.access.values():
        access.scopes += ",read_all_orders"
    assert reads_again(street) == 1
    assert counted(street) == (2, 100)
    assert reads_again(street) == 0


def test_the_whole_history_is_imported_again_when_the_right_to_it_arrives(short_sighted: Any) -> None:
    street = short_sighted
    places(street, 200, "old")
    places(street, 90, "older")
    places(street, 20, "new")
    street.opens(TERMS, "shopify")
    shop_id = street.shop_ids["shopify"]
    assert counted(street) == (1, 50)
    looks_over(street)
    assert imports(street) == ["done"], "nothing more is shown yet"
    for access in street.gifts.desk.access.values():
        access.scopes += ",read_all_orders"
    looks_over(street)
    assert imports(street) == ["done", "running"]
    assert rounds.reconcile(street.house, street.merchant_id, shop_id, "full") is None
    assert rounds.import_history(street.house, street.merchant_id, shop_id)
    street.works()
    assert counted(street) == (3, 150)
    looks_over(street)
    assert imports(street) == ["done", "done"], "once is enough"
    assert reads_again(street) == 0
    assert counted(street) == (3, 150)


def looks_over(street: Any) -> None:
    """What is done once a day, and whenever the shop says that rights have changed."""
    rounds.subscribe(street.house, street.merchant_id, street.shop_ids["shopify"])


def imports(street: Any) -> list[str]:
    with street.house.database.merchant(street.merchant_id) as tx:
        rows = tx.connection.exec_driver_sql("SELECT state FROM runs WHERE kind = 'import' ORDER BY id")
        return list(rows.scalars())


def test_orders_that_grow_too_old_to_be_shown_keep_their_points(short_sighted: Any) -> None:
    street = short_sighted
    for days_ago in (58, 45, 30, 5):
        places(street, days_ago, f"shopper-{days_ago}")
    street.opens(TERMS, "shopify")
    assert counted(street) == (4, 200)
    offset, real = timedelta(0), street.gifts.clock
    house = street.house
    street.gifts.clock = lambda: real() + offset
    for _ in range(7):
        offset += timedelta(days=10)
        street.house = _later(house, offset)
        street.gifts.mail.held = []
        assert reads_again(street) == 0
        assert counted(street) == (4, 200)


def _later(house: Any, offset: timedelta) -> Any:
    return msgspec.structs.replace(house, now=lambda: house.now() + offset)
