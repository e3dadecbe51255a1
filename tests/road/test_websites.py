"""A Magento shop with two websites: a past in dollars and a past in euros, imported, counted and never added up."""

from collections import Counter
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from judge import differences, shown

from adapters.magento.sandbox import history
from adapters.magento.sandbox.places import BY_COUNT
from connector.loyalty.terms import CurrencyTerms, Terms

TERMS = Terms(
    currency="USD", currencies=(CurrencyTerms("USD"), CurrencyTerms("EUR", rate=1_250_000)), hold_days=3
)


@pytest.fixture
def two(street: Any) -> Any:
    """A music shop with two websites and some three hundred orders, a fifth of its customers at home in euros."""
    rows = [row for row in history.slice_rows() if row.customer < 1500]
    street.music.places = BY_COUNT[2]
    history.fill(street.music, rows, (street.house.now() - timedelta(days=1)).date())
    return street


def test_two_websites_books_are_imported_side_by_side(two: Any) -> None:
    two.opens(TERMS, "magento")
    sold = Counter[str]()
    orders = Counter[str]()
    for row in two.music.orders:
        sold[row.books] += row.total
        orders[row.books] += 1
    assert orders["USD"] > orders["EUR"] > 20
    with two.house.database.merchant(two.merchant_id) as tx:
        kept = tx.connection.exec_driver_sql(
            "SELECT currency, sum(total), count(*) FROM orders GROUP BY 1"
        ).all()
    assert {currency: (total, count) for currency, total, count in kept} == {
        books: (sold[books], orders[books]) for books in orders
    }
    found = differences(two.house, two.merchant_id, two.keepers, two.house.now())
    assert not found, shown(found)
    assert _points(two, "USD") > _points(two, "EUR") > 0


def test_books_that_the_programme_does_not_name_earn_nothing(two: Any) -> None:
    two.opens(msgspec.structs.replace(TERMS, currencies=(CurrencyTerms("USD"),)), "magento")
    found = differences(two.house, two.merchant_id, two.keepers, two.house.now())
    assert not found, shown(found)
    assert (_points(two, "USD") > 0, _points(two, "EUR")) == (True, 0)


def _points(street: Any, currency: str) -> int:
    """What everybody has who is at home in these books."""
    asked = (
        "SELECT sum(balance) FROM members WHERE id IN (SELECT member_id FROM customers WHERE currency = %s)"
    )
    with street.house.database.merchant(street.merchant_id) as tx:
        return int(tx.connection.exec_driver_sql(asked, (currency,)).scalar_one())
