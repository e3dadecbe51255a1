"""The base of an order: which of its money counts, after discounts, refunds, edits and cancellation."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.records import LineItem, Order

THEN = datetime(2026, 3, 1, tzinfo=UTC)
CHANGE = msgspec.structs.replace


def order(*lines, total=None, **more):
    facts = {
        "id": "1",
        "number": "#1",
        "currency": "EUR",
        "placed_at": THEN,
        "changed_at": THEN,
        "paid_at": THEN,
    }
    return Order(
        total=sum(line.amount for line in lines) if total is None else total, lines=lines, **(facts | more)
    )


def goods(amount, quantity=1, current=None, tax=0):
    return LineItem("1", "Soap", quantity, quantity if current is None else current, amount, tax)


def test_a_shop_with_prices_including_vat_and_one_without_have_the_same_base():
    # 121.00 including 21.00, and 100.00 plus 21.00: both readers state the line with its VAT.
    one = order(goods(121_00, tax=21_00))
    assert (one.kept_goods, one.kept_goods_excluding_tax) == (121_00, 100_00)


def test_a_discount_of_10_per_cent_on_121_00_leaves_108_90_with_and_90_00_without_vat():
    one = order(goods(121_00 - 12_10, tax=18_90))
    assert (one.kept_goods, one.kept_goods_excluding_tax) == (108_90, 90_00)


def test_shipping_does_not_count_and_its_refund_changes_nothing():
    one = order(goods(80_00), total=86_95)
    assert one.kept_goods == 80_00
    assert CHANGE(one, refunded=6_95, refunded_shipping=6_95).kept_goods == 80_00


def test_all_goods_refunded_leaves_nothing_though_shipping_is_kept():
    one = order(goods(80_00, current=0), total=86_95, refunded=80_00)
    assert one.kept_goods == 0


def test_a_typed_refund_of_12_34_without_lines_lowers_the_base():
    assert order(goods(100_00), refunded=12_34).kept_goods == 87_66


def test_a_refund_by_line_is_not_taken_twice_when_its_money_follows():
    one = order(goods(100_00, quantity=4, current=3), refunded=25_00)
    assert one.kept_goods == 75_00


def test_a_line_taken_back_before_its_money_is_given_back_counts_at_once():
    assert order(goods(100_00, quantity=4, current=3)).kept_goods == 75_00


def test_a_gift_card_bought_does_not_count_and_its_refund_touches_no_goods():
    card = LineItem("2", "Gift card", 1, 1, 50_00, kind="gift_card")
    one = order(goods(30_00), card)
    assert (one.goods, one.kept_goods) == (30_00, 30_00)
    returned = order(goods(30_00), CHANGE(card, current_quantity=0), refunded=50_00)
    assert returned.kept_goods == 30_00


@pytest.mark.parametrize("more", [{"paid_at": None}, {"cancelled_at": THEN}])
def test_nothing_is_kept_of_an_unpaid_or_cancelled_order(more):
    assert order(goods(80_00), **more).kept_goods == 0


def test_a_third_of_a_line_given_back_rounds_for_the_customer():
    assert [goods(1000, 3, left).kept for left in (3, 2, 1, 0)] == [1000, 667, 334, 0]


def test_an_order_over_nothing_has_no_base_and_no_vat_to_divide_by():
    assert order().kept_goods_excluding_tax == 0


@given(st.integers(0, 10**6), st.integers(1, 9), st.data())
def test_the_base_never_grows_with_a_refund_and_stays_between_nothing_and_the_goods(amount, quantity, data):
    current = data.draw(st.integers(0, quantity))
    shipping = data.draw(st.integers(0, 1000))
    refunds = sorted(data.draw(st.lists(st.integers(0, amount + shipping), min_size=2, max_size=5)))
    kept = [
        order(goods(amount, quantity, current), total=amount + shipping, refunded=refund).kept_goods
        for refund in refunds
    ]
    assert kept == sorted(kept, reverse=True)
    assert all(0 <= one <= amount for one in kept)
