"""No merchant sees or moves what is another's: every route is asked for every foreign thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, url_for
from sqlalchemy import select

from connector.port import ShopFacts
from connector.store import merchants, privacy, shops
from connector.store.tables import acts, customers, entries, inbox, members, outbox, programs


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


def snapshot(town: Any) -> list[Any]:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tables = (members, acts, entries, inbox, outbox, programs)
        return [tx.all(select(table).order_by(*table.primary_key)) for table in tables]


def test_every_route_of_the_pages_keeps_to_its_merchant(
    town: Any, fair: Any, app: Flask, stranger: Any
) -> None:
    fair.furnish(town, 40)
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        privacy.write_down(tx, "Paper Shop", "data_asked", "7003", town.now, 3, b'{"canary": 1}')
        emails = [row.id for row in tx.all(select(customers.c.id))]
        foreign = {
            "member_id": [town.star[0]],
            "row_id": [row.id for row in (*tx.all(select(inbox.c.id)), *tx.all(select(outbox.c.id)))][:120],
            "request_id": [1, 2, 3],
            "number": [1],
        }
    assert len(emails) == 40
    before = snapshot(town)
    asked = 0
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("settings."):
            continue
        values: list[dict[str, Any]] = [{}]
        for name in rule.arguments:
            values = [{**one, name: value} for one in values for value in foreign[name]]
        for one in values:
            with app.test_request_context():
                address = url_for(rule.endpoint, **one)
            asked += 1
            if "GET" in (rule.methods or ()):
                answer = stranger.client.get(address)
                assert answer.status_code == (404 if one else 200), address
            else:
                form = {
                    "shop": str(town.shop.id),
                    "reward": "five-off",
                    "place": f"{town.shop.id}:{town.star[1]}",
                }
                form |= {"points": "5", "reason": "mine now", "act_key": "a-key-of-a-stranger", "q": "7003"}
                answer = stranger.post(address, "/settings/programme", **form)
            for canary in ("De Theehoek", "theehoek", "canary", "@example.nl"):
                assert canary not in answer.text, address
    assert asked > 20
    assert snapshot(town) == before


@pytest.mark.parametrize(
    "question", ["members?q=7003", "members?found=1.2.3", "activity?shop={shop}", "coupons?shop={shop}"]
)
def test_questions_lead_to_nothing_foreign(town: Any, fair: Any, stranger: Any, question: str) -> None:
    fair.furnish(town, 40)
    address = "/settings/" + question.format(shop=town.shop.id)
    text = stranger.get(address, status=404 if "shop=" in question else 200)
    assert "@example.nl" not in text
