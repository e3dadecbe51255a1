"""What the plug reads over REST is what the shop says is true, order by order, after shoppers have been at it."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.magento import keys
from adapters.magento.line import Line
from connector.money import plain
from connector.port import ShopLine
from connector.records import Order


class _Vault:
    def __init__(self, tokens: bytes) -> None:
        self.tokens = tokens

    def read(self) -> bytes:
        return self.tokens

    def locked(self) -> AbstractContextManager[Any]:
        raise AssertionError("nothing here changes tokens")


def _told(order: Order) -> dict[str, Any]:
    def iso(moment: Any) -> str | None:
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None

    return {
        "id": order.id,
        "number": order.number,
        "customer_id": order.customer_id,
        "email": order.email,
        "currency": order.currency,
        "placed_at": iso(order.placed_at),
        "paid_at": iso(order.paid_at),
        "fulfilled_at": iso(order.fulfilled_at),
        "cancelled_at": iso(order.cancelled_at),
        "changed_at": iso(order.changed_at),
        "test": order.test,
        "total": plain(order.total, "USD"),
        "refunded": plain(order.refunded, "USD"),
        "refunded_shipping": plain(order.refunded_shipping, "USD"),
        "codes": list(order.coupon_codes),
        "lines": [
            {
                "id": line.id,
                "kind": line.kind,
                "quantity": line.quantity,
                "current_quantity": line.current_quantity,
                "amount": plain(line.amount, "USD"),
                "tax": plain(line.tax, "USD"),
            }
            for line in order.lines
        ],
    }


def test_what_the_plug_reads_equals_the_shops_truth(store: Any) -> None:
    store.code("LIVE", uses_per_coupon=5)
    store.stage.shoppers.chance.seed(11)
    for _ in range(400):
        store.sleep(minutes=7)
        store.stage.shoppers.act()
    store.order(
        lines=[{"sku": "A", "title": "A", "quantity": 3, "price": "3.33"}], store="uk_en", tax_rate="21"
    )
    _half_way(store)

    found = {order.id: _told(order) for batch in _line(store).history(None) for order in batch.orders}

    truth = {order["id"]: order for order in store.control("GET", "orders")["orders"]}
    assert len(truth) > 150
    assert found == truth


def _half_way(store: Any) -> None:
    """Orders that are invoiced, shipped, refunded and cancelled in parts."""
    _called_off(store)
    lines = [{"sku": "A", "title": "A", "quantity": 3, "price": "3.33", "discount": "1.00"}]
    for rest in ("cancel", "refund"):
        key = store.order(lines=lines, shipping="4.95")
        item = store.get(f"orders/{key}")["items"][0]["item_id"]
        two = {"items": [{"order_item_id": item, "qty": 2}]}
        store.send("POST", f"order/{key}/invoice", two if rest == "cancel" else {})
        store.sleep(hours=1)
        store.send("POST", f"order/{key}/ship", two)
        store.sleep(hours=1)
        store.control("POST", f"orders/{key}/{rest}", {"lines": [{"line": 0, "quantity": 1}]})


def _called_off(store: Any) -> None:
    """Of two lines one is invoiced and sent, the other cancelled; then 20.00 are given back."""
    key = store.order(lines=[{"sku": sku, "title": sku, "quantity": 1, "price": "50.00"} for sku in "AB"])
    item = store.get(f"orders/{key}")["items"][0]["item_id"]
    first = {"items": [{"order_item_id": item, "qty": 1}]}
    for what in ("invoice", "ship"):
        store.send("POST", f"order/{key}/{what}", first)
    store.control("POST", f"orders/{key}/cancel", {})
    told = store.get(f"orders/{key}")
    assert (told["state"], told["base_total_canceled"], told["total_due"]) == ("complete", 50, 50)
    told = store.control("POST", f"orders/{key}/refund", {"amount": "20.00"})
    assert (told["total"], told["refunded"], len(told["lines"])) == ("50.00", "20.00", 1)


def _line(store: Any) -> Line:
    four = msgspec.structs.astuple(store.shop.desk.keys)
    # The client signs with the time it is, and the shop's clock stands in June.
    store.shop.clock = lambda: datetime.now(UTC)
    vault = _Vault(keys.packed(keys.Keys(*four, hook_secret="h" * 16)))
    return Line({"ALLOW_PRIVATE_HOSTS": store.host}, ShopLine(f"http://{store.host}/", "key"), vault)
