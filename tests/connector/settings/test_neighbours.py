"""Questions about what is another merchant's lead to nothing; test_routes.py asks every route for every foreign thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.port import ShopFacts
from connector.store import merchants, shops


@pytest.fixture
def stranger(town: Any, sign_in: Callable[..., Any]) -> Any:
    """Another merchant with a shop of their own."""
    house = town.house
    with house.database.everyone() as connection:
        merchant_id = merchants.add(
            connection, house.ring, "Other", "EUR", "Europe/Amsterdam", "en", town.now
        )
    with house.database.merchant(merchant_id) as tx:
        facts = ShopFacts("other.example", "Other Shop", "EUR", "Europe/Amsterdam", "en")
        shops.add(tx, "paper", "tags", facts, town.now)
    return sign_in(merchant_id, "en")


@pytest.mark.parametrize(
    "question", ["members?q=7003", "members?found=1.2.3", "activity?shop={shop}", "coupons?shop={shop}"]
)
def test_questions_lead_to_nothing_foreign(town: Any, fair: Any, stranger: Any, question: str) -> None:
    fair.furnish(town, 40)
    address = "/settings/" + question.format(shop=town.shop.id)
    text = stranger.get(address, status=404 if "shop=" in question else 200)
    assert "@example.nl" not in text
