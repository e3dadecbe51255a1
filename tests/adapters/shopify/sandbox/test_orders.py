"""What the shop's rules let happen to an order, and what the figures then say."""

import pytest


def test_a_partial_refund_takes_back_units_and_their_share_to_the_penny(stand) -> None:
    order = stand.order("0.99", 3, codes=[])
    stand.act(order, "refund", lines=[{"line": 0, "quantity": 1}])
    stand.act(order, "refund", lines=[{"line": 0, "quantity": 2}])
    truth = stand.truth(order)
    assert truth["refunded"] == "2.97"
    assert truth["lines"][0]["current_quantity"] == 0


def test_units_of_a_discounted_line_are_worth_their_share_and_together_the_whole(stand) -> None:
    lines = [{"title": "Mug", "quantity": 3, "price": "10.00", "discount": "0.01"}]
    order = stand.order(lines=lines)
    paid = [stand.act(order, "refund", lines=[{"line": 0, "quantity": 1}])["refunded"] for _ in range(3)]
    assert paid == ["9.99", "19.99", "29.99"]


def test_shipping_and_typed_amounts_come_back_without_units(stand) -> None:
    order = stand.order("20.00", shipping="4.95")
    truth = stand.act(order, "refund", shipping="4.95")
    assert (truth["refunded"], truth["refunded_shipping"]) == ("4.95", "4.95")
    truth = stand.act(order, "refund", amount="12.34")
    assert (truth["refunded"], truth["lines"][0]["current_quantity"]) == ("17.29", 1)
    stand.control(f"orders/{order}/refund", {"at": "2026-11-04T10:00:00Z", "amount": "7.67"}, status=422)
    assert stand.act(order, "refund", lines=[{"line": 0, "quantity": 1}])["refunded"] == "24.95"


def test_an_unpaid_order_is_paid_once_and_gives_nothing_back_before(stand) -> None:
    order = stand.order(paid=False)
    assert stand.truth(order)["paid_at"] is None
    stand.control(f"orders/{order}/refund", {"at": "2026-11-03T10:00:00Z", "amount": "1.00"}, status=422)
    assert stand.act(order, "pay")["paid_at"] == "2026-11-03T10:00:00Z"
    stand.control(f"orders/{order}/pay", {"at": "2026-11-03T10:00:00Z"}, status=422)


def test_a_paid_order_that_is_cancelled_is_given_back_whole(stand) -> None:
    order = stand.order("10.00", 2, shipping="3.00")
    truth = stand.act(order, "cancel")
    assert (truth["refunded"], truth["refunded_shipping"]) == ("23.00", "3.00")
    assert truth["cancelled_at"] == "2026-11-03T10:00:00Z"
    assert truth["lines"][0]["current_quantity"] == 0
    for what in ("cancel", "fulfil", "pay"):
        stand.control(f"orders/{order}/{what}", {"at": "2026-11-04T10:00:00Z"}, status=422)


def test_an_unpaid_order_that_is_cancelled_gives_back_its_units_and_no_money(stand) -> None:
    order = stand.order("10.00", 2, shipping="3.00", paid=False)
    truth = stand.act(order, "cancel")
    assert (truth["refunded"], truth["refunded_shipping"], truth["paid_at"]) == ("0.00", "0.00", None)
    assert truth["lines"][0]["current_quantity"] == 0


def test_what_was_sent_is_refunded_not_cancelled(stand) -> None:
    order = stand.order()
    assert stand.act(order, "fulfil")["fulfilled_at"] == "2026-11-03T10:00:00Z"
    stand.control(f"orders/{order}/cancel", {"at": "2026-11-04T10:00:00Z"}, status=422)
    stand.act(order, "refund", lines=[{"line": 0, "quantity": 1}])


def test_an_edit_that_adds_leaves_something_to_pay(stand) -> None:
    order = stand.order("10.00", 1)
    first_paid = stand.truth(order)["paid_at"]
    added = [{"title": "Card", "quantity": 2, "price": "2.50"}]
    truth = stand.act(order, "edit", lines=[{"line": 0, "quantity": 3}], add=added)
    assert (truth["total"], truth["paid_at"]) == ("35.00", first_paid)
    assert [line["quantity"] for line in truth["lines"]] == [3, 2]
    # What was ordered first is paid since then, as the plug reads it too; the addition does not make it younger.
    assert stand.act(order, "pay")["paid_at"] == first_paid


def test_an_edit_that_takes_away_keeps_what_was_ordered_in_the_total(stand) -> None:
    order = stand.order("10.00", 3)
    truth = stand.act(order, "edit", lines=[{"line": 0, "quantity": 1}])
    assert (truth["total"], truth["lines"][0]["current_quantity"]) == ("30.00", 1)
    truth = stand.act(order, "refund", amount="20.00")
    assert truth["refunded"] == "20.00"


def test_vat_of_20_per_cent_lies_inside_the_price_and_gift_cards_bear_none(stand) -> None:
    lines = [
        {"title": "Mug", "quantity": 1, "price": "12.00"},
        {"title": "Gift card", "quantity": 1, "price": "50.00", "gift_card": True},
    ]
    truth = stand.truth(stand.order(lines=lines))
    assert [line["tax"] for line in truth["lines"]] == ["2.00", "0.00"]
    assert [line["kind"] for line in truth["lines"]] == ["goods", "gift_card"]


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"lines": []}, "lines"),
        ({"customer_id": 5}, "customer"),
        ({"codes": ["NONE"]}, "does not exist"),
        ({"shipping": "much"}, "amount"),
    ],
)
def test_a_bad_order_is_refused_with_the_reason(stand, wish, reason) -> None:
    lines = [{"title": "Mug", "quantity": 1, "price": "12.00"}]
    answer = stand.control("orders", {"at": "2026-11-02T10:00:00Z", "lines": lines, **wish}, status=422)
    assert reason in answer["error"]
    assert stand.control("orders", method="GET")["orders"] == []


def test_a_deleted_order_is_gone(stand) -> None:
    order = stand.order()
    stand.control(f"orders/{order}", method="DELETE")
    assert stand.control("orders", method="GET")["orders"] == []


def test_customers_are_registered_changed_and_merged(stand) -> None:
    ada, ben = stand.customer("ada"), stand.customer("ben")
    order = stand.order(customer_id=ben)
    stand.control("customers", {"email": "ada@example.com", "at": "2026-11-01T09:00:00Z"}, status=422)
    stand.control(f"customers/{ada}", {"last_name": "Oak", "verified": False}, method="PATCH")
    stand.control(f"customers/{ada}/merge", {"gone_id": ben})
    assert [it["id"] for it in stand.control("customers", method="GET")["customers"]] == [ada]
    assert stand.truth(order)["customer_id"] == ada
    stand.control(f"customers/{ada}", method="DELETE", status=422)
