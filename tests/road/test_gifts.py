"""Gift cards and store credit on the whole road: from a member's points to the shop, and what is lost in between."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from connector import backup, rounds
from connector.flow import redeeming
from connector.loyalty.terms import CurrencyTerms, Redeemable, Reward, Terms

TERMS = Terms(
    currency="GBP",
    currencies=(CurrencyTerms("GBP"),),
    hold_days=3,
    redeemables=(
        Redeemable("gift_card", "Gift card of 5.00", 100, Reward("gift_card", 5_00)),
        Redeemable("store_credit", "Credit of 3.00", 100, Reward("store_credit", 3_00)),
    ),
)
MUG = {"title": "Mug", "sku": "MUG", "quantity": 1, "price": "500.00"}
LOST = {"status": 502, "after_effect": True}


@pytest.fixture
def counter(street: Any) -> Any:
    return Counter(street)


class Counter:
    """A gift shop with one customer, who has 500 points, and whoever exchanges them."""

    def __init__(self, street: Any) -> None:
        self.street = street
        street.opens(TERMS, "shopify")
        self.shop = street.keepers["shopify"]
        at = (street.house.now() - timedelta(days=30)).isoformat()
        self.customer = self.shop.does("customers", email="anna@example.com", verified=True, at=at)["id"]
        self.shop.does("orders", customer_id=self.customer, at=at, lines=[MUG], paid=True)
        self.shop.does("quiet")
        street.works()

    def exchanges(self, reward: str, act: str) -> None:
        with self.street.house.database.merchant(self.street.merchant_id) as tx:
            member_id = tx.connection.exec_driver_sql("SELECT id FROM members").scalar_one()
            shop_id, now = self.street.shop_ids["shopify"], self.street.house.now()
            redeeming.redeem(tx, member_id, shop_id, self.customer, reward, act, "staff", now)
        self.street.works()

    def allows(self) -> None:
        """The merchant opens the page that a gift without its right names, and says yes in the shop."""
        requests.get(f"{self.street.url}/shopify/allow?shop={self.shop.address}", timeout=60)
        self.shop.does("quiet")

    def forgets_since(self, file: Any) -> None:
        """The house is lost and restored, and reads the shop again, as the sweep has it done."""
        house, shop_id = self.street.house, self.street.shop_ids["shopify"]
        # What the shop says of its bulk files would come in between: nothing is accounted for while a message waits.
        self.shop.does("faults", hold=True)
        house.database.close()
        backup.restore(house, file, replace=True)
        for kind in ("window", "full", "full"):
            assert rounds.reconcile(house, self.street.merchant_id, shop_id, kind) is not None
            self.street.works()

    def passes(self, **some: float) -> None:
        now, more = self.street.house.now, timedelta(**some)
        self.street.house = msgspec.structs.replace(self.street.house, now=lambda: now() + more)
        self.street.works()

    def asks(self, question: str) -> list[Any]:
        with self.street.house.database.merchant(self.street.merchant_id) as tx:
            return list(tx.connection.exec_driver_sql(question).scalars().all())

    def given(self) -> list[tuple[str, str]]:
        found = self.shop.does("gifts", "GET")["gifts"]
        assert {it["customer_id"] for it in found} <= {self.customer}
        return [(it["kind"], it["value"]) for it in found]


def test_without_the_right_the_points_are_back_and_after_it_was_granted_gifts_are_given(counter: Any) -> None:
    for kind in ("gift_card", "store_credit"):
        counter.exchanges(kind, f"too early {kind}")
    assert counter.given() == []
    assert counter.asks("SELECT balance FROM members") == [500]
    assert counter.asks("SELECT state FROM shops") == ["connected"]
    [why] = set(counter.asks("SELECT result FROM outbox WHERE kind = 'coupon'"))
    assert f"Allow it at /shopify/allow?shop={counter.shop.address}, then try again." in why
    counter.allows()
    for kind in ("gift_card", "store_credit"):
        counter.exchanges(kind, f"now {kind}")
    assert counter.given() == [("gift_card", "5.00"), ("store_credit", "3.00")]
    assert counter.asks("SELECT balance FROM members") == [300]
    assert sorted(counter.asks("SELECT state FROM coupons")) == ["live", "live", "refused", "refused"]


def test_gifts_whose_answers_are_lost_are_given_once_and_their_points_are_spent_once(counter: Any) -> None:
    counter.allows()
    counter.shop.does("faults", requests=[{"match": name, "times": 2, **LOST} for name in ("Give", "Make")])
    for act in ("one", "two"):
        counter.exchanges("gift_card", f"card {act}")
        counter.exchanges("store_credit", f"credit {act}")
        counter.passes(seconds=61)
    assert counter.asks("SELECT balance FROM members") == [100]
    for _ in range(8):
        counter.passes(minutes=11)
    assert sorted(counter.given()) == [("gift_card", "5.00")] * 2 + [("store_credit", "3.00")] * 2
    assert counter.asks("SELECT state FROM coupons") == ["live"] * 4
    assert counter.asks("SELECT balance FROM members") == [100]
    codes = {code.lower() for code in counter.asks("SELECT code FROM coupons WHERE kind = 'gift_card'")}
    there = counter.shop.does("gifts", "GET")["gifts"]
    assert {it["code"] for it in there if it["kind"] == "gift_card"} == codes


@pytest.mark.parametrize("allowed", [True, False])
def test_after_a_restore_the_points_for_gifts_given_since_are_spent_again(
    counter: Any, tmp_path: Path, allowed: bool
) -> None:
    counter.allows()
    counter.exchanges("store_credit", "before")
    file = tmp_path / "house.backup"
    backup.make(counter.street.house, file)
    counter.exchanges("gift_card", "since")
    counter.exchanges("store_credit", "since too")
    given = counter.given()
    assert counter.asks("SELECT balance FROM members") == [200]
    if not allowed:
        counter.shop.does("rights", withhold=["read_gift_cards", "write_gift_cards"])
        counter.shop.does("quiet")
    counter.forgets_since(file)
    # Without the right nobody can look for cards any more: the shop stays connected, and that exchange is forgotten.
    assert counter.asks("SELECT balance FROM members") == [200 if allowed else 300]
    assert counter.asks("SELECT state FROM shops") == ["connected"]
    assert counter.given() == given
    shop_id = counter.street.shop_ids["shopify"]
    again = rounds.reconcile(counter.street.house, counter.street.merchant_id, shop_id, "full")
    assert again is not None
    assert again.differences == 0
    assert counter.asks("SELECT restored_from FROM shops") == [None]
