"""Recorded and made-up orders and customers become the house's records, to the cent and the second."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from adapters.magento import read, wire
from connector.records import Order


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def invoices(answer: Any, *orders: int) -> list[wire.Invoice]:
    rows = answer("invoices_page", wire.Page[wire.Invoice]).rows
    return [row for row in rows if row.order_id in orders]


def test_an_invoiced_order_is_paid_when_its_invoice_was_made(answer: Any) -> None:
    order = read.order(answer("order_simple_customer", wire.Order), invoices(answer, 1))
    assert (order.id, order.number, order.customer_id) == ("1", "000000001", "1")
    assert (order.currency, order.total, order.goods) == ("USD", 16585, 15085)
    assert (order.placed_at, order.changed_at) == (at("2025-05-29 12:16:17"), at("2025-05-30 19:23:34"))
    assert (order.paid_at, order.fulfilled_at) == (at("2025-05-29 17:16:17"), None)
    assert [(line.quantity, line.amount, line.sku) for line in order.lines] == [(3, 15085, "SKU-008")]
    assert order.kept_goods == 15085


def test_a_configurable_product_is_counted_once(answer: Any) -> None:
    order = read.order(answer("order_configurable", wire.Order))
    assert [(line.title, line.quantity, line.amount) for line in order.lines] == [
        ("Wool Beanie", 1, 634),
        ("Leather Wallet", 1, 2248),
        ("Tee", 2, 4232),
    ]
    assert (order.goods, order.total, order.coupon_codes) == (7114, 9114, ("WELCOME10",))


def test_a_full_refund_leaves_nothing_to_earn_on(answer: Any) -> None:
    order = read.order(answer("order_closed_refunded", wire.Order))
    assert (order.total, order.refunded, order.refunded_shipping) == (9270, 9270, 2000)
    assert [line.current_quantity for line in order.lines] == [0, 0]
    assert order.paid_at is not None
    assert order.kept_goods == 0


def test_a_virtual_order_is_fulfilled_when_paid_and_counted_in_the_currency_of_the_books(answer: Any) -> None:
    order = read.order(answer("order_virtual_gbp", wire.Order))
    assert (order.currency, order.total, order.refunded) == ("USD", 4400, 4400)  # the shopper saw 34.76 GBP
    assert order.fulfilled_at == order.paid_at is not None


def test_a_guest_has_an_e_mail_address_and_no_number(answer: Any) -> None:
    order = read.order(answer("order_guest_coupon", wire.Order))
    assert (order.customer_id, order.email) == (None, "guest1@example.net")
    assert order.coupon_codes == ("WELCOME10",)


def test_a_cancelled_order_was_cancelled_when_it_last_moved(answer: Any) -> None:
    row = answer("orders_page1", wire.Page[wire.Order]).rows[2]
    order = read.order(row)
    assert (row.state, order.cancelled_at, order.paid_at) == ("canceled", order.changed_at, None)
    assert [line.current_quantity for line in order.lines] == [0] * len(order.lines)


def test_a_partial_refund_with_a_goodwill_sum_is_all_money_given_back(answer: Any) -> None:
    row = answer("orders_page2", wire.Page[wire.Order]).rows[1]
    order = read.order(row)
    assert (order.id, order.total, order.refunded, order.refunded_shipping) == ("5", 8945, 3319, 0)
    # 30.69 for the socks and 2.50 of goodwill: the goodwill lowers what is kept as well.
    assert order.kept_goods == order.goods - 3319


def test_a_sent_order_is_fulfilled_with_its_last_parcel(answer: Any) -> None:
    row = answer("orders_page1", wire.Page[wire.Order]).rows[1]
    parcel = answer("shipments_page", wire.Page[wire.Shipment]).rows[0]
    earlier = wire.Shipment(9, row.entity_id, "2025-06-11 08:00:00")
    assert read.order(row, (), (parcel, earlier)).fulfilled_at == at("2025-06-12 00:05:18")


def line(**changes: Any) -> wire.Line:
    return wire.Line(
        **{"item_id": 1, "qty_ordered": Decimal(2), "base_row_total": Decimal("20.00"), **changes}
    )


def order(*lines: wire.Line, **changes: Any) -> wire.Order:
    given = {"entity_id": 7, "created_at": "2026-01-01 10:00:00", "base_currency_code": "EUR"}
    given |= {"updated_at": "2026-01-05 10:00:00", "base_grand_total": Decimal("20.00"), "items": list(lines)}
    return wire.Order(**{**given, **changes})


def invoice(amount: str, when: str, state: int = read.PAID) -> wire.Invoice:
    return wire.Invoice(int(when[8:10]), 7, when, state, Decimal(amount))


def test_an_order_paid_in_two_parts_is_paid_with_the_second() -> None:
    parts = [invoice("8.00", "2026-01-03 09:00:00"), invoice("12.00", "2026-01-02 09:00:00")]
    assert read.order(order(line()), parts).paid_at == at("2026-01-03 09:00:00")
    assert read.order(order(line()), parts[1:]).paid_at is None


@pytest.mark.parametrize("state", [1, 3])
def test_an_invoice_that_is_open_or_cancelled_pays_nothing(state: int) -> None:
    assert read.order(order(line()), [invoice("20.00", "2026-01-02 09:00:00", state)]).paid_at is None


def test_what_was_cancelled_is_not_owed() -> None:
    partly = order(line(qty_canceled=Decimal(1)), base_total_canceled=Decimal("10.00"))
    paid = read.order(partly, [invoice("10.00", "2026-01-02 09:00:00")])
    assert (paid.paid_at, paid.kept_goods) == (at("2026-01-02 09:00:00"), 1000)


def test_an_order_over_nothing_is_paid_with_its_invoice_and_not_before() -> None:
    free = order(line(base_row_total=Decimal(0)), base_grand_total=Decimal(0))
    assert read.order(free).paid_at is None
    assert read.order(free, [invoice("0", "2026-01-02 09:00:00")]).paid_at == at("2026-01-02 09:00:00")


def test_an_order_brought_over_without_invoices_is_paid_when_it_was_placed() -> None:
    assert read.order(order(line(), base_total_paid=Decimal("20.00"))).paid_at == at("2026-01-01 10:00:00")


def test_a_half_sent_order_is_not_fulfilled_until_the_rest_is_sent_or_refunded() -> None:
    parcel = wire.Shipment(1, 7, "2026-01-03 12:00:00")
    half = line(qty_shipped=Decimal(1))
    assert read.order(order(half), (), [parcel]).fulfilled_at is None
    refunded = line(qty_shipped=Decimal(1), qty_refunded=Decimal(1))
    assert read.order(order(refunded), (), [parcel]).fulfilled_at == at("2026-01-03 12:00:00")
    assert read.order(order(line(qty_shipped=Decimal(2))), (), []).fulfilled_at is None


def test_a_bundle_priced_by_its_parts_counts_the_parts_and_a_fixed_one_the_whole() -> None:
    parts = [
        line(item_id=2, parent_item_id=1, base_row_total=Decimal("12.00")),
        line(item_id=3, parent_item_id=1),
    ]
    by_parts = read.order(order(line(product_type="bundle", base_row_total=Decimal("32.00")), *parts))
    assert (by_parts.goods, [each.id for each in by_parts.lines]) == (3200, ["2", "3"])
    nothing = [line(item_id=2, parent_item_id=1, base_row_total=Decimal(0))]
    fixed = read.order(order(line(product_type="bundle", base_row_total=Decimal("32.00")), *nothing))
    assert (fixed.goods, [each.id for each in fixed.lines]) == (3200, ["1"])


def test_cloth_by_the_metre_is_one_thing_whose_refund_shows_in_money() -> None:
    cloth = line(qty_ordered=Decimal("2.5"), qty_refunded=Decimal("0.5"))
    row = order(cloth, base_total_paid=Decimal("20.00"), base_total_refunded=Decimal("4.00"))
    found = read.order(row)
    assert (found.lines[0].quantity, found.lines[0].current_quantity, found.kept_goods) == (1, 1, 1600)


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("165.85", "USD", 16585),
        ("4.3500000000000005", "EUR", 435),
        ("16.5250", "EUR", 1653),
        ("-5", "EUR", -500),
        ("1200", "JPY", 1200),
        ("1.2345", "KWD", 1235),
    ],
)
def test_amounts_become_minor_units_and_half_a_cent_goes_up(text: str, currency: str, expected: int) -> None:
    assert read.minor(Decimal(text), currency) == expected


def test_the_same_answer_gives_the_same_record(answer: Any) -> None:
    row = answer("order_configurable", wire.Order)
    assert read.order(row) == read.order(row)
    assert isinstance(read.order(row), Order)


def test_a_customer_carries_the_group_they_are_in(answer: Any) -> None:
    found = read.customer(answer("customer_full", wire.Customer), "General", "en", confirms_email=False)
    assert (found.id, found.name, found.email) == ("2", "Noah O'Brien", "shopper02@example.com")
    assert (found.created_at, found.changed_at) == (at("2025-05-15 09:30:00"), at("2025-07-28 09:30:00"))
    assert (found.marks, found.language, found.email_verified) == (("General",), "en", False)


@pytest.mark.parametrize(
    ("confirms", "open_confirmation", "verified"),
    [(True, None, True), (True, "x1y2", False), (False, None, False)],
)
def test_an_address_is_proven_only_where_the_shop_asks_for_proof_and_got_it(
    confirms: bool, open_confirmation: str | None, verified: bool
) -> None:
    row = wire.Customer(1, "2026-01-01 10:00:00", email="a@example.com", confirmation=open_confirmation)
    assert read.customer(row, None, None, confirms).email_verified is verified
