"""Invented shoppers: whatever they do, the shop's figures stay true."""

import random
import time

from adapters.shopify.sandbox.live import Crowd


def test_a_thousand_acts_keep_the_shops_figures_true(stand) -> None:
    for name in ("ada", "ben", "cleo"):
        stand.order(customer_id=stand.customer(name))
    code = {
        "title": "Five",
        "code": "FIVE",
        "startsAt": "2026-01-01T00:00:00Z",
        "context": {"all": "ALL"},
        "customerGets": {"value": {"discountAmount": {"amount": "5.00"}}, "items": {"all": True}},
    }
    stand.data(
        "mutation C($it: DiscountCodeBasicInput!)"
        "{ discountCodeBasicCreate(basicCodeDiscount: $it) { userErrors { message } } }",
        {"it": code},
    )
    crowd, chance = Crowd(stand.shop), random.Random(7)
    for _ in range(1000):
        crowd.act(chance)
    done = crowd.counts
    assert min(done[name] for name in ("order", "pay", "fulfil", "refund", "edit", "cancel", "register")) > 5
    assert done["code used"] > 5
    for order in stand.shop.orders:
        assert 0 <= order.refunded <= order.received <= order.total
        assert sum(part.amount for given in order.refunds for part in given.transactions) == order.refunded
        assert order.refunded_shipping <= min(order.shipping_due, order.refunded)
        for line in order.lines:
            assert 0 <= line.current_quantity <= line.quantity
            assert 0 <= line.current_amount <= line.amount
            gone = sum(
                back.quantity for given in order.refunds for back in given.lines if back.line_id == line.id
            )
            assert gone <= line.quantity - line.current_quantity


def test_shoppers_come_and_go_when_told(stand, box) -> None:
    stand.subscribe("ORDERS_UPDATED", box.url)
    stand.order(customer_id=stand.customer())
    stand.control("live", {"per_second": 200.0, "seed": 4})
    until = time.monotonic() + 60
    while len(stand.shop.orders) < 10 and time.monotonic() < until:
        time.sleep(0.05)
    told = stand.control("quiet")
    orders = len(stand.shop.orders)
    assert orders >= 10
    assert (told["settled"], told["waiting"]) == (True, 0)
    time.sleep(0.1)
    assert len(stand.shop.orders) == orders
