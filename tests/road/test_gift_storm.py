"""Hundreds of exchanges for store credit by workers that go away at the worst moments: each is given once, none twice.

What the shop gave is the sandbox's own count, over real HTTP. COMEBACK_GIFTS says how many exchanges (500 for the whole
storm), COMEBACK_GIFT_KILLS how many workers are ended by kill -9.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from judge import differences, shown

from connector import rounds
from connector.flow import again, giving, outcomes, pushing, redeeming
from connector.loyalty.terms import CurrencyTerms, Redeemable, Reward, Terms

GIFTS = int(os.environ.get("COMEBACK_GIFTS", "30"))
KILLS = int(os.environ.get("COMEBACK_GIFT_KILLS", "2"))
EACH = 20  # exchanges of one customer
POINTS = 10  # for each
TERMS = Terms(
    currency="GBP",
    currencies=(CurrencyTerms("GBP"),),
    hold_days=3,
    redeemables=(Redeemable("credit", "A pound", POINTS, Reward("store_credit", 1_00)),),
)
MUG = {"title": "Mug", "sku": "MUG", "quantity": 1, "price": "500.00"}
LOST = {"match": "Give", "status": 502, "after_effect": True}
BROKEN = {"match": "Give", "status": 503}


class Gone(BaseException):
    """The worker went away; nothing catches it."""


class Till:
    """A gift shop with customers who have 500 points each, and exchange them ten by ten."""

    def __init__(self, street: Any, gifts: int) -> None:
        self.street, self.gifts, self.passed = street, gifts, timedelta(0)
        street.opens(TERMS, "shopify")
        self.shop, self.shop_id = street.keepers["shopify"], street.shop_ids["shopify"]
        rights = "write_store_credit_account_transactions", "read_store_credit_account_transactions"
        self.shop.does("rights", grant=[*rights, "read_store_credit_accounts"])
        # The storm is about what is lost, not about how many calls a second the shop lets through.
        street.gifts.bucket.maximum = street.gifts.bucket.per_second = 1_000_000
        at = (street.house.now() - timedelta(days=30)).isoformat()
        for number in range(-(-gifts // EACH)):
            email = f"anna{number}@example.com"
            customer = self.shop.does("customers", email=email, verified=True, at=at)["id"]
            self.shop.does("orders", customer_id=customer, at=at, lines=[MUG], paid=True)
        self.shop.does("quiet")
        street.works()

    def asks(self, question: str) -> list[Any]:
        with self.street.house.database.merchant(self.street.merchant_id) as tx:
            return [tuple(row) for row in tx.connection.exec_driver_sql(question).all()]

    def exchanges(self) -> None:
        people = self.asks("SELECT member_id, id FROM customers ORDER BY id")
        for number, (member_id, customer_id) in zip(range(self.gifts), itertools.cycle(people), strict=False):
            with self.street.house.database.merchant(self.street.merchant_id) as tx:
                redeeming.redeem(
                    tx, member_id, self.shop_id, customer_id, "credit", f"act-{number}", "staff", tx_now(self)
                )

    def passes(self, minutes: float) -> None:
        """Let so much time go by, and more where nothing is due before."""
        [(due,)] = self.asks("SELECT min(next_at) FROM outbox WHERE state = 'waiting'")
        self.passed += timedelta(minutes=minutes)
        if due is not None:
            self.passed += max(timedelta(0), due - tx_now(self))

    def comes_to_rest(self) -> None:
        """Hours go by, and staff have what was put aside tried again; what is still looked for has to wait."""
        for _ in range(12):
            self.passes(15)
            self.works()
            with self.street.house.database.merchant(self.street.merchant_id) as tx:
                again.all_again(tx, tx_now(self))

    def works(self) -> None:
        """Send what is due, as a worker at this moment of the story does."""
        house = msgspec.structs.replace(self.street.house, now=lambda: tx_now(self))
        rounds.push(house, self.street.merchant_id, self.shop_id)

    def waits(self) -> int:
        return int(self.asks("SELECT count(*) FROM outbox WHERE state = 'waiting'")[0][0])

    def ends_right(self) -> None:
        there = self.shop.does("gifts", "GET")["gifts"]
        marks = Counter((one["customer_id"], one["ends"]) for one in there)
        assert [mark for mark, times in marks.items() if times > 1] == [], "given twice"
        assert len(there) == self.gifts
        assert {(one["kind"], one["value"]) for one in there} == {("store_credit", "1.00")}
        sums = self.asks("SELECT sum(points), count(DISTINCT source) FROM entries WHERE rule = 'redemption'")
        assert sums == [(-POINTS * self.gifts, self.gifts)]
        assert self.asks("SELECT state, count(*) FROM coupons GROUP BY 1") == [("live", self.gifts)]
        theirs = dict(self.asks("SELECT customer_id, count(*) FROM coupons GROUP BY 1"))
        assert Counter(one["customer_id"] for one in there) == theirs
        keepers, merchant_id = {"shopify": self.shop}, self.street.merchant_id
        found = differences(self.street.house, merchant_id, keepers, tx_now(self))
        assert not found, shown(found)


def tx_now(till: Till) -> Any:
    return till.street.house.now() + till.passed


def risky(chance: random.Random, share: float, do: Any, lost: Counter[str], name: str) -> Any:
    """The same, but now and then the worker goes away before it."""

    def done(*args: Any, **more: Any) -> Any:
        if chance.random() < share:
            lost[name] += 1
            raise Gone
        return do(*args, **more)

    return done


@pytest.mark.timeout(300 + 2 * GIFTS)
def test_every_exchange_is_given_once_though_workers_go_away_and_answers_are_lost(
    street: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, lost = random.Random(GIFTS), Counter[str]()
    till = Till(street, GIFTS)
    till.exchanges()
    share = 0.07 if GIFTS < 100 else 0.03
    with monkeypatch.context() as patched:
        for room, name in ((giving, "begin"), (pushing, "send"), (outcomes, "keep")):
            patched.setattr(room, name, risky(chance, share, getattr(room, name), lost, name))
        for _ in range(4 * GIFTS):
            fault = chance.choice([None] * 6 + [LOST, LOST, BROKEN])
            if fault is not None:
                lost["answer" if fault is LOST else "call"] += 1
            till.shop.does("faults", requests=[] if fault is None else [fault])
            with suppress(Gone):
                till.works()
            if not till.waits():
                break
            till.passes(chance.choice([0.5, 3, 6]))
    till.shop.does("faults", requests=[])
    till.comes_to_rest()
    assert min(lost[name] for name in ("begin", "send", "keep", "answer")) >= GIFTS // 40, dict(lost)
    till.ends_right()


WORKER = """
import os, signal, sys
from datetime import timedelta
import msgspec
from connector import rounds
from connector.flow import outcomes, pushing
from connector.house import furnish

point, count, merchant_id, shop_id, minutes = sys.argv[1], *map(int, sys.argv[2:])
rooms = {"send": pushing, "keep": outcomes}
do = getattr(rooms[point], point)

def last(*args, **more):
    global count
    count -= 1
    if count == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return do(*args, **more)

setattr(rooms[point], point, last)
house = furnish(dict(os.environ))
now = house.now
house = msgspec.structs.replace(house, now=lambda: now() + timedelta(minutes=minutes))
rounds.push(house, merchant_id, shop_id)
"""


def test_a_gift_survives_the_death_of_its_worker_before_and_after_the_call(street: Any) -> None:
    till = Till(street, 2 * KILLS + 2)
    till.exchanges()
    for number in range(KILLS):
        point = ("keep", "send")[number % 2]
        asked = [point, "2", *map(str, (street.merchant_id, till.shop_id, 11 * number))]
        ended = subprocess.run(
            [sys.executable, "-c", WORKER, *asked], env=street.env, timeout=60, check=False
        )
        assert ended.returncode == -signal.SIGKILL
        assert till.asks("SELECT state FROM coupons WHERE unsure_at IS NOT NULL") == [("wanted",)]
    till.passed = timedelta(minutes=11 * KILLS)
    till.comes_to_rest()
    till.ends_right()
