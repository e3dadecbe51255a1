"""Storms over Magento: two shops, one with two websites and books in two currencies, and five ways of hearing of them.

In one the tier is the customer's group at first and a tag from the second storm on, in the other always both.

Polling alone; messages alone; messages of which half are lost; what moves no `updated_at`; deletions. In each of them
orders are placed, edited, refunded and deleted, customers come and go, the shops are in trouble and workers are killed.
Then everything is as the oracle says. COMEBACK_STORM_SEED repeats a run, COMEBACK_STORM_DEEDS makes it longer.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any

import pytest
import sky
from judge import differences, shown
from sky import MAGENTO, SILENT, TOLD, MagentoCrowd
from test_storm import reconcile
from town import Town

from connector.flow import choosing
from connector.loyalty.terms import CurrencyTerms, NthOrder, Redeemable, Reward, Terms, Tier
from connector.store import shops

_ANY = 51_843 if os.environ.get("CI") else random.SystemRandom().randrange(10**6)
SEED = int(os.environ.get("COMEBACK_STORM_SEED") or _ANY)
DEEDS = int(os.environ.get("COMEBACK_STORM_DEEDS") or 150) // 5
TERMS = Terms(
    currency="USD",
    currencies=(CurrencyTerms("USD"), CurrencyTerms("EUR", earn_step=110, rate=1_087_000)),
    hold_days=1,
    tiers=(Tier("Silver", 150_00, "storm-silver"), Tier("Gold", 600_00, "storm-gold")),
    returning_tag="storm-returning",
    nth_orders=(
        NthOrder("second", "Free shipping on the second order", 1, Reward("free_shipping", valid_days=40)),
    ),
    redeemables=(Redeemable("five-off", "5.00 off", 100, Reward("amount", 5_00)),),
)
TAGS = {"code": "comeback_tags", "label": "Tags", "kind": "text", "field": "textarea"}
TROUBLE = [
    {"match": "*", "times": 2, "status": 503, "html": True},
    {"match": "*", "times": 2, "status": 500, "after_effect": True},
    {"match": "*", "times": 2, "status": 429, "retry_after": 1},
]


@pytest.fixture
def town(database: Any, tmp_path: Path) -> Any:
    more = {"magento-2": ("--websites", "2", "--seed", "2")}  # an integration of its own
    with Town(database, tmp_path, sky.pasts(tmp_path / "pasts"), more=more) as opened:
        opened.stuck = 2.0  # what moves within seconds here moves within two, but for pauses after a failure
        yield opened


class Storms:
    """One town, and what blows over it."""

    def __init__(self, town: Town) -> None:
        self.town, self.chance = town, random.Random(SEED)
        self.crowd = MagentoCrowd(town, self.chance, DEEDS * 5)

    def blows(self, deeds: dict[str, int], **weather: Any) -> None:
        """Let so much happen, kill a worker in the middle, and let go what was held back."""
        for keeper in self.town.keepers.values():
            keeper.does("faults", seed=self.chance.randrange(10**6), requests=TROUBLE, **weather)
        self.crowd.deeds, killed = deeds, self.chance.randrange(DEEDS)
        for number in range(DEEDS):
            self.crowd.act()
            if number == killed:
                self.town.kills_worker(self.chance.randrange(len(self.town.workers)))
                if "leave" in deeds:
                    self.crowd.surely_deletes()
        for keeper in self.town.keepers.values():
            keeper.does("release", order="shuffled", seed=self.chance.randrange(10**6))
            keeper.does("faults")

    def carries(self, name: str, kind: str) -> None:
        """Let the merchant choose what the customers of a shop carry; it is written anew for all of them."""
        house, shop_id = self.town.house, self.town.shop_ids[name]
        self.town.keepers[name].does("attributes", attributes=[TAGS])
        with house.database.merchant(self.town.merchant_id) as tx:
            shop = shops.get(tx, shop_id)
        house.line(shop).choose("marks", (kind,))
        facts = house.line(shop).facts()
        with house.database.merchant(self.town.merchant_id) as tx:
            choosing.heed(tx, shop_id, house.platforms["magento"], facts, house.now())
            choosing.chosen(tx, shop_id, house.now())

    def tells(self, on: bool) -> None:
        """Have the shops' modules send messages, or not."""
        for keeper in self.town.keepers.values():
            with self.town.house.database.merchant(self.town.merchant_id) as tx:
                key = tx.connection.exec_driver_sql(
                    "SELECT key FROM shops WHERE address = %(a)s", {"a": keeper.address}
                ).scalar_one()
            keeper.does("hints", url=f"{self.town.url}/webhooks/magento/{key}" if on else "")

    def settles(self) -> list[str]:
        """Wait until all is done, and return in what the books and the oracle differ."""
        self.town.comes_to_rest(240)
        house, keepers = self.town.house, self.town.keepers
        return differences(house, self.town.merchant_id, keepers, house.now(), self.crowd.gone)


@pytest.mark.timeout(600)
def test_however_a_magento_shop_is_heard_of_the_books_end_as_the_oracle_says(town: Town) -> None:
    print(f"\nCOMEBACK_STORM_SEED={SEED}")
    begun = time.monotonic()
    town.opens(TERMS, counts_days=120)
    storms = Storms(town)
    storms.carries("magento-2", "both")

    def passes(name: str, found: list[str]) -> None:
        print(f"{name}: {time.monotonic() - begun:.1f} s")
        assert not found, f"{name}, seed {SEED}: " + shown(found)

    passes("before the storms", storms.settles())
    storms.tells(False)
    storms.blows(MAGENTO | {"delete": 0})
    sky.looks(town, "window")
    passes("polling alone", storms.settles())

    sky.stops_the_polls(town)
    silent_since = town.house.now()
    storms.tells(True)
    storms.carries("magento", "tags")
    storms.blows(TOLD, hold=True, double=0.3)
    passes("messages alone", storms.settles())

    storms.blows(TOLD, hold=True, double=0.3, drop=0.5)
    assert storms.settles(), "half of the messages were lost, and the judge noticed nothing"
    assert sky.polled(town, silent_since) == 0
    sky.starts_the_polls(town)
    sky.looks(town, "window")
    sky.looks(town, "ids")
    passes("half the messages lost", storms.settles())

    storms.tells(False)
    storms.blows(SILENT)
    sky.looks(town, "ids")
    passes("deletions and what moves nothing", storms.settles())

    first = reconcile(town)
    passes("read again in full", storms.settles())
    left = sum(len(one.orders) for one in storms.crowd.gone)
    assert sum(first.values()) <= left, f"seed {SEED}: {first}, and {left} orders lost their customer"
    second = reconcile(town)
    assert set(second.values()) == {0}, f"seed {SEED}: the second reconciliation found {second}"
    print(f"{dict(storms.crowd.done)}, {len(storms.crowd.gone)} customers gone")
    print(f"{time.monotonic() - begun:.1f} s in all")
