"""A dry run over a real year of a real shop: CDNOW in 1997, 56,902 orders worth 2,024,161.26 dollars."""

import gzip
from datetime import UTC, datetime

import msgspec
import pytest

from connector.loyalty.decide import decide
from connector.loyalty.facts import Booked, History, Shop, ShopCustomer, ShopOrder
from connector.loyalty.terms import CurrencyTerms, NthOrder, Reward, Terms, Version
from connector.money import parse
from connector.records import LineItem, Order

SHOP = Shop(1, "USD", "America/New_York", "tags")
LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)
NOW = datetime(1998, 1, 1, 12, tzinfo=UTC)
FREE = Reward("free_shipping", valid_days=3650)
TERMS = Terms(
    currency="USD",
    currencies=(CurrencyTerms("USD"),),
    hold_days=0,
    expiry_months=0,
    nth_orders=(NthOrder("second", "Gift", 2, FREE), NthOrder("third", "Free shipping", 3, FREE)),
)


@pytest.fixture(scope="module")
def histories(shared):
    by_customer = {}
    with gzip.open(shared / "data" / "CDNOW_master.txt.gz", "rt") as lines:
        next(lines)
        for n, line in enumerate(lines):
            customer, day, _, dollars = line.split()
            if day.startswith("1997"):
                by_customer.setdefault(customer, []).append(order(n, customer, day, parse(dollars, "USD")))
    return [
        History((SHOP,), (ShopCustomer(1, customer, LONG_AGO),), tuple(orders))
        for customer, orders in by_customer.items()
    ]


def order(n, customer, day, cents):
    paid = datetime.strptime(day + "17", "%Y%m%d%H").replace(tzinfo=UTC)
    return ShopOrder(
        1,
        Order(
            id=f"{n:06}",
            number=f"#{n}",
            currency="USD",
            placed_at=paid,
            changed_at=paid,
            total=cents,
            lines=(LineItem("1", "CD", 1, 1, cents),) if cents else (),
            customer_id=customer,
            paid_at=paid,
        ),
    )


@pytest.mark.parametrize(("zero_counts", "second", "third"), [(True, 10_644, 6_258), (False, 10_641, 6_256)])
def test_a_year_of_orders_brings_the_published_numbers_of_coupons_and_points(
    histories, zero_counts, second, third
):
    orders = [one.order for history in histories for one in history.orders]
    assert (len(orders), sum(one.total for one in orders)) == (56_902, 2_024_161_26)
    versions = (
        Version(1, LONG_AGO, LONG_AGO, msgspec.structs.replace(TERMS, count_zero_orders=zero_counts)),
    )
    decisions = [decide(history, versions, Booked({}), NOW) for history in histories]
    keys = [coupon.reward_key for decision in decisions for coupon in decision.coupons]
    assert (keys.count("second"), keys.count("third")) == (second, third)
    balances = [decision.standing.balance for decision in decisions]
    assert sum(balances) == 1_985_751
    assert sum(entry.points for decision in decisions for entry in decision.entries) == 1_985_751
    units = sum(balance // 100 for balance in balances)
    assert (units, sum(balances) - units * 100) == (11_308, 854_951)
    assert third * 4_95 == {True: 30_977_10, False: 30_967_20}[zero_counts]


def test_rounding_the_whole_year_at_once_would_give_more_points_than_rounding_each_order(histories):
    cents = [one.order.total for history in histories for one in history.orders]
    assert sum(one // 100 for one in cents) == 1_985_751 < sum(cents) // 100
