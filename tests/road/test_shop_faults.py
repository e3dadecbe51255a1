"""The drill at the shops' end, the clock in the test's hand: pages for answers, an hour of 429, a dead token, skew."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import drill
import msgspec
import pytest
from judge import differences, shown

from connector.loyalty.terms import CurrencyTerms, Terms, Tier
from connector.store import shops

TERMS = Terms(
    currency="GBP",
    currencies=(CurrencyTerms("GBP"), CurrencyTerms("USD", rate=800_000)),
    hold_days=3,
    tiers=(Tier("Silver", 40_00, "drill-silver"),),
)
MANY = 10_000


class Block:
    """Both shops and Comeback in this process; time passes when the test says so."""

    def __init__(self, street: Any) -> None:
        self.street, self.offset, self._number = street, timedelta(0), 0
        real = street.house.now
        street.house = msgspec.structs.replace(street.house, now=lambda: real() + self.offset)
        self.sent = self.kept = 0
        self._orders: list[str] = []
        street.opens(TERMS, "shopify", "magento")
        street.keepers["shopify"].does("faults", hold=True)

    def buys(self, name: str, count: int) -> None:
        """New customers each buy for 50.00; the shops' messages are brought to the door."""
        shop, at = self.street.keepers[name], (self.street.house.now() - timedelta(days=30)).isoformat()
        lines = [{"title": "Soap", "quantity": 1, "price": "50.00"}]
        for _ in range(count):
            self._number += 1
            email = f"block-{self._number}@example.com"
            customer = shop.does("customers", email=email, verified=True, at=at)["id"]
            made = shop.does("orders", customer_id=customer, at=at, lines=lines, paid=True)["id"]
            self._orders.append(f"order:{self.street.shop_ids[name]}:{made}")
            if name == "magento":
                self._keeps(self.street.hints(f"block-{self._number}", order_id=int(made)))
            for letter in self.street.letters():
                self._keeps(self.street.brings(letter))

    def _keeps(self, status: int) -> None:
        self.sent, self.kept = self.sent + 1, self.kept + (status == 200)

    def passes(self, seconds: float) -> None:
        self.offset += timedelta(seconds=seconds)

    def line(self, name: str) -> shops.Shop:
        with self.street.house.database.merchant(self.street.merchant_id) as tx:
            return shops.get(tx, self.street.shop_ids[name])

    def troubles(self, name: str, **fault: Any) -> None:
        """Have every call to the shop end so; without words, none any more."""
        requests = [{"match": "*", "times": MANY, **fault}] if fault else []
        self.street.keepers[name].does("faults", requests=requests, hold=True)

    def calls(self, name: str) -> int:
        requests = self.street.keepers[name].does("log", "GET")["requests"]
        return sum(requests.values())

    def counts(self, fault: str) -> drill.Count:
        began = time.monotonic()
        self.street.works()
        self.street.works()
        house = self.street.house
        with house.database.merchant(self.street.merchant_id) as tx:
            states = tx.connection.exec_driver_sql("SELECT state, count(*) FROM inbox GROUP BY state").all()
            booked = tx.connection.exec_driver_sql(
                "SELECT source, count(*) FROM entries GROUP BY source"
            ).all()
        done, times = {row[0]: row[1] for row in states}, {row[0]: row[1] for row in booked}
        found = differences(house, self.street.merchant_id, self.street.keepers, house.now())
        assert not found, shown(found)
        waiting = done.get("waiting", 0) + done.get("parked", 0)
        twice = sum(times.get(source, 0) != 1 for source in self._orders)
        applied = self.kept - waiting
        told = drill.Count(
            fault, self.sent, self.kept, applied, waiting, twice, True, time.monotonic() - began
        )
        drill.add(told)
        assert (told.lost, told.twice, told.applied) == (0, 0, told.kept)
        assert told.kept > 0
        return told


@pytest.fixture
def block(street: Any) -> Block:
    return Block(street)


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


@pytest.mark.parametrize("minutes", [-10, 10])
def test_clocks_that_differ_by_ten_minutes_change_no_figure(block: Block, minutes: int) -> None:
    """The worker's clock is off; shop, door and database keep the right time."""
    block.buys("shopify", 2)
    block.passes(60 * minutes)
    block.buys("shopify", 3)
    block.buys("magento", 3)
    block.street.works()
    block.offset = timedelta(0)
    block.passes(-60 * minutes)
    block.buys("magento", 2)
    # Who was made due by the fast clock is settled when the slow one gets there.
    block.offset = timedelta(minutes=10, seconds=1)
    block.counts(f"the worker's clock {minutes:+d} minutes, then {-minutes:+d}")
