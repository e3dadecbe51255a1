"""What is read of a shop equals what the shop knows of itself, after anything that can happen to an order."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest

from adapters.magento.sandbox import aftermath, checkout, truth
from adapters.magento.sandbox.checkout import Basket, NotPossible, Wish
from connector.money import plain
from connector.records import Order


def _said(order: Order) -> dict[str, Any]:
    """The order in the words of the sandbox's truth."""
    lines = [
        {
            "id": line.id,
            "kind": line.kind,
            "quantity": line.quantity,
            "current_quantity": line.current_quantity,
            "amount": plain(line.amount, order.currency),
            "tax": plain(line.tax, order.currency),
        }
        for line in order.lines
    ]
    moments = ("placed_at", "paid_at", "fulfilled_at", "cancelled_at", "changed_at")
    return {
        **{
            name: getattr(order, name)
            for name in ("id", "number", "customer_id", "email", "currency", "test")
        },
        **{name: _iso(getattr(order, name)) for name in moments},
        **{
            name: plain(getattr(order, name), order.currency)
            for name in ("total", "refunded", "refunded_shipping")
        },
        "codes": list(order.coupon_codes),
        "lines": lines,
    }


def _iso(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def _wish(chance: random.Random) -> Wish:
    kind = chance.choice(["simple", "simple", "virtual", "configurable", "bundle"])
    price = chance.choice([f"{chance.randint(0, 9999) / 100:.2f}", "9.99"])
    discount = chance.choice(["0", "0", "0.01", "999"]) if price != "0.00" else "0"
    if kind == "bundle":
        return _bundle(chance, price, discount)
    return Wish(
        weee=chance.choice(["0", "0", "1.20"]),
        title="Thing",
        quantity=chance.randint(1, 4),
        price=price,
        sku=f"SKU-{chance.randint(1, 9)}",
        discount=discount,
        kind=kind,
    )


def _bundle(chance: random.Random, price: str, discount: str) -> Wish:
    """A bundle with a price of its own, or one priced by its parts; sent as one, or part by part."""
    own = chance.choice([True, False])
    part = Wish("Part", price="0" if own else price, discount="0" if own else discount)
    more = {"price": price, "discount": discount} if own else {}
    apart, quantity = chance.choice([True, False]), chance.randint(1, 3)
    return Wish("Box", quantity, kind="bundle", parts=(part, part), apart=apart, **more)


def _something(sandbox: Any, chance: random.Random, order: int) -> None:
    row = sandbox.row(order)
    line = chance.choice([line for line in row.lines if line.parent_id is None])
    some = chance.choice([{}, {line.id: 1}])
    match chance.choice(["invoice", "invoice", "ship", "refund", "cancel", "hold", "review"]):
        case "invoice":
            aftermath.invoice(sandbox.shop, row, some, sandbox.stamp)
        case "ship":
            aftermath.ship(sandbox.shop, row, some, sandbox.stamp)
        case "refund":
            shipping = chance.choice([0, 0, None])
            up, down = chance.choice([(0, 0), (0, 0), (50, 0), (0, 30)])
            aftermath.refund(sandbox.shop, row, some, shipping, up, down, sandbox.stamp)
        case "cancel":
            aftermath.cancel(sandbox.shop, row, sandbox.stamp)
        case "review":
            suspected = row.state != "payment_review"
            aftermath.review(sandbox.shop, row, suspected=suspected, at=sandbox.stamp)
        case "hold":
            aftermath.hold(sandbox.shop, row, held=row.state != "holded", at=sandbox.stamp)


@pytest.mark.parametrize("seed", range(6))
def test_every_order_is_read_as_the_shop_knows_it(sandbox: Any, seed: int) -> None:
    chance = random.Random(seed)
    people = [None, *(sandbox.customer(f"shopper{number}") for number in range(5))]
    for _ in range(40):
        sandbox.later(minutes=chance.randint(0, 500))
        lines = tuple(_wish(chance) for _ in range(chance.randint(1, 3)))
        who = chance.choice(people)
        basket = Basket(
            lines,
            who,
            None if who else "guest@example.com",
            shipping=chance.choice(["0", "4.95"]),
            tax_rate=chance.choice(["0", "21"]),
            store=chance.choice(["default", "uk_en"]),
            balance=chance.choice(["0", "0", "12.00", "9999"]),
            cards=chance.choice(["0", "0", "5.00"]),
            net_prices=chance.choice([True, False]),
        )
        order = checkout.place(sandbox.shop, basket, sandbox.stamp).id
        for _ in range(chance.randint(0, 6)):
            sandbox.later(minutes=chance.randint(0, 5000))
            with suppress(NotPossible):
                _something(sandbox, chance, order)
    read = [_said(order) for batch in sandbox.line().history(None) for order in batch.orders]
    known = [truth.order(row) for row in sandbox.shop.orders]
    for order in known:
        if order["cancelled_at"]:
            # Magento tells only when a cancelled order last moved; here nothing moves it again.
            assert order["cancelled_at"] == order["changed_at"]
    assert len(read) == len(known)
    for said, so in zip(read, known, strict=True):
        assert said == so
