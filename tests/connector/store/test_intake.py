"""Many rows in one statement: the newest state of each wins, among them and against what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from connector.port import ShopFacts
from connector.records import LineItem, Order
from connector.secrets import KeyRing
from connector.store import intake, merchants, purchases, shops, tables
from connector.store.database import Database, Tx

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RING = KeyRing({"k": b"k" * 32}, b"a long pepper for tests")


@pytest.fixture
def tx(database: Any) -> Iterator[Tx]:
    """A transaction of a merchant with one shop."""
    store = Database(database.url, RING)
    with store.everyone() as connection:
        merchant_id = merchants.add(connection, RING, "A", "EUR", "Europe/Amsterdam", "nl", NOW)
    with store.merchant(merchant_id) as bound:
        shops.add(bound, "paper", "tags", ShopFacts("a.example", "A", "EUR", "Europe/Amsterdam"), NOW)
        yield bound
    store.close()


@pytest.fixture
def email_hash(tx: Tx) -> Callable[[str], bytes]:
    """By what an address is found again."""

    def hashed(email: str) -> bytes:
        found = RING.email_hash(tx.merchant_id, email)
        assert found is not None
        return found

    return hashed


def order(number: str, minutes: int, **more: Any) -> Order:
    """An order of two lines as it stood so many minutes after noon."""
    lines = (LineItem("1", 'A "thing"\\', 2, 1, 4000), LineItem("2", "é\n", 1, 1, 0, kind="gift_card"))
    fields = {"total": 4000, "lines": lines, "email": "Anna@example.nl"} | more
    return Order(
        id=number,
        number=f"#{number}",
        currency="EUR",
        placed_at=NOW,
        changed_at=NOW + timedelta(minutes=minutes),
        **fields,
    )


def take(tx: Tx, told: list[Order]) -> None:
    [shop] = tx.all(select(tables.shops.c.id))
    intake.take_orders(tx, shop.id, told, NOW)


def there(tx: Tx) -> dict[str, Any]:
    return {row.id: row for row in tx.all(select(tables.orders))}


def test_of_several_states_of_one_order_the_newest_is_kept_and_an_older_one_changes_nothing(tx: Tx) -> None:
    intake.take_orders(
        tx, 1, [order("1", 5, total=500), order("1", 9, total=900), order("1", 7, total=700)], NOW
    )
    assert there(tx)["1"].total == 900
    take(tx, [order("1", 8, total=800)])
    assert there(tx)["1"].total == 900
    take(tx, [order("1", 9, total=901)])
    assert there(tx)["1"].total == 901, "changed within the second, and told by its digest"


def test_bytes_lists_lines_and_words_come_out_as_they_went_in(
    tx: Tx, email_hash: Callable[[str], bytes]
) -> None:
    take(tx, [order("1", 0, coupon_codes=("A,B", 'C"')), order("2", 0)])
    first, second = there(tx)["1"], there(tx)["2"]
    assert bytes(first.guest_hash) == email_hash("anna@example.nl")
    assert bytes(second.digest) == purchases.digest(order("2", 0))
    assert (first.coupon_codes, second.coupon_codes) == (["A,B", 'C"'], [])
    assert [line["title"] for line in first.lines] == ['A "thing"\\', "é\n"]
    assert (first.changed_at, first.paid_at, first.test) == (NOW, None, False)


def test_a_guest_whose_address_is_kept_back_later_still_has_the_order(
    tx: Tx, email_hash: Callable[[str], bytes]
) -> None:
    take(tx, [order("1", 0)])
    take(tx, [order("1", 1, email=None)])
    assert bytes(there(tx)["1"].guest_hash) == email_hash("anna@example.nl")
    take(tx, [order("1", 2, email=None, customer_id="7")])
    assert (there(tx)["1"].guest_hash, there(tx)["1"].customer_id) == (None, "7")
