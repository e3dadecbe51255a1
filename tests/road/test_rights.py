"""A right that a Magento merchant takes back: what needs it stops and says so, everything else goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connector import doctor, rounds
from connector.flow import leaving, redeeming
from connector.loyalty.terms import CurrencyTerms, Redeemable, Reward, Terms, Tier
from connector.rounds import upkeep
from connector.store import tables

TERMS = Terms(
    currency="USD",
    currencies=(CurrencyTerms("USD"),),
    hold_days=0,
    redeemables=(Redeemable("five-off", "5.00 off", 40, Reward("amount", 5_00)),),
)


class Till:
    """A Magento shop with one customer who saves points."""

    def __init__(self, street: Any, terms: Terms = TERMS) -> None:
        self.street, self.shop = street, street.keepers["magento"]
        street.opens(terms, "magento")
        self.ann = int(self.shop.does("customers", email="ann@example.com", verified=True)["id"])
        self.buys("50.00")
        self.looks()

    def buys(self, price: str, *, ships: bool = False) -> None:
        at = (self.street.house.now() - timedelta(minutes=5)).isoformat()
        lines = [{"title": "Soap", "quantity": 1, "price": price}]
        made = self.shop.does("orders", customer_id=self.ann, at=at, lines=lines, paid=True)
        if ships:
            self.shop.does(f"orders/{made['id']}/fulfil", at=at)

    def takes_back(self, right: str) -> None:
        self.street.music.rights = self.street.music.rights - {right}

    def gives_back(self, right: str) -> None:
        self.street.music.rights = self.street.music.rights | {right}

    def group(self) -> str:
        """The group that the shop has Ann in."""
        music = self.street.music
        return str(music.groups.rows[music.customers.rows[self.ann].group_id].code)

    def looks(self) -> None:
        """The shop is read anew, what it said applied, and what is to be sent goes out."""
        house, merchant_id = self.street.house, self.street.merchant_id
        rounds.reconcile(house, merchant_id, self.street.shop_ids["magento"], "full")
        self.street.works()

    def tries(self) -> None:
        house, shop_id = self.street.house, self.street.shop_ids["magento"]
        rounds.keep_alive(house, self.street.merchant_id, shop_id)
        self.street.works()

    def exchanges(self, act_key: str) -> None:
        house, shop_id = self.street.house, self.street.shop_ids["magento"]
        with house.database.merchant(self.street.merchant_id) as tx:
            [row] = tx.all(tables.customers.select())
            redeeming.redeem(tx, row.member_id, shop_id, row.id, "five-off", act_key, "staff", house.now())
        self.street.works()

    def asks(self, sql: str) -> list[Any]:
        with self.street.house.database.merchant(self.street.merchant_id) as tx:
            return list(tx.connection.exec_driver_sql(sql).scalars())

    def sick(self) -> dict[str, str]:
        return {one.check: one.says for one in doctor.look(self.street.house) if not one.well}


@pytest.fixture
def till(street: Any) -> Till:
    return Till(street)


def test_without_the_right_to_make_codes_points_come_back_and_the_shop_is_read_as_ever(till: Till) -> None:
    assert till.asks("SELECT balance FROM members") == [50]
    till.takes_back("Magento_SalesRule::quote")
    till.exchanges("in vain")
    assert till.asks("SELECT balance FROM members") == [50]
    [why] = till.asks("SELECT result FROM outbox WHERE state = 'parked'")
    assert "Marketing > Promotions > Cart Price Rules" in why
    till.buys("30.00")
    till.looks()
    assert till.asks("SELECT balance FROM members") == [80]
    assert till.asks("SELECT state FROM shops") == ["connected"]
    assert "Magento_SalesRule::quote" in till.sick()["shop.rights"]
    assert till.asks("SELECT state FROM runs WHERE kind = 'full' ORDER BY id DESC LIMIT 1") == ["done"]
    till.gives_back("Magento_SalesRule::quote")
    # Nobody's points are spent unasked, hours after they came back.
    till.tries()
    assert till.asks("SELECT balance FROM members") == [80]
    till.exchanges("with success")
    assert till.asks("SELECT balance FROM members") == [40]
    assert len(list(till.street.music.coupons)) == 1


def test_without_the_right_to_see_orders_the_shop_waits_and_the_doctor_says_for_which(till: Till) -> None:
    till.takes_back("Magento_Sales::actions_view")
    till.looks()
    assert till.asks("SELECT state FROM shops") == ["reconnect"]
    found = till.sick()
    assert "Sales > Operations > Orders > Actions > View" in found["shop.rights"]
    assert "shop.line" in found
    till.buys("30.00")
    till.tries()
    assert till.asks("SELECT state FROM shops") == ["reconnect"]
    # Given back there, and nobody tells: an hour later it is found out.
    till.street.music.rights = till.street.music.rights | {"Magento_Sales::actions_view"}
    till.tries()
    assert till.asks("SELECT state FROM shops") == ["connected"]
    assert till.asks("SELECT 1 FROM procrastinate_jobs WHERE starts_with(queueing_lock, 'reconcile:full')")
    till.looks()
    assert till.asks("SELECT balance FROM members") == [80]
    assert till.sick().keys() & {"shop.line", "shop.rights"} == set()


@pytest.mark.parametrize("right", ["Magento_Sales::sales_invoice", "Magento_Sales::shipment"])
def test_a_shop_that_lacks_a_right_which_its_reading_comes_to_late_is_not_taken_up_and_dropped_every_hour(
    till: Till, right: str
) -> None:
    till.takes_back(right)
    till.buys("30.00", ships=True)
    till.looks()
    till.shop.does("customers", email="bob@example.com", verified=True)
    readings = till.asks("SELECT count(*) FROM runs")
    for _ in range(2):
        till.tries()
        assert till.asks("SELECT state FROM shops") == ["reconnect"]
    assert (
        till.asks("SELECT 1 FROM procrastinate_jobs WHERE starts_with(queueing_lock, 'reconcile:full')") == []
    )
    assert till.asks("SELECT count(*) FROM runs") == readings
    till.street.music.rights = till.street.music.rights | {right}
    till.tries()
    assert till.asks("SELECT state FROM shops") == ["connected"]


def test_a_shop_whose_keys_stay_dead_is_tried_once_an_hour_and_no_oftener(till: Till) -> None:
    till.street.music.desk.active = False
    till.looks()
    assert till.asks("SELECT state FROM shops") == ["reconnect"]
    for _ in range(3):
        upkeep.sweep(till.street.house)
    waits = "SELECT scheduled_at FROM procrastinate_jobs WHERE starts_with(queueing_lock, 'keep_alive')"
    [at] = till.asks(waits)
    assert timedelta(minutes=59) < at - till.street.house.now() < timedelta(minutes=61)
    till.tries()
    assert till.asks("SELECT state FROM shops") == ["reconnect"]


SILVER = Terms(
    currency="USD",
    currencies=(CurrencyTerms("USD"),),
    hold_days=0,
    tiers=(Tier("silver", 10_00, "silver"), Tier("gold", 200_00, "gold")),
)
WRITES = "Magento_Customer::manage"


@pytest.fixture
def ladder(street: Any) -> Till:
    """Ann is in the group of the lower tier; what would move her up is put aside for want of the right to write."""
    till = Till(street, SILVER)
    till.takes_back(WRITES)
    till.buys("900.00")
    till.looks()
    assert till.asks("SELECT lacks FROM outbox WHERE state = 'parked' AND kind = 'marks'") == [
        "Magento_Customer::manage (Customers > All Customers)"
    ]
    assert till.group() == "silver"
    return till


def test_what_was_put_aside_for_want_of_a_right_goes_out_within_the_hour_after_it_is_given_back(
    ladder: Till,
) -> None:
    ladder.tries()
    assert ladder.group() == "silver"
    upkeep.sweep(ladder.street.house)
    waits = "SELECT scheduled_at FROM procrastinate_jobs WHERE starts_with(queueing_lock, 'keep_alive')"
    [at] = ladder.asks(waits)
    assert timedelta(minutes=59) < at - ladder.street.house.now() < timedelta(minutes=61)
    ladder.gives_back(WRITES)
    ladder.tries()
    assert ladder.group() == "gold"
    assert ladder.asks("SELECT count(*) FROM outbox WHERE state = 'parked'") == [0]


def test_a_full_reading_counts_what_is_put_aside_and_another_right_that_is_missing_holds_nothing_up(
    ladder: Till,
) -> None:
    differs = "SELECT differences FROM runs WHERE kind = 'full' ORDER BY id DESC LIMIT 1"
    ladder.looks()
    assert ladder.asks(differs) == [1]
    ladder.takes_back("Magento_SalesRule::quote")
    ladder.gives_back(WRITES)
    ladder.tries()
    assert ladder.group() == "gold"
    ladder.looks()
    assert ladder.asks(differs) == [0]


def test_a_shop_that_was_removed_by_hand_is_asked_no_more_and_goes_on_as_it_was_when_it_is_connected_again(
    till: Till,
) -> None:
    street = till.street
    till.street.music.desk.active = False
    till.looks()
    assert "shop.line" in till.sick()
    with street.house.database.merchant(street.merchant_id) as tx:
        assert leaving.remove(
            tx, street.shop_ids["magento"], street.house.settings.forgotten_log, street.house.now()
        )
    assert "shop.line" not in till.sick()
    upkeep.sweep(street.house)
    assert till.asks("SELECT 1 FROM procrastinate_jobs WHERE starts_with(queueing_lock, 'keep_alive')") == []
    till.street.music.desk.active = True
    till.buys("30.00")
    till.shop.does("install", public_url=street.url)
    till.looks()
    assert till.asks("SELECT state FROM shops") == ["connected"]
    assert till.asks("SELECT balance FROM members") == [80]
