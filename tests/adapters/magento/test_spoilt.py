"""One spoilt order, customer or invoice is put aside, and all else of the shop is read: in the import and in windows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.magento import read, rows, wire
from adapters.magento.client import Client
from connector.port import Batch, TryLater, Unread, Unreadable, Window

ZEROS = "0000-00-00 00:00:00"
HEAD = b'{"entity_id": 2, "created_at": "2026-01-01 10:00:00", "updated_at": "2026-01-05 10:00:00"'
SPOILT = {
    "no currency": HEAD + b', "base_currency_code": null}',
    "a byte that is no UTF-8": HEAD + b', "base_currency_code": "EUR", "increment_id": "\xff"}',
    "a word for an amount": HEAD + b', "base_currency_code": "EUR", "base_grand_total": "much"}',
    "a cut date": b'{"entity_id": 2, "updated_at": "2026-01-05 10:00:00", "created_at": null, "base_currency_code": "EUR"}',
}


def order(**changes: Any) -> wire.Order:
    given = {"created_at": "2026-01-01 10:00:00", "updated_at": "2026-01-05 10:00:00"}
    return wire.Order(**{"entity_id": 7, "base_currency_code": "EUR", **given, **changes})


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT)
def test_of_a_page_with_a_spoilt_row_all_others_are_read(spoilt: bytes) -> None:
    good = b'{"entity_id": %d, "created_at": "2026-01-01 10:00:00", "base_currency_code": "EUR"}'
    body = b'{"items": [' + good % 1 + b"," + spoilt + b"," + good % 3 + b'], "total_count": 9}'
    page = rows.page(body, wire.Order)
    assert [(row.entity_id, row.created_at == wire.SPOILT) for row in page.rows] == [
        (1, False),
        (2, True),
        (3, False),
    ]
    assert (page.total_count, page.rows[1].updated_at) == (9, "2026-01-05 10:00:00")
    with pytest.raises(ValueError, match="not understood"):
        read.order(page.rows[1])


def test_a_row_without_its_number_and_a_page_cut_short_are_asked_for_again() -> None:
    for body in (b'{"items": [{"created_at": "x"}]}', b'{"items": [{"entity_id": 1', b'{"items": [null]}'):
        with pytest.raises(TryLater, match="not understood"):
            rows.page(body, wire.Order)


def test_a_spoilt_invoice_spoils_its_order_and_no_other() -> None:
    page = rows.page(b'{"items": [{"entity_id": 1, "order_id": 7, "created_at": null}]}', wire.Invoice)
    assert page.rows[0].order_id == 7
    with pytest.raises(ValueError, match="not understood"):
        read.order(order(), page.rows)


def test_a_date_of_zeros_is_read_as_the_other_date_of_the_row() -> None:
    placed, changed = datetime(2026, 1, 1, 10, tzinfo=UTC), datetime(2026, 1, 5, 10, tzinfo=UTC)
    for zeros in (ZEROS, "-0001-11-30 00:00:00"):
        found = read.order(order(updated_at=zeros))
        assert (found.placed_at, found.changed_at) == (placed, placed)
        found = read.order(order(created_at=zeros))
        assert (found.placed_at, found.changed_at) == (changed, changed)
        with pytest.raises(ValueError, match="isoformat"):
            read.order(order(created_at=zeros, updated_at=zeros))
        row = wire.Customer(3, "2026-01-01 10:00:00", zeros)
        assert read.customer(row, ((), None), None, False).changed_at == placed


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "1e9999", "1e12", "-1e12"])
def test_what_is_no_amount_is_a_value_that_cannot_be_read(amount: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        read.minor(Decimal(amount), "EUR")
    with pytest.raises((ValueError, ArithmeticError)):
        read.order(order(items=[wire.Line(1, qty_ordered=Decimal(amount))], base_grand_total=Decimal(amount)))


@pytest.fixture
def spoilt(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Five orders and three customers, three to a page; the orders 2 and 4 and the customer 2 cannot be read."""
    for number in range(3):
        sandbox.later(days=1)
        sandbox.customer(f"shopper{number}")
    for number in range(5):
        sandbox.later(days=1)
        sandbox.order(number % 3 + 1)
    sandbox.shop.maximum_page_size = 3
    honest = Client.call

    def call(client: Client, method: str, path: str, **more: Any) -> bytes:
        body = honest(client, method, path, **more)
        if path not in ("orders", "customers/search"):
            return body
        told = json.loads(body)
        for row in told["items"] or []:
            if path == "orders" and row["entity_id"] == 2:
                row["base_currency_code"] = None
            elif path == "orders" and row["entity_id"] == 4:
                row["increment_id"] = "a byte"
            elif path == "customers/search" and row["id"] == 2:
                row["created_at"] = row["updated_at"] = ZEROS
        return json.dumps(told).encode().replace(b"a byte", b"\xff")

    monkeypatch.setattr(Client, "call", call)
    return sandbox


def found(batches: list[Batch]) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    return (
        [order.id for batch in batches for order in batch.orders],
        [customer.id for batch in batches for customer in batch.customers],
        [(one.kind, one.id) for batch in batches for one in batch.unread],
    )


def test_the_history_goes_on_behind_what_cannot_be_read(spoilt: Any) -> None:
    assert found(list(spoilt.line().history(None))) == (
        ["1", "3", "5"],
        ["1", "3"],
        [("customer", "2"), ("order", "2"), ("order", "4")],
    )


def test_a_window_goes_on_behind_what_cannot_be_read(spoilt: Any) -> None:
    window = Window(spoilt.now - timedelta(days=30), spoilt.now + timedelta(minutes=1))
    batches = list(spoilt.line().changed(window))
    orders, people, unread = found(batches)
    assert (sorted(set(orders)), sorted(set(people))) == (["1", "3", "5"], ["1", "3"])
    assert set(unread) == {("customer", "2"), ("order", "2"), ("order", "4")}


def test_what_cannot_be_read_is_not_taken_for_deleted_when_it_is_asked_for(spoilt: Any) -> None:
    line = spoilt.line()
    assert list(line.orders(("1", "3"))) == ["1", "3"]
    with pytest.raises(Unreadable, match=r"^order 2 cannot be read") as orders:
        line.orders(("1", "2", "3", "4"))
    assert found([orders.value.found]) == (["1", "3"], [], [("order", "2"), ("order", "4")])
    with pytest.raises(Unreadable, match=r"^customer 2 cannot be read") as people:
        line.customers(("1", "2", "3"))
    assert found([people.value.found]) == ([], ["1", "3"], [("customer", "2")])


def test_a_state_is_told_from_the_next_by_the_rows_last_change(spoilt: Any) -> None:
    unread = [one for batch in spoilt.line().history(None) for one in batch.unread]
    assert unread[0] == Unread("customer", "2", ZEROS)
    assert replace(unread[1], changed="") == Unread("order", "2")
    assert unread[1].changed == spoilt.row(2).changed_at
