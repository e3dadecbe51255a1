"""The drill at the shops' end, the clock in the test's hand: pages for answers, an hour of 429, a dead token."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from block import Block


def breaks_down(block: Block, name: str) -> None:
    """Push until the breaker opens, and see that it does not call again before its minute is over."""
    for _ in range(6):
        block.street.works()
        block.passes(6)
    assert block.line(name).breaker == "open"
    block.passes(-36)
    before = block.calls(name)
    for _ in range(3):
        block.street.works()
    assert block.calls(name) == before
    block.passes(36)


@pytest.mark.parametrize(
    ("name", "fault", "said"),
    [
        ("shopify", {"status": 200, "html": True}, "the gift shop answers pages with 200"),
        ("magento", {"status": 200, "html": True}, "the music shop answers pages with 200"),
        ("magento", {"status": 502, "html": True}, "the music shop answers pages with 502"),
    ],
)
def test_a_shop_that_answers_pages_is_left_alone_until_it_answers_again(
    block: Block, name: str, fault: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.shopify.client.PATIENCE", timedelta(0))
    block.buys(name, 4)
    block.street.applies(name)
    block.troubles(name, **fault)
    breaks_down(block, name)
    other = {"shopify": "magento", "magento": "shopify"}[name]
    block.buys(other, 2)
    block.street.works()
    assert block.line(other).breaker == "closed"
    block.troubles(name)
    block.passes(61)
    block.street.works()
    assert block.line(name).breaker == "closed"
    block.counts(said)


def test_a_shop_that_hangs_costs_its_own_time_only(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.magento.client.TIMEOUTS", (0.5, 0.3))
    block.buys("magento", 4)
    block.street.applies("magento")
    block.troubles("magento", status=503, hang_seconds=1)
    breaks_down(block, "magento")
    block.troubles("magento")
    block.passes(61)
    time.sleep(1)
    block.counts("the music shop hangs")


def test_an_hour_of_429_is_waited_out_without_a_call(block: Block) -> None:
    block.buys("shopify", 4)
    block.street.applies("shopify")
    block.troubles("shopify", status=429, retry_after=3600)
    block.street.works()
    asked = block.calls("shopify")
    for _ in range(10):
        block.passes(350)
        block.street.works()
    assert block.calls("shopify") == asked
    assert block.line("shopify").breaker == "closed"
    block.troubles("shopify")
    block.passes(200)
    block.counts("429 for an hour (Retry-After: 3600)")


def test_a_revoked_token_stops_the_shop_until_it_is_connected_again(block: Block) -> None:
    block.buys("shopify", 4)
    block.street.gifts.desk.forget_all()
    for _ in range(3):
        block.street.works()
    assert block.line("shopify").state == "reconnect"
    block.buys("shopify", 2)
    block.street.keepers["shopify"].does("install", public_url=block.street.url)
    assert block.line("shopify").state == "connected"
    block.counts("the gift shop revokes the token, and is connected again")
