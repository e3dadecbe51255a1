"""The demo history: what the order file becomes, figure by figure."""

import lzma
from datetime import date, datetime
from pathlib import Path

import pytest

from adapters.shopify.sandbox import Shop, history, slice, uci

UNTIL = date(2026, 11, 20)  # a Friday, as was 2011-12-09

SLICE = {
    "bookkeeping_lines_left_out": 42,
    "cancelled_orders": 10,
    "credit_lines": 1341,
    "credit_lines_bookkeeping": 39,
    "credit_lines_matched": 973,
    "credit_lines_of_guests_unmatched": 87,
    "credit_lines_partly_matched": 8,
    "credit_lines_unmatched": 234,
    "credits": 636,
    "custom_lines": 55,
    "customers": 702,
    "documents": 4374,
    "documents_without_a_sale_left_out": 679,
    "free_lines": 430,
    "gift_card_lines": 1,
    "guest_orders": 290,
    "lines": 68393,
    "lines_of_documents_without_a_sale": 262,
    "orders": 3058,
    "postage_only_orders": 14,
    "refunds": 536,
    "rounded_lines": 1,
    "shipping_lines": 295,
    "stock_lines_left_out": 416,
    "units_unmatched_of_partly_matched": 86,
}

WHOLE = {
    "bookkeeping_lines_left_out": 90,
    "cancelled_orders": 81,
    "credit_lines": 9288,
    "credit_lines_bookkeeping": 73,
    "credit_lines_matched": 7260,
    "credit_lines_of_guests_unmatched": 326,
    "credit_lines_partly_matched": 53,
    "credit_lines_unmatched": 1576,
    "credits": 3836,
    "custom_lines": 330,
    "customers": 4372,
    "documents": 25900,
    "documents_without_a_sale_left_out": 2115,
    "free_lines": 1174,
    "gift_card_lines": 34,
    "guest_orders": 1425,
    "lines": 528515,
    "lines_of_documents_without_a_sale": 772,
    "orders": 19946,
    "postage_only_orders": 79,
    "refunds": 3762,
    "rounded_lines": 3,
    "shipping_lines": 1981,
    "stock_lines_left_out": 1336,
    "units_unmatched_of_partly_matched": 510,
}


def filled(wanted: str, until: date = UNTIL) -> Shop:
    shop = Shop()
    history.fill(shop, wanted, until)
    return shop


@pytest.fixture(scope="module")
def small() -> Shop:
    return filled("slice")


@pytest.fixture(scope="module")
def whole(shared: Path) -> Shop:
    return filled(f"full:{shared / 'data'}")


def test_the_slice_that_ships_is_what_its_script_makes(shared: Path) -> None:
    assert lzma.decompress(slice.TARGET.read_bytes()).decode() == slice.cut(shared / "data")
    assert slice.TARGET.stat().st_size < 600_000


def test_the_slice_becomes_these_orders(small: Shop) -> None:
    assert small.notes == SLICE


def test_the_whole_file_becomes_these_orders(whole: Shop) -> None:
    assert whole.notes == WHOLE


def test_every_line_of_the_file_is_accounted_for(whole: Shop) -> None:
    notes = whole.notes
    sold = notes["lines"] + notes["shipping_lines"] + notes["lines_of_documents_without_a_sale"]
    left_out = notes["stock_lines_left_out"] + notes["bookkeeping_lines_left_out"]
    credits = notes["credit_lines"] - notes["credit_lines_bookkeeping"]
    assert sold + left_out + credits == 541_909
    outcomes = sum(
        notes[f"credit_lines_{it}"]
        for it in ("matched", "partly_matched", "unmatched", "of_guests_unmatched", "bookkeeping")
    )
    assert outcomes == notes["credit_lines"]


def test_totals_agree_with_the_file(whole: Shop, shared: Path) -> None:
    sales = 0
    for document in uci.documents(shared / "data" / uci.FILE):
        if not document.credit and not document.adjustment:
            kept = [
                row
                for row in document.rows
                if row.quantity > 0 and row.role not in ("bookkeeping", "allowance")
            ]
            sales += sum(row.quantity * row.price for row in kept)
    assert sum(order.total for order in whole.orders) == sales == 1_064_169_639


def test_no_order_gives_back_more_than_came_in(whole: Shop) -> None:
    for order in whole.orders:
        assert order.refunded <= order.received == order.due == order.total
        assert all(0 <= line.current_quantity <= line.quantity for line in order.lines)
        assert order.updated_at >= order.placed_at


@pytest.mark.parametrize(
    "until", [date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 26), date(2027, 3, 29)]
)
def test_dates_move_by_whole_weeks_and_never_behind_the_last_day(until: date) -> None:
    newest = max(order.placed_at for order in filled("slice", until).orders)
    assert newest.astimezone(history._LOCAL).weekday() == 4
    assert 0 <= (until - newest.date()).days < 7


def test_the_shops_wall_clock_stays_in_summer_and_winter() -> None:
    assert history.utc(datetime(2026, 7, 1, 10, 0)).hour == 9
    assert history.utc(datetime(2026, 12, 1, 10, 0)).hour == 10


def test_people_are_invented_from_their_number(small: Shop) -> None:
    customer = next(iter(small.customers))
    assert customer.email == f"customer-{customer.id - history.FIRST_CUSTOMER}@example.com"
    guests = [order for order in small.orders if order.customer_id is None]
    assert all(order.email == f"guest-{order.number}@example.com" for order in guests)


def test_the_newest_orders_wait_to_be_sent(small: Shop) -> None:
    waiting = [order for order in small.orders if not order.fulfillments and not order.cancelled_at]
    young = [order for order in waiting if (UNTIL - order.placed_at.date()).days > 2]
    assert waiting
    # Older ones were taken back whole before they were sent.
    assert all(not any(line.current_quantity for line in order.lines) for order in young)


def test_a_new_order_gets_a_number_of_its_own(small: Shop) -> None:
    assert small.last_number == max(order.number for order in small.orders)
    assert small.next_id("order") not in small.orders.things
    assert small.next_id("customer") not in small.customers.things


def test_roles_of_stock_codes() -> None:
    said = {
        code: uci.role(code)
        for code in ("POST", "DOT", "C2", "M", "m", "S", "D", "BANK CHARGES", "CRUK", "B")
    }
    assert said == {
        "POST": "shipping",
        "DOT": "shipping",
        "C2": "shipping",
        "M": "custom",
        "m": "custom",
        "S": "custom",
        "D": "allowance",
        "BANK CHARGES": "bookkeeping",
        "CRUK": "bookkeeping",
        "B": "bookkeeping",
    }
    assert uci.role("gift_0001_20") == "gift_card"
    assert uci.role("85123A") == uci.role("PADS") == "goods"
    assert uci.pence("2.55") == (255, False)
    assert uci.pence("0.001") == (0, True)
