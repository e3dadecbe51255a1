"""The figures in the recorded answers, as our records read them, add up: money, refunds, quantities."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import likeness
import msgspec
import pytest
from msgspec.structs import replace

from adapters.magento import read, wire
from connector.records import Order

IN_FULL = (1, 2, 3, 4, 5, 6, 17, 18, 21)
Rows = dict[int, dict[str, Any]]


@pytest.fixture(scope="module")
def orders(recordings: list[dict[str, Any]]) -> Rows:
    """The recorded orders that were told in full, by number."""
    rows = likeness.whole_orders(recordings)
    assert tuple(sorted(rows)) == IN_FULL
    return rows


def _read(row: dict[str, Any]) -> Order:
    return read.order(msgspec.json.decode(msgspec.json.encode(row), type=wire.Order, strict=False))


def _cents(amount: Any) -> int:
    return int(Decimal(str(amount or 0)) * 100)


@pytest.mark.parametrize("number", IN_FULL)
def test_an_orders_lines_and_shipping_are_its_total(number: int, orders: Rows) -> None:
    order = _read(orders[number])
    assert order.total == _cents(orders[number]["base_grand_total"]) > 0
    assert (
        sum(line.amount for line in order.lines) + _cents(orders[number]["base_shipping_incl_tax"])
        == order.total
    )


@pytest.mark.parametrize("number", IN_FULL)
def test_what_a_customer_keeps_is_what_was_ordered_less_what_went_back(number: int, orders: Rows) -> None:
    order, row = _read(orders[number]), orders[number]
    top = [one for one in row["items"] if "parent_item_id" not in one]
    assert sum(line.quantity for line in order.lines) == row["total_qty_ordered"]
    kept = [one["qty_ordered"] - one["qty_refunded"] - one["qty_canceled"] for one in top]
    assert [line.current_quantity for line in order.lines] == kept
    assert all(0 <= line.current_quantity <= line.quantity for line in order.lines)


def test_what_was_given_back_is_the_sum_of_the_credit_memos(
    orders: Rows, recordings: list[dict[str, Any]]
) -> None:
    memos = likeness.body(recordings, "creditmemos_page")["items"]
    assert [(memo["order_id"], _cents(memo["base_grand_total"])) for memo in memos] == [
        (4, 92_70),
        (5, 33_19),
        (12, 146_00),
    ]
    assert [_read(orders[number]).refunded for number in (4, 5)] == [92_70, 33_19]
    assert [_read(orders[number]).refunded_shipping for number in (4, 5)] == [20_00, 0]
    for memo in memos:
        lines = sum(
            _cents(one.get("base_row_total")) - _cents(one.get("base_discount_amount"))
            for one in memo["items"]
        )
        beside = _cents(memo["base_shipping_incl_tax"]) + _cents(memo["base_adjustment"])
        assert lines + beside == _cents(memo["base_grand_total"])


def test_the_recorded_documents_say_when_an_order_was_paid_and_sent_and_what_came_back(
    orders: Rows, recordings: list[dict[str, Any]]
) -> None:
    found = {number: _with_documents(orders[number], recordings) for number in (1, 2, 4, 5)}
    when = {number: (_at(order.paid_at), _at(order.fulfilled_at)) for number, order in found.items()}
    assert when[1] == ("2025-05-29 17:16:17", None)
    assert when[2] == ("2025-06-11 00:05:18", "2025-06-12 00:05:18")
    assert {number: order.refunded for number, order in found.items()} == {1: 0, 2: 0, 4: 92_70, 5: 33_19}
    assert {number: order.refunded_shipping for number, order in found.items()} == {
        1: 0,
        2: 0,
        4: 20_00,
        5: 0,
    }
    assert [len(_documents(recordings, name, 2)) for name in ("invoices_page", "shipments_page")] == [1, 1]


def _with_documents(row: dict[str, Any], recordings: list[dict[str, Any]]) -> Order:
    kinds = {
        "invoices_page": wire.Invoice,
        "shipments_page": wire.Shipment,
        "creditmemos_page": wire.CreditMemo,
    }
    documents = [
        [msgspec.convert(one, kind, strict=False) for one in _documents(recordings, name, row["entity_id"])]
        for name, kind in kinds.items()
    ]
    order = msgspec.json.decode(msgspec.json.encode(row), type=wire.Order, strict=False)
    return read.order(order, *documents)


def _documents(recordings: list[dict[str, Any]], name: str, number: int) -> list[dict[str, Any]]:
    return [one for one in likeness.body(recordings, name)["items"] if one["order_id"] == number]


def _at(moment: datetime | None) -> str | None:
    return moment and moment.strftime("%Y-%m-%d %H:%M:%S")


def test_every_recorded_customer_is_read(recordings: list[dict[str, Any]]) -> None:
    told = [case["response"]["body"] for case in recordings if case["file"] == "customers"]
    rows = [row for body in told if isinstance(body, dict) for row in [body, *(body.get("items") or [])]]
    whole = [row for row in rows if "created_at" in row and "email" in row]
    assert len(whole) >= 10
    for row in whole:
        found = read.customer(msgspec.convert(row, wire.Customer), ((), None), "en", confirms_email=True)
        assert (found.id, found.email) == (str(row["id"]), row["email"])
        assert (_at(found.created_at), _at(found.changed_at)) == (row["created_at"], row["updated_at"])
        assert found.name == f"{row['firstname']} {row['lastname']}"
        assert found.email_verified == ("confirmation" not in row)


def test_an_invoice_is_the_sum_of_its_lines_and_what_its_order_says_was_invoiced(
    orders: Rows, recordings: list[dict[str, Any]]
) -> None:
    for invoice in likeness.body(recordings, "invoices_page")["items"]:
        lines = sum(
            _cents(one["base_row_total"]) - _cents(one["base_discount_amount"]) for one in invoice["items"]
        )
        assert lines + _cents(invoice["base_shipping_incl_tax"]) == _cents(invoice["base_grand_total"])
        assert _cents(orders[invoice["order_id"]]["base_total_invoiced"]) == _cents(
            invoice["base_grand_total"]
        )


def test_the_books_are_read_and_never_what_the_shopper_saw(orders: Rows) -> None:
    seen = {number: (_read(row).currency, _read(row).total) for number, row in orders.items()}
    assert seen[21] == ("USD", 44_00)  # shown as 34.76 pounds
    assert seen[2] == ("EUR", 271_42)  # a website with books of its own: never added to the others
    assert {currency for number, (currency, _) in seen.items() if number != 2} == {"USD"}
    for row in orders.values():
        rate = Decimal(str(row["base_to_order_rate"]))
        assert abs(
            Decimal(str(row["grand_total"])) - rate * Decimal(str(row["base_grand_total"]))
        ) <= Decimal("0.02")


def test_guests_cancelled_orders_and_codes_are_told_apart(orders: Rows) -> None:
    told = {number: _read(row) for number, row in orders.items()}
    assert {number for number, order in told.items() if order.customer_id is None} == {5, 17}
    assert {number for number, order in told.items() if order.cancelled_at is not None} == {3}
    assert {
        number: order.coupon_codes for number, order in told.items() if order.coupon_codes
    } == dict.fromkeys((2, 6, 17, 18), ("WELCOME10",))


def test_the_sandbox_says_of_like_orders_what_the_recorded_shop_says(
    orders: Rows, replayed: dict[str, Any]
) -> None:
    served = likeness.whole_orders(_answered(replayed))
    for number, row in orders.items():
        assert _told(_read(served[number])) == _told(_read(row)), number


def _answered(replayed: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"file": "orders_full", "name": name, "response": {"body": said.body}}
        for name, said in replayed.items()
    ]


def _told(order: Order) -> Order:
    """Without the numbers that hang on orders nobody recorded."""
    return replace(order, lines=tuple(replace(line, id="", product_id=None) for line in order.lines))
