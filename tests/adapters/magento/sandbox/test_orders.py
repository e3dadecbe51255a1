"""Orders over REST: what stands in them before and after each thing that happens to them."""

from typing import Any

THING = {"sku": "MUG", "title": "Mug", "quantity": 3, "price": "9.99"}


def _some(order: Any, *names: str) -> list[Any]:
    return [order.get(name) for name in names]


def test_a_new_order_owes_everything_and_has_no_invoiced_amounts(store: Any) -> None:
    ann = store.customer()
    key = store.order(customer_id=str(ann), lines=[THING], shipping="4.95")
    order = store.get(f"orders/{key}")
    assert _some(order, "state", "status", "grand_total", "total_due", "subtotal", "shipping_amount") == [
        "new", "pending", 34.92, 34.92, 29.97, 4.95,
    ]  # fmt: skip
    assert _some(order, "customer_id", "customer_is_guest", "customer_email") == [ann, 0, "ann@example.com"]
    assert _some(order, "increment_id", "created_at", "updated_at") == [
        "000000001", "2026-06-01 12:00:00", "2026-06-01 12:00:00",
    ]  # fmt: skip
    assert not {"total_paid", "base_total_invoiced", "coupon_code", "total_refunded"} & order.keys()


def test_a_guest_has_no_customer_id_and_group_zero(store: Any) -> None:
    order = store.get(f"orders/{store.order()}")
    assert _some(order, "customer_is_guest", "customer_group_id") == [1, 0]
    assert "customer_id" not in order


def test_invoice_then_shipment_complete_an_order_and_move_it(store: Any) -> None:
    key = store.order(lines=[THING])
    store.sleep(hours=1)
    invoice = store.send("POST", f"order/{key}/invoice", {"capture": True})
    order = store.get(f"orders/{key}")
    assert _some(order, "state", "total_paid", "total_due", "updated_at") == [
        "processing", 29.97, 0, "2026-06-01 13:00:00",
    ]  # fmt: skip
    store.sleep(hours=1)
    shipment = store.send("POST", f"order/{key}/ship", {})
    order = store.get(f"orders/{key}")
    assert _some(order, "state", "updated_at") == ["complete", "2026-06-01 14:00:00"]
    assert _some(order["items"][0], "qty_ordered", "qty_invoiced", "qty_shipped") == [3, 3, 3]
    assert store.get(f"invoices/{invoice}")["grand_total"] == 29.97
    assert store.get(f"shipment/{shipment}")["total_qty"] == 3
    status, body = store.refused("POST", f"order/{key}/invoice", {})
    assert (status, body["message"].splitlines()[0]) == (400, "Invoice Document Validation Error(s):")


def test_an_order_in_three_parts_ends_at_its_total(store: Any) -> None:
    key = store.order(lines=[THING | {"quantity": 3, "price": "3.33", "discount": "1.00"}], shipping="2.00")
    item = store.get(f"orders/{key}")["items"][0]["item_id"]
    totals = []
    for _ in range(3):
        made = store.send("POST", f"order/{key}/invoice", {"items": [{"order_item_id": item, "qty": 1}]})
        totals.append(store.get(f"invoices/{made}")["grand_total"])
    # 3.33 less 0.33, 0.33 and 0.34; the first one carries the shipping.
    assert totals == [5, 3, 2.99]
    order = store.get(f"orders/{key}")
    assert _some(order, "total_paid", "grand_total", "total_due") == [10.99, 10.99, 0]


def test_a_partial_refund_leaves_the_state_and_a_full_one_closes(store: Any) -> None:
    key = store.order(lines=[THING], shipping="4.95", paid=True)
    item = store.get(f"orders/{key}")["items"][0]["item_id"]
    body = {"items": [{"order_item_id": item, "qty": 1}], "arguments": {"shipping_amount": 0}}
    memo = store.send("POST", f"order/{key}/refund", body)
    assert store.get(f"creditmemo/{memo}")["grand_total"] == 9.99
    order = store.get(f"orders/{key}")
    assert _some(order, "state", "total_refunded", "shipping_refunded") == ["processing", 9.99, 0]
    assert order["items"][0]["qty_refunded"] == 1
    store.send("POST", f"order/{key}/refund", {})
    order = store.get(f"orders/{key}")
    assert _some(order, "state", "total_refunded", "shipping_refunded") == ["closed", 34.92, 4.95]
    assert [note["entity_name"] for note in order["status_histories"]] == ["creditmemo", "creditmemo"]


def test_a_typed_amount_is_an_adjustment_without_pieces(store: Any) -> None:
    key = store.order(lines=[THING], paid=True)
    store.control("POST", f"orders/{key}/refund", {"amount": "12.34"})
    order = store.get(f"orders/{key}")
    assert _some(order, "adjustment_positive", "total_refunded", "subtotal_refunded") == [12.34, 12.34, 0]
    assert order["items"][0]["qty_refunded"] == 0
    store.control("POST", f"orders/{key}/refund", {"amount": "17.64"}, expect=422)


def test_cancelling_keeps_what_is_due_and_says_what_was_cancelled(store: Any) -> None:
    key = store.order(lines=[THING])
    assert store.send("POST", f"orders/{key}/cancel", {}) is True
    order = store.get(f"orders/{key}")
    assert _some(order, "state", "total_due", "total_canceled") == ["canceled", 29.97, 29.97]
    assert "total_paid" not in order
    assert order["items"][0]["qty_canceled"] == 3
    assert store.send("POST", f"orders/{key}/cancel", {}) is False


def test_row_total_is_net_of_discount_and_holds_the_tax(store: Any) -> None:
    # 24.20 with 21 % VAT inside is 20.00 + 4.20; 10 % off leaves 21.78 = 18.00 + 3.78.
    store.code()
    key = store.order(
        lines=[THING | {"quantity": 1, "price": "24.20"}], codes=["THANKS"], tax_rate="21", paid=True
    )
    order = store.get(f"orders/{key}")
    line = order["items"][0]
    assert _some(line, "price", "price_incl_tax", "discount_amount", "tax_amount", "row_total", "tax_percent") == [
        20, 24.2, 2.42, 3.78, 21.78, 21,
    ]  # fmt: skip
    assert _some(order, "subtotal", "tax_amount", "discount_tax_compensation_amount", "discount_amount") == [
        20, 3.78, 0.42, -2.42,
    ]  # fmt: skip
    assert order["grand_total"] == 21.78 == round(20 + 3.78 + 0.42 - 2.42, 2)


def test_another_currency_is_told_beside_the_base_currency(store: Any) -> None:
    order = store.get(f"orders/{store.order(store='uk_en', paid=True)}")
    names = (
        "base_grand_total",
        "base_currency_code",
        "grand_total",
        "order_currency_code",
        "base_to_order_rate",
    )
    assert _some(order, *names) == [20, "USD", 15.8, "GBP", 0.79]
    assert _some(order, "store_id", "increment_id", "store_to_order_rate") == [2, "2000000001", 0]


def test_a_configurable_product_is_two_lines_of_the_same_sku(store: Any) -> None:
    key = store.order(lines=[THING | {"kind": "configurable"}], paid=True)
    store.send("POST", f"order/{key}/ship", {})
    order = store.get(f"orders/{key}")
    parent, child = order["items"]
    assert (parent["sku"], parent["product_type"], parent["row_total"]) == ("MUG", "configurable", 29.97)
    assert (child["sku"], child["parent_item_id"], child["row_total"]) == ("MUG", parent["item_id"], 0)
    assert _some(order, "total_item_count", "total_qty_ordered", "state") == [1, 3, "complete"]


def test_an_edit_is_a_cancelled_order_and_another_that_names_it(store: Any) -> None:
    key = store.order(lines=[THING])
    new = store.control("POST", f"orders/{key}/edit", {"lines": [{"line": 0, "quantity": 1}]})
    old, edited = store.get(f"orders/{key}"), store.get(f"orders/{new['id']}")
    assert _some(old, "state", "relation_child_real_id") == ["canceled", "000000001-1"]
    assert _some(edited, "increment_id", "relation_parent_real_id", "grand_total", "state") == [
        "000000001-1", "000000001", 9.99, "new",
    ]  # fmt: skip
    store.control("POST", f"orders/{store.order(paid=True)}/edit", {"lines": []}, expect=422)


def test_what_does_not_move_updated_at(store: Any) -> None:
    ann = store.customer()
    key = store.order(customer_id=str(ann))
    store.sleep(days=1)
    assert store.send("DELETE", f"customers/{ann}") is True
    order = store.get(f"orders/{key}")
    assert order["updated_at"] == "2026-06-01 12:00:00"
    assert (order["customer_is_guest"], order["customer_email"]) == (0, "ann@example.com")
    assert "customer_id" not in order


def test_what_happened_earlier_still_moves_updated_at_to_now(store: Any) -> None:
    key = store.order(at="2026-05-01T10:00:00Z", paid=True)
    order = store.get(f"orders/{key}")
    assert _some(order, "created_at", "updated_at") == ["2026-05-01 10:00:00", "2026-06-01 12:00:00"]


def test_a_virtual_order_is_complete_when_it_is_paid(store: Any) -> None:
    key = store.order(lines=[THING | {"gift_card": True}], shipping="4.95", paid=True)
    order = store.get(f"orders/{key}")
    assert _some(order, "is_virtual", "state", "shipping_amount") == [1, "complete", 0]
    assert order["items"][0]["product_type"] == "giftcard"


def test_orders_that_are_not_there(store: Any) -> None:
    words = {"message": "The entity that was requested doesn't exist. Verify the entity and try again."}
    assert store.refused("GET", "orders/999999") == (404, words)
    key = store.order(paid=True)
    store.control("DELETE", f"orders/{key}")
    assert store.refused("GET", f"orders/{key}") == (404, words)
    assert store.get("invoices", "searchCriteria=")["total_count"] == 0


def test_the_shops_truth_in_neutral_words(store: Any) -> None:
    key = store.order(lines=[THING], shipping="4.95", paid=True, at="2026-05-30T08:00:00Z")
    store.control("POST", f"orders/{key}/fulfil", {"at": "2026-05-31T08:00:00Z"})
    store.control("POST", f"orders/{key}/refund", {"lines": [{"line": 0, "quantity": 1}], "shipping": "1.00"})
    (told,) = store.control("GET", "orders")["orders"]
    line = told.pop("lines")[0]
    assert told == {
        "id": "1", "number": "000000001", "customer_id": None, "email": "guest@example.net", "currency": "USD",
        "placed_at": "2026-05-30T08:00:00Z", "paid_at": "2026-05-30T08:00:00Z",
        "fulfilled_at": "2026-05-31T08:00:00Z", "cancelled_at": None, "changed_at": "2026-06-01T12:00:00Z",
        "test": False, "total": "34.92", "refunded": "10.99", "refunded_shipping": "1.00", "codes": [],
    }  # fmt: skip
    assert (line["quantity"], line["current_quantity"], line["amount"]) == (3, 2, "29.97")
