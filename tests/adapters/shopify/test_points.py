"""One bucket per shop for all lines of a process: nobody spends points twice, and live work goes before the background."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import responses

from adapters.shopify import pull
from adapters.shopify.answers import ThrottleStatus
from adapters.shopify.platform import Shopify
from adapters.shopify.points import STARVED, Points
from adapters.shopify.sandbox.cost import Bucket
from adapters.shopify.shop import ShopifyShop
from connector.port import Marked, ShopAdapter, ShopLine, TryLater, Window

GRAPHQL = "https://demo-gifts.myshopify.com/admin/api/2026-10/graphql.json"
NONE, SECOND = timedelta(0), timedelta(seconds=1)
SHOP = {
    "shop": {
        "name": "Demo Gifts",
        "myshopifyDomain": "demo-gifts.myshopify.com",
        "currencyCode": "GBP",
        "ianaTimezone": "Europe/London",
    }
}


def stated(points: Points, left: float, now: datetime, cost: int = 100) -> None:
    points.stated("doc", cost, ThrottleStatus(1000, left, 50), now)


def test_points_under_way_are_not_spent_twice(now: datetime) -> None:
    points = Points()
    stated(points, 300, now)
    assert points.take(200, "live", now, NONE) == NONE
    # 300 less the 200 under way: 100 of the next 200 are missing, at 50 a second.
    assert points.take(200, "live", now, NONE) == 2 * SECOND
    points.give_back(200)
    assert points.take(200, "live", now, NONE) == NONE


def test_the_background_leaves_half_of_the_bucket_to_live_work(now: datetime) -> None:
    points = Points()
    stated(points, 500, now)
    assert points.take(100, "backfill", now, NONE) == 2 * SECOND
    assert points.take(100, "live", now, NONE) == NONE
    points.give_back(100)
    assert points.take(100, "backfill", now + 2 * SECOND, NONE) == NONE


def test_the_background_is_not_starved(now: datetime) -> None:
    points = Points()
    stated(points, 150, now)
    assert points.take(100, "backfill", now, NONE) > NONE
    assert points.take(100, "backfill", now, STARVED) == NONE


def test_a_query_dearer_than_the_bucket_is_sent_when_it_is_full(now: datetime) -> None:
    points = Points()
    stated(points, 1000, now)
    assert points.take(990, "backfill", now, NONE) == NONE


def test_two_lines_of_one_shop_know_one_bucket(app: Any, vault: Any, clock: Any, wire: Any) -> None:
    points = Points()
    first, second = (ShopifyShop(app, "demo-gifts.myshopify.com", vault, clock, wire, points) for _ in "ab")
    status = {"maximumAvailable": 1000, "currentlyAvailable": 100, "restoreRate": 100}
    cost = {"cost": {"requestedQueryCost": 500, "actualQueryCost": 500, "throttleStatus": status}}
    with responses.RequestsMock() as web:
        web.add(responses.POST, GRAPHQL, body=json.dumps({"data": SHOP, "extensions": cost}))
        first.facts()
        second.facts()
    assert clock.waits == [4.0]


def test_the_platform_gives_every_line_the_bucket_of_its_shop(vault: Any) -> None:
    platform = Shopify()
    env = {"SHOPIFY_CLIENT_ID": "a", "SHOPIFY_CLIENT_SECRET": "b"}
    addresses = ("one.myshopify.com", "one.myshopify.com", "two.myshopify.com")
    lines: list[Any] = [platform.open(env, ShopLine(it, "key"), vault) for it in addresses]
    buckets = [it._client._points for it in lines]
    assert buckets[0] is buckets[1]
    assert buckets[0] is not buckets[2]


def test_a_shop_out_of_order_is_asked_three_times_with_pauses_by_chance(
    app: Any, vault: Any, clock: Any, wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans: list[tuple[float, float]] = []
    monkeypatch.setattr("random.uniform", lambda low, high: spans.append((low, high)) or high)
    shop = ShopifyShop(app, "demo-gifts.myshopify.com", vault, clock, wire)
    with responses.RequestsMock() as web:
        web.add(responses.POST, GRAPHQL, status=503)
        with pytest.raises(TryLater):
            shop.facts()
        assert len(web.calls) == 3
    assert clock.waits == [1.0, 2.0]
    assert spans[:2] == [(0, 1.0), (0, 2.0)]


def test_live_work_hardly_waits_for_a_backfill(
    street: Any, line: ShopAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shop of 400 points, 100 a second, and a background that would spend them all."""
    monkeypatch.setattr(pull, "ORDERS_A_PAGE", 5)
    who = street.customer("eva")
    for _ in range(28):
        street.order(customer_id=who)
    platform = Shopify()
    shop = ShopLine(street.address, "key-1")
    back, live = (
        platform.open(street.environment, shop, street.vault, pace) for pace in ("backfill", "live")
    )
    assert live.mark(who, ("vip",), ()) == Marked(("vip",))
    street.shop.bucket = Bucket(400, 100, 400.0)
    done = threading.Event()
    read = 0

    def backfill() -> None:
        nonlocal read
        window = Window(datetime(2026, 9, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1))
        for batch in back.changed(window):
            read += len(batch.orders)
        done.set()

    reader = threading.Thread(target=backfill)
    reader.start()
    delays, left = [], []
    while not done.is_set() and len(delays) < 60:
        left.append(street.shop.bucket.available)
        began = time.monotonic()
        live.mark(who, ("vip",), ())
        delays.append(time.monotonic() - began)
        done.wait(0.2)
    reader.join(60)
    assert read >= 28
    assert len(delays) >= 5
    assert sorted(delays)[int(len(delays) * 0.95)] < 5, [round(it, 2) for it in delays]
    # Half of the bucket stays, but for what a page costs more than it did the first time.
    assert min(left) >= 100, [round(it) for it in left]
    assert street.shop.asked["throttled"] <= 1
