"""How a line stands, asked of a shop on this machine: each fault planted, and found by its own name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from adapters.shopify import settings, subscriptions
from adapters.shopify.platform import platform
from adapters.shopify.sandbox.wire import OLDEST
from adapters.shopify.subscriptions import TOPICS
from connector.port import Condition, Refused, ShopAdapter, ShopLine, Unauthorized

HOME = "https://loyalty.example/webhooks/shopify"


@pytest.fixture
def line(street: Any) -> ShopAdapter:
    line: ShopAdapter = street.install()
    line.subscribe(HOME)
    return line


def looked(line: ShopAdapter, address: str = HOME) -> Condition:
    return line.examine(address)


def test_a_line_in_order_lacks_nothing_and_tells_the_time(line: ShopAdapter) -> None:
    found = looked(line)
    assert (found.missing_rights, found.missing_topics, found.other_version) == ((), (), "")
    assert found.ahead is not None
    assert abs(found.ahead) < timedelta(seconds=5)


@pytest.mark.parametrize("right", ["read_orders", "write_customers"])
def test_a_right_that_was_taken_back_is_named(street: Any, line: ShopAdapter, right: str) -> None:
    for granted in street.shop.desk.access.values():
        granted.scopes = ",".join(one for one in settings.SCOPES if one != right)
    assert right in looked(line).missing_rights


def test_a_subscription_that_is_gone_or_goes_elsewhere_is_named(street: Any, line: ShopAdapter) -> None:
    gone = next(iter(street.shop.subscriptions))
    street.shop.subscriptions.pop(gone)
    assert len(looked(line).missing_topics) == 1
    assert looked(line, "https://old.example/webhooks/shopify").missing_topics == TOPICS


def test_a_subscription_sent_elsewhere_or_cut_down_is_a_stray_and_is_put_right(
    street: Any, line: ShopAdapter
) -> None:
    one, other, *_ = street.shop.subscriptions.values()
    one.filter, other.uri = "id:1", "https://old.example/webhooks/shopify"
    found = looked(line)
    assert len(found.missing_topics) == len(found.stray_topics) == 2
    assert set(found.missing_topics) == set(found.stray_topics)
    line.subscribe(HOME)
    assert (looked(line).missing_topics, looked(line).stray_topics) == ((), ())


def test_two_who_subscribe_at_once_both_find_it_done(street: Any, line: Any) -> None:
    """The slower one is refused, without a code, for what the quicker one has just made."""
    subscriptions._make(line._client, "ORDERS_PAID", HOME)
    with pytest.raises(Refused, match="no webhooks are sent to ftp"):
        subscriptions._make(line._client, "ORDERS_PAID", "ftp://loyalty.example/")


def test_a_shop_whose_clock_is_wrong_is_found_out(line: Any) -> None:
    real = line._client._clock
    line._client._clock = type(
        "Slow", (), {"now": lambda _: real.now() - timedelta(minutes=10), "sleep": real.sleep}
    )()
    ahead = looked(line).ahead
    assert ahead is not None
    assert timedelta(minutes=9) < ahead < timedelta(minutes=11)


def test_a_dead_token_and_an_unknown_version_are_told_apart(street: Any, line: ShopAdapter) -> None:
    environment = street.environment | {"SHOPIFY_API_VERSION": "1999-01"}
    odd = platform.open(environment, ShopLine(street.address, "key-1"), street.vault)
    assert looked(odd).other_version == OLDEST
    street.shop.desk.access.clear()
    street.shop.desk.refresh.clear()
    with pytest.raises((Unauthorized, Refused)):
        looked(line)
