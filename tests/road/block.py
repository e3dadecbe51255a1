"""Both shops and Comeback in one process, for a drill: customers buy, time passes when the test says so, all is counted."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import drill
import msgspec
from judge import differences, shown

from connector.loyalty.terms import CurrencyTerms, Redeemable, Reward, Terms, Tier
from connector.store import shops

TERMS = Terms(
    currency="GBP",
    currencies=(CurrencyTerms("GBP"), CurrencyTerms("USD", rate=800_000)),
    hold_days=3,
    tiers=(Tier("Silver", 40_00, "drill-silver"),),
    redeemables=(Redeemable("five-off", "5.00 off", 40, Reward("amount", 5_00)),),
)
MANY = 10_000  # calls, more than any test makes


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

    def buys(self, name: str, count: int, ago: timedelta = timedelta(days=30), told: bool = True) -> None:
        """New customers each buy for 50.00, so long ago; the shops' messages are brought to the door, or lost."""
        shop, at = self.street.keepers[name], (self.street.house.now() - ago).isoformat()
        lines = [{"title": "Soap", "quantity": 1, "price": "50.00"}]
        for _ in range(count):
            self._number += 1
            email = f"block-{self._number}@example.com"
            customer = shop.does("customers", email=email, verified=True, at=at)["id"]
            made = shop.does("orders", customer_id=customer, at=at, lines=lines, paid=True)["id"]
            self._orders.append(f"order:{self.street.shop_ids[name]}:{made}")
            if not told:
                self.street.letters()
                continue
            if name == "magento":
                self._keeps(self.street.hints(f"block-{self._number}", order_id=int(made)))
            for letter in self.street.letters():
                self._keeps(self.street.brings(letter))

    def _keeps(self, status: int) -> None:
        self.sent, self.kept = self.sent + 1, self.kept + (status == 200)

    def passes(self, seconds: float) -> None:
        self.offset += timedelta(seconds=seconds)

    def passes_everywhere(self, seconds: float) -> None:
        """Let time pass for the worker, the web and both shops."""
        self.passes(seconds)
        more = timedelta(seconds=seconds)
        self.street.web_is_ahead += more
        for shop in (self.street.gifts, self.street.music):
            shop.clock = lambda was=shop.clock: was() + more

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
