"""Recorded and made-up orders and customers become the house's records, to the cent and the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace as wire_replace

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


def test_recorded_credit_memos_say_of_their_orders_what_these_say_themselves(answer: Any) -> None:
    memos = answer("creditmemos_page", wire.Page[wire.CreditMemo]).rows
    pages = [answer(f"orders_page{number}", wire.Page[wire.Order]).rows for number in (1, 2)]
    refunded = {row.entity_id: row for page in pages for row in page if row.base_total_refunded}
    told = {memo.order_id for memo in memos} & refunded.keys()
    assert told == refunded.keys()
    for row in refunded.values():
        assert read.order(
            row, (), (), [memo for memo in memos if memo.order_id == row.entity_id]
        ) == read.order(row)


@pytest.mark.parametrize(("state", "back"), [(2, 700), (1, 700), (3, 0)])
def test_a_credit_memo_that_the_order_knows_nothing_of_counts_unless_it_was_cancelled(
    state: int, back: int
) -> None:
    memo = wire.CreditMemo(1, 7, "2026-01-04 09:00:00", None, state, Decimal("7.00"), Decimal("2.00"))
    found = read.order(order(line()), [invoice("20.00", "2026-01-02 09:00:00")], (), [memo])
    assert (found.refunded, found.refunded_shipping) == (back, 200 if back else 0)


@pytest.mark.parametrize(
    ("memos", "back", "elsewhere"),
    [
        (["20.005"], 20_00, 10_00),
        (["10.005", "10.005"], 20_00, 10_00),
        (["20.02"], 20_02, 0),
    ],
)
def test_what_a_memo_is_rounded_by_is_no_money_that_the_order_does_not_know_of(
    memos: list[str], back: int, elsewhere: int
) -> None:
    """20.00 came back: 10.00 for the line, 10.00 for what has no line; the memos name no shipping."""
    given = [
        wire.CreditMemo(number, 7, "2026-01-04 09:00:00", None, 2, Decimal(amount), None)
        for number, amount in enumerate(memos, start=1)
    ]
    told = order(line(base_amount_refunded=Decimal("10.00")), base_total_refunded=Decimal("20.00"))
    found = read.order(told, [invoice("20.00", "2026-01-02 09:00:00")], (), given)
    assert (found.refunded, found.refunded_shipping) == (back, elsewhere)


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


def _half_called_off(**changes: Any) -> Order:
    lines = (
        line(qty_invoiced=Decimal(2), base_row_total=Decimal("50.00")),
        line(item_id=2, base_row_total=Decimal("50.00"), qty_canceled=Decimal(2)),
    )
    given = {"base_grand_total": Decimal(100), "base_total_canceled": Decimal(50), "state": "complete"}
    return read.order(order(*lines, **{**given, **changes}), [invoice("50.00", "2026-01-02 09:00:00")])


@pytest.mark.parametrize(("back", "kept"), [("0", 5000), ("20.00", 3000), ("50.00", 0)])
def test_money_given_back_on_a_partly_cancelled_order_is_taken_of_what_was_paid(back: str, kept: int) -> None:
    typed = {"base_total_refunded": Decimal(back), "base_adjustment_positive": Decimal(back)}
    found = _half_called_off(**typed)
    assert (found.total, found.goods, found.kept_goods) == (5000, 5000, kept)
    assert [one.id for one in found.lines] == ["1"]


def test_of_a_line_cancelled_in_part_the_part_that_was_invoiced_was_bought() -> None:
    # Three for 10.00 with 1.74 of VAT inside; two were invoiced, and one of those came back.
    given = {"qty_invoiced": Decimal(2), "qty_canceled": Decimal(1), "qty_refunded": Decimal(1)}
    amounts = {"base_row_total": Decimal("10.00"), "base_tax_amount": Decimal("1.7355")}
    cut = line(qty_ordered=Decimal(3), **given, **amounts)
    told = {"base_grand_total": Decimal("14.95"), "base_total_canceled": Decimal("3.34"), "state": "complete"}
    (found,) = read.order(order(cut, **told)).lines
    assert (found.quantity, found.current_quantity, found.amount, found.tax) == (2, 1, 666, 116)


def test_what_is_cancelled_of_cloth_by_the_metre_costs_its_share() -> None:
    cut = line(qty_ordered=Decimal("2.5"), qty_invoiced=Decimal("1.5"), base_row_total=Decimal("10.00"))
    (found,) = read.order(order(cut, base_total_canceled=Decimal("4.00"), state="complete")).lines
    assert (found.quantity, found.current_quantity, found.amount) == (1, 1, 600)


def test_a_part_of_a_bundle_that_is_cancelled_says_so_only_by_not_being_invoiced() -> None:
    box = line(item_id=3, product_type="bundle", qty_invoiced=Decimal(2))
    part = line(item_id=4, parent_item_id=3, base_price=Decimal(10), base_row_total=Decimal(20))
    paid = line(qty_invoiced=Decimal(2))
    told = {"base_grand_total": Decimal(40), "base_total_canceled": Decimal(20), "state": "processing"}
    found = read.order(order(paid, box, part, **told))
    assert ([one.id for one in found.lines], found.total, found.goods) == (["1"], 2000, 2000)


def test_what_is_captured_after_the_rest_was_cancelled_was_wanted_and_is_paid_only_then() -> None:
    # Two for 10.00 each, one of them invoiced and not captured, then Cancel: Magento calls all 20.00 cancelled.
    one = line(qty_invoiced=Decimal(1), qty_canceled=Decimal(1))
    told = {"base_total_canceled": Decimal("20.00"), "state": "processing"}
    waiting = read.order(order(one, **told), [invoice("10.00", "2026-01-02 09:00:00", read.OPEN)])
    assert waiting.paid_at is None
    paid = order(one, **told, base_total_paid=Decimal("10.00"))
    captured = read.order(paid, [invoice("10.00", "2026-01-02 09:00:00")])
    assert (captured.total, captured.kept_goods, captured.paid_at) == (1000, 1000, at("2026-01-02 09:00:00"))


def test_the_second_of_two_invoices_that_is_captured_after_a_cancel_pays_the_order() -> None:
    three = line(qty_ordered=Decimal(3), qty_invoiced=Decimal(2), qty_canceled=Decimal(1))
    told = {"base_grand_total": Decimal(30), "base_total_canceled": Decimal(20), "state": "processing"}
    first, second = "2026-01-02 09:00:00", "2026-01-04 09:00:00"
    half = order(three, **told, base_total_paid=Decimal(10))
    assert read.order(half, [invoice("10.00", first), invoice("10.00", second, read.OPEN)]).paid_at is None
    whole = read.order(
        order(three, **told, base_total_paid=Decimal(20)), [invoice("10.00", first), invoice("10.00", second)]
    )
    assert (whole.total, whole.paid_at) == (2000, at(second))


def test_where_a_module_cancels_one_line_the_one_that_is_not_invoiced_yet_still_counts() -> None:
    sent, gone, next_week = (
        line(qty_ordered=Decimal(1), base_row_total=Decimal(10), item_id=number, **told)
        for number, told in enumerate(({"qty_invoiced": Decimal(1)}, {"qty_canceled": Decimal(1)}, {}))
    )
    found = read.order(order(sent, gone, next_week, base_grand_total=Decimal(30), state="processing"))
    assert ([one.id for one in found.lines], found.goods) == (["0", "2"], 2000)


def test_store_credit_for_what_was_cancelled_was_not_spent() -> None:
    credit = {"base_customer_balance_amount": Decimal(60), "base_customer_balance_invoiced": Decimal(30)}
    told = {"base_grand_total": Decimal(40), "base_total_canceled": Decimal(20)}
    found = _half_called_off(**told, extension_attributes=wire.Credit(**credit))
    assert found.total == 5000


def test_an_order_brought_over_that_was_cancelled_in_part_counts_by_what_was_cancelled() -> None:
    told = {"base_total_canceled": Decimal(10), "base_total_paid": Decimal(10), "state": "complete"}
    found = read.order(order(line(qty_canceled=Decimal(1)), **told))
    assert ([(one.quantity, one.amount) for one in found.lines], found.total) == ([(1, 1000)], 1000)


def test_an_order_is_paid_where_what_was_paid_falls_short_by_less_than_half_a_cent() -> None:
    owed = {"base_grand_total": Decimal("81.47")}
    day = "2026-01-02 09:00:00"
    assert read.order(order(line(), **owed), [invoice("81.4699", day)]).paid_at == at(day)
    brought_over = order(line(), **owed, base_total_paid=Decimal("81.4699"))
    assert read.order(brought_over).paid_at == at("2026-01-01 10:00:00")
    assert read.order(order(line(), **owed), [invoice("81.46", day)]).paid_at is None


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


def test_a_bundle_that_a_code_made_free_counts_its_parts_though_nothing_of_their_price_is_left() -> None:
    parts = [
        line(item_id=number, parent_item_id=1, base_price=Decimal("25.00"), base_row_total=Decimal(0))
        for number in (2, 3)
    ]
    # The parent shows 50.00: what the parts cost before the discount.
    box = line(product_type="bundle", base_price=Decimal("50.00"), base_row_total=Decimal("50.00"))
    found = read.order(order(box, *parts, base_grand_total=Decimal(0)))
    assert (found.goods, found.total, [each.id for each in found.lines]) == (0, 0, ["2", "3"])


def test_a_bundle_sent_part_by_part_is_there_with_the_last_of_them() -> None:
    parcel = wire.Shipment(1, 7, "2026-01-03 12:00:00")
    box = line(product_type="bundle", base_price=Decimal("10.00"))
    parts = [line(item_id=number, parent_item_id=1, base_price=Decimal(5)) for number in (2, 3)]
    first = [box, wire_replace(parts[0], qty_shipped=Decimal(2)), parts[1]]
    assert read.order(order(*first), (), [parcel]).fulfilled_at is None
    both = [box, *(wire_replace(part, qty_shipped=Decimal(2)) for part in parts)]
    assert read.order(order(*both), (), [parcel]).fulfilled_at == at("2026-01-03 12:00:00")
    as_one = [wire_replace(box, qty_shipped=Decimal(2)), *parts]
    assert read.order(order(*as_one), (), [parcel]).fulfilled_at == at("2026-01-03 12:00:00")


def paid(*lines: wire.Line, total: str, **changes: Any) -> Order:
    """An order that an invoice over all of it paid."""
    return read.order(
        order(*lines, base_grand_total=Decimal(total), **changes), [invoice(total, "2026-01-02 09:00:00")]
    )


def test_a_fixed_product_tax_given_back_with_one_of_two_pieces_takes_no_goods_with_it() -> None:
    # Two at 50.00 and 5.00 of tax on each; one comes back: 55.00.
    pair = line(base_row_total=Decimal(100), qty_refunded=Decimal(1), base_amount_refunded=Decimal(50))
    found = paid(pair, total="110.00", base_total_refunded=Decimal("55.00"))
    assert (found.refunded, found.refunded_shipping, found.kept_goods) == (5500, 500, 5000)


@pytest.mark.parametrize(
    ("back", "figures", "expected"),
    [
        # (what the order says was given back), refunded, elsewhere, kept of 100.00
        ({"base_total_refunded": "40.32", "line": ("45.45", "9.09", "3.96", "0")}, (4032, 0, 5968), None),
        ({"base_total_refunded": "7.00", "base_adjustment_positive": "7.00"}, (700, 0, 9300), None),
        (
            {
                "base_total_refunded": "45.00",
                "base_adjustment_negative": "5.00",
                "line": ("50", "0", "0", "0"),
            },
            (4500, 0, 5500),
            None,
        ),
        (
            {
                "base_total_refunded": "6.05",
                "base_shipping_refunded": "5.00",
                "base_shipping_tax_refunded": "1.05",
            },
            (605, 605, 10000),
            None,
        ),
        (
            {"base_total_refunded": "30.00"},
            (3000, 0, 7000),
            "brought over: a sum, and nothing of what it was for",
        ),
    ],
)
def test_what_is_given_back_is_for_goods_unless_the_order_says_otherwise(
    back: dict[str, Any], figures: tuple[int, int, int], expected: str | None
) -> None:
    amount, discount, tax, eased = map(Decimal, back.pop("line", ("0", "0", "0", "0")))
    whole = line(
        base_row_total=Decimal(100),
        base_amount_refunded=amount,
        base_discount_refunded=discount,
        base_tax_refunded=tax,
        base_discount_tax_compensation_refunded=eased,
    )
    found = paid(whole, total="106.05", **{name: Decimal(text) for name, text in back.items()})
    assert (found.refunded, found.refunded_shipping, found.kept_goods) == figures, expected


def test_what_store_credit_gift_cards_and_reward_points_pay_for_earns_like_money() -> None:
    credit = wire.Credit(Decimal("20.00"), None, Decimal("30.00"), None, Decimal("5.00"))
    thing = line(base_row_total=Decimal("80.00"))
    found = paid(thing, total="25.00", extension_attributes=credit)
    assert (found.total, found.goods, found.kept_goods) == (8000, 8000, 8000)
    back = msgspec.structs.replace(
        credit, base_customer_balance_refunded=Decimal("20.00"), base_gift_cards_refunded=Decimal("5.00")
    )
    # 25.00 of credit comes back first, then 15.00 of money.
    half = wire_replace(thing, base_amount_refunded=Decimal("40.00"), qty_refunded=Decimal(1))
    found = paid(half, total="25.00", extension_attributes=back, base_total_refunded=Decimal("15.00"))
    assert (found.refunded, found.refunded_shipping, found.kept_goods) == (4000, 0, 4000)


@pytest.mark.parametrize("state", ["processing", "complete", "closed"])
def test_an_order_that_nothing_is_owed_for_is_paid_once_it_is_accepted(state: str) -> None:
    credit = wire.Credit(base_customer_balance_amount=Decimal("20.00"))
    free = order(line(), base_grand_total=Decimal(0), extension_attributes=credit, state=state)
    assert read.order(free).paid_at == at("2026-01-01 10:00:00")
    assert read.order(free).kept_goods == 2000
    held = wire_replace(free, state="holded", hold_before_state=state)
    assert read.order(held).paid_at == at("2026-01-01 10:00:00")


@pytest.mark.parametrize(
    ("state", "paid_at"),
    [
        ("new", True),
        ("pending_payment", True),
        ("processing", True),
        ("complete", True),
        ("closed", True),
        ("holded", True),
        ("payment_review", False),
        ("made_up_by_a_module", True),
    ],
)
def test_invoices_say_what_is_paid_in_every_state_but_that_of_a_doubtful_payment(
    state: str, paid_at: bool
) -> None:
    row = order(line(), state=state)
    assert (read.order(row, [invoice("20.00", "2026-01-02 09:00:00")]).paid_at is not None) is paid_at
    assert read.order(row).paid_at is None
    held = wire_replace(row, state="holded", hold_before_state=state)
    assert (read.order(held, [invoice("20.00", "2026-01-02 09:00:00")]).paid_at is not None) is paid_at


def test_an_order_of_nobody_that_is_no_guests_has_lost_its_customer() -> None:
    assert read.order(order(line(), customer_is_guest=0, customer_email="a@example.com")).orphaned
    assert not read.order(order(line(), customer_is_guest=1, customer_email="a@example.com")).orphaned
    assert not read.order(order(line(), customer_is_guest=0, customer_id=5)).orphaned
    assert not read.order(order(line())).orphaned, "older shops say nothing of it"


def test_a_discount_on_the_tax_as_well_leaves_a_line_at_nothing_and_not_below() -> None:
    assert read.order(order(line(base_row_total=Decimal("-1.21")))).lines[0].amount == 0


@pytest.mark.parametrize("taxed", ["in the price", "on top of it"])
def test_prices_with_and_without_tax_give_the_same_goods(taxed: str) -> None:
    """121.00 with 21 % inside, or 100.00 and 21.00 of tax: over REST a line's total holds its tax either way."""
    net = Decimal("121.00") if taxed == "in the price" else Decimal("100.00")
    found = read.order(
        order(line(base_price=net, base_row_total=Decimal("121.00"), base_tax_amount=Decimal("21.00")))
    )
    assert (found.goods, found.excluding_tax(found.goods)) == (12100, 10000)


@pytest.mark.parametrize("told", ["[]", "{}", '{"gift_cards": []}', "null"])
def test_open_source_says_nothing_of_credit_in_whatever_way_php_writes_nothing(told: str) -> None:
    body = f'{{"entity_id":7,"created_at":"2026-01-01 10:00:00","base_currency_code":"EUR","extension_attributes":{told}}}'
    assert msgspec.json.decode(body, type=wire.Order, strict=False).credit == wire.Credit()


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


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "1e12"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        read.minor(Decimal(text), "EUR")


def test_a_time_with_a_fraction_of_a_second_is_read_like_one_without() -> None:
    assert read.moment("2026-01-01 10:00:00.250") - read.moment("2026-01-01 10:00:00") == timedelta(
        milliseconds=250
    )


def test_the_same_answer_gives_the_same_record(answer: Any) -> None:
    row = answer("order_configurable", wire.Order)
    assert read.order(row) == read.order(row)
    assert isinstance(read.order(row), Order)


def test_a_customer_carries_the_group_they_are_in(answer: Any) -> None:
    found = read.customer(
        answer("customer_full", wire.Customer), (("General",), None), "en", confirms_email=False
    )
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
    assert read.customer(row, ((), None), None, confirms).email_verified is verified
