"""How many rows a page has: more while the shop is quick, fewer when it is slow; and neighbours asked for as one range."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from adapters.magento import pull, walk
from adapters.magento.client import TIMEOUTS
from adapters.magento.criteria import Search
from adapters.magento.pull import _Numbered
from adapters.magento.wire import Page


class Shop:
    """A thousand rows, at so many seconds a row by a clock of its own."""

    def __init__(self, *seconds: float) -> None:
        self.seconds = list(seconds)
        self.asked: list[int] = []
        self.now = 0.0

    def search(self, path: str, kind: type[_Numbered], search: Search) -> Page[_Numbered]:
        after = sum(self.asked)
        self.asked.append(search.size)
        self.now += search.size * (self.seconds.pop(0) if len(self.seconds) > 1 else self.seconds[0])
        rows = [kind(number + 1) for number in range(after, min(1000, after + search.size))]
        return Page(rows, 1000 - after)


@pytest.mark.parametrize(
    ("seconds", "asked"),
    [
        ((0.001,), [100, 300, 300, 300]),
        ((0.03,), [100] * 10),
        ((0.01, 0.05), [100, 300, 100, 100, 100, 100, 100, 100]),
    ],
    ids=["quick", "slow", "slower and slower"],
)
def test_pages_of_a_history_are_as_long_as_the_shop_is_quick(
    seconds: tuple[float, ...], asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop: Any = Shop(*seconds)
    monkeypatch.setattr(walk.time, "monotonic", lambda: shop.now)
    pages = list(walk.by_id(shop, walk.ORDERS, _Numbered, lambda row: row.entity_id, most=300))
    assert [row.entity_id for page in pages for row in page.rows] == list(range(1, 1001))
    assert shop.asked == asked


@pytest.mark.parametrize(
    ("seconds", "asked"), [(0.02, [100] * 10), (0.002, [100, 300, 300, 300])], ids=["slow", "quick"]
)
def test_the_numbers_of_all_orders_are_asked_for_in_pages_that_no_shop_is_silent_over(
    seconds: float, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop: Any = Shop(seconds)
    monkeypatch.setattr(walk.time, "monotonic", lambda: shop.now)
    nothing: Any = None
    found = list(pull.Reader(shop, shop, nothing, nothing, nothing, False).numbers())
    assert [int(one) for some in found for one in some.orders] == list(range(1, 1001))
    assert shop.asked == [*asked, 100], "and then the customers"
    assert max(shop.asked) * seconds < TIMEOUTS[1]


def test_a_history_is_read_in_few_calls(sandbox: Any) -> None:
    for number in range(120):
        sandbox.order(None, paid=number % 3 > 0, sent=number % 3 == 2)
    batches = list(sandbox.line().history(None))
    orders = [order for batch in batches for order in batch.orders]
    read = {order.id: (order.paid_at is not None, order.fulfilled_at is not None) for order in orders}
    assert read == {str(number + 1): (number % 3 > 0, number % 3 == 2) for number in range(120)}
    asked = requests.get(f"{sandbox.address}_sandbox/log", timeout=60).json()["requests"]
    # 100 orders, then 20; their documents as one range each time.
    assert [asked[f"GET V1/{name}"] for name in ("invoices", "shipments")] == [2, 2]
