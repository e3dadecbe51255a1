"""One order's messages, in every order of arrival and each more than once: the end is always the same, and it is right.

Real signatures, the real door over HTTP, the real inbox in PostgreSQL, the real adapters against shops on loopback.
"""

import random
from datetime import timedelta
from itertools import count, permutations
from typing import Any

import pytest
from judge import differences, shown

from connector.loyalty.terms import CurrencyTerms, NthOrder, Reward, Terms, Tier

TERMS = Terms(
    currency="GBP",
    currencies=(CurrencyTerms("GBP"), CurrencyTerms("USD", rate=800_000)),
    hold_days=3,
    tiers=(Tier("Silver", 50_00, "street-silver"), Tier("Gold", 80_00, "street-gold")),
    nth_orders=(NthOrder("second", "Free shipping on the second order", 1, Reward("free_shipping")),),
    returning_tag="street-returning",
)
FOUR = ("orders/paid", "orders/edited", "refunds/create", "orders/cancelled")


@pytest.fixture
def open_street(street: Any) -> Any:
    street.opens(TERMS, "shopify")
    street.keepers["shopify"].does("faults", hold=True)
    return street


@pytest.fixture
def slow_street(open_street: Any) -> Any:
    """A street where every change bears a second of its own; else a whole story bears one and the same."""
    seconds = count()
    start = open_street.house.now() - timedelta(hours=1)
    open_street.gifts.clock = lambda: start + timedelta(seconds=next(seconds) // 4)
    return open_street


class Order:
    """An order in the gift shop, and the letters about what happened to it."""

    def __init__(self, street: Any, number: int) -> None:
        self._street, self._shop = street, street.keepers["shopify"]
        self._at = street.house.now() - timedelta(days=30)
        self.customer = self._shop.does(
            "customers", email=f"buyer-{number}@example.com", verified=True, at=self._now()
        )["id"]
        lines = [{"title": "Soap", "quantity": 3, "price": "30.00"}]
        self.id = self._shop.does(
            "orders", customer_id=self.customer, at=self._now(), lines=lines, paid=False
        )["id"]

    def _now(self) -> str:
        self._at += timedelta(minutes=10)
        return str(self._at.isoformat())

    def happens(self, what: str, **words: Any) -> None:
        self._shop.does(f"orders/{self.id}/{what}", at=self._now(), **words)


def a_whole_life(street: Any, number: int) -> list[Any]:
    """An order of 90.00 is paid, edited to 60.00, refunded by 30.00 and cancelled; return one letter of each."""
    order = Order(street, number)
    order.happens("pay")
    order.happens("edit", lines=[{"line": 0, "quantity": 2}])
    order.happens("refund", lines=[{"line": 0, "quantity": 1}])
    order.happens("cancel")
    letters = {letter.topic: letter for letter in street.letters()}
    return [letters[topic] for topic in FOUR]


def ninety_and_a_refund(street: Any, number: int) -> list[Any]:
    """An order of 90.00 is paid and 30.00 of it refunded; return what was said on being paid, refunded, updated."""
    order = Order(street, number)
    order.happens("pay")
    paid = {letter.topic: letter for letter in street.letters()}
    order.happens("refund", lines=[{"line": 0, "quantity": 1}])
    refunded = {letter.topic: letter for letter in street.letters()}
    return [paid["orders/paid"], refunded["refunds/create"], refunded["orders/updated"]]


def deliver(street: Any, letters: list[Any], clumps: random.Random) -> None:
    """Bring letters to the door, draining the inbox after some of them."""
    for letter in letters:
        assert street.brings(letter) == 200
        if clumps.random() < 0.5:
            street.applies("shopify")
    street.applies("shopify")


def arrangements_of_pairs(count: int) -> list[tuple[int, ...]]:
    """Every distinct way in which `count` messages, each twice, can arrive: 6!/2!2!2! = 90 for three."""
    return sorted(set(permutations([one for one in range(count) for _ in range(2)])))


def judged(street: Any) -> None:
    street.works()
    found = differences(street.house, street.merchant_id, street.keepers, street.house.now())
    assert not found, shown(found)


def sums(street: Any) -> list[int]:
    """The balances in the books, without those of members who never had an entry."""
    with street.house.database.merchant(street.merchant_id) as tx:
        rows = tx.connection.exec_driver_sql(
            "SELECT m.balance, count(*) FROM members m JOIN entries e ON e.member_id = m.id GROUP BY m.id, m.balance"
        )
        return [row[0] for row in rows]


def test_paid_edited_refunded_cancelled_in_all_24_orders_each_twice_end_at_nothing(slow_street: Any) -> None:
    clumps = random.Random(24)
    for number, way in enumerate(permutations(range(4))):
        letters = a_whole_life(slow_street, number)
        twice = [letters[place] for place in way] * 2
        deliver(slow_street, twice, clumps)
    judged(slow_street)
    assert set(sums(slow_street)) <= {0}


def test_paid_edited_refunded_cancelled_doubled_and_shuffled_within_one_second_40_ways(
    open_street: Any,
) -> None:
    clumps = random.Random(40)
    for number in range(40):
        letters = a_whole_life(open_street, number) * 2
        clumps.shuffle(letters)
        deliver(open_street, letters, clumps)
    judged(open_street)
    assert set(sums(open_street)) <= {0}


def test_90_00_less_30_00_is_60_points_in_all_90_orders_of_arrival(slow_street: Any) -> None:
    clumps = random.Random(90)
    ways = arrangements_of_pairs(3)
    assert len(ways) == 90
    for number, way in enumerate(ways):
        letters = ninety_and_a_refund(slow_street, number)
        deliver(slow_street, [letters[place] for place in way], clumps)
    judged(slow_street)
    assert sums(slow_street) == [60] * 90


def test_what_arrives_late_about_a_younger_order_does_not_disturb_the_elder(slow_street: Any) -> None:
    """Two orders of one customer, their messages interleaved: tier, tag and code follow the end, not the way."""
    clumps = random.Random(7)
    for number in range(12):
        first = ninety_and_a_refund(slow_street, number)
        second = a_whole_life(slow_street, 100 + number)
        both = [*first, *second, *first, *second]
        clumps.shuffle(both)
        deliver(slow_street, both, clumps)
    judged(slow_street)


def test_hints_of_the_music_shop_in_every_order_end_the_same(street: Any) -> None:
    street.opens(TERMS, "magento")
    shop = street.keepers["magento"]
    shop.does("faults", hold=True)
    for way_number, way in enumerate(permutations(("looked at", "refunded", "fulfilled"))):
        at = street.house.now() - timedelta(days=30)
        customer = shop.does(
            "customers", email=f"listener-{way_number}@example.com", verified=True, at=at.isoformat()
        )["id"]
        lines = [{"title": "CD", "quantity": 3, "price": "30.00"}]
        order = shop.does("orders", customer_id=customer, at=at.isoformat(), lines=lines, paid=True)["id"]
        for place, happening in enumerate(way):
            if happening == "refunded":
                shop.does(f"orders/{order}/refund", at=at.isoformat(), lines=[{"line": 0, "quantity": 1}])
            if happening == "fulfilled":
                shop.does(f"orders/{order}/fulfil", at=at.isoformat())
            for _ in range(2):
                assert street.hints(f"hint-{way_number}-{place}", order_id=int(order)) == 200
            street.applies("magento")
    judged(street)
    assert sums(street) == [60] * 6


def test_one_order_that_never_arrived_is_noticed_by_the_judge(open_street: Any) -> None:
    """The comparison can fail: an order of 60 points that nobody heard of makes its member, and nobody else, differ."""
    deliver(open_street, ninety_and_a_refund(open_street, 1), random.Random(1))
    ninety_and_a_refund(open_street, 2)
    open_street.works()
    house, now = open_street.house, open_street.house.now()
    found = differences(house, open_street.merchant_id, open_street.keepers, now)
    assert len(found) == 1, shown(found)
    assert "are members {None}, not one" in found[0]


def test_one_point_too_many_is_noticed_by_the_judge(open_street: Any) -> None:
    deliver(open_street, ninety_and_a_refund(open_street, 1), random.Random(1))
    open_street.works()
    house = open_street.house
    with house.database.merchant(open_street.merchant_id) as tx:
        tx.connection.exec_driver_sql("UPDATE members SET balance = balance + 1 WHERE balance = 60")
    found = differences(house, open_street.merchant_id, open_street.keepers, house.now())
    assert len(found) == 1, shown(found)
    assert "balance here 61, should be 60" in found[0]
