"""A message at the address that a file names shows that the file holds; noted once, and never for a forged one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
import requests
from sqlalchemy import select

from connector.house import House
from connector.port import Delivery, ShopFacts
from connector.store import heard, inbox, shops, tables
from connector.store.shops import DECLARED_HOLDS, Shop
from webhooks.declared import Declared

BODY = b'{"id": 12, "shop": "paper.example", "total": "12.50"}'
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def looks(house: House) -> list[str]:
    """The jobs that look a shop's subscriptions over."""
    with house.database.everyone() as connection:
        found = connection.exec_driver_sql("SELECT task_name FROM procrastinate_jobs ORDER BY id")
        return [name for (name,) in found if name == "subscribe"]


def now_known(house: House, shop: Shop) -> Shop:
    with house.database.merchant(shop.merchant_id) as tx:
        return shops.get(tx, shop.id)


def test_a_message_at_the_declared_address_is_kept_and_what_it_shows_is_noted_once(
    house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    for number in range(3):
        sent = requests.post(
            f"{at.url}/webhooks/paper/declared/0123abc",
            BODY,
            headers=paper.headers(BODY, id=f"d-{number}"),
            timeout=60,
        )
        assert sent.status_code == 200
    with house.database.merchant(shop.merchant_id) as tx:
        assert len(tx.all(select(tables.inbox.c.delivery_id))) == 3
    assert now_known(house, shop).declared_word == "0123abc"
    assert now_known(house, shop).line(house.now()).declared == "0123abc"
    assert looks(house) == ["subscribe"]


@pytest.mark.parametrize("place", ["", "/declared/0123-ABC", "/declared/" + "a" * 41])
def test_a_message_elsewhere_shows_nothing_of_a_file(
    house: House, shop: Shop, at: Any, paper: ModuleType, place: str
) -> None:
    sent = requests.post(f"{at.url}/webhooks/paper{place}", BODY, headers=paper.headers(BODY), timeout=60)
    assert sent.status_code == 200
    assert (now_known(house, shop).declared_word, looks(house)) == (None, [])


def test_a_forged_message_shows_nothing(house: House, shop: Shop, at: Any, paper: ModuleType) -> None:
    forged = paper.headers(BODY, signature=paper.signature(BODY, "another secret"))
    sent = requests.post(f"{at.url}/webhooks/paper/declared/0123abc", BODY, headers=forged, timeout=60)
    assert sent.status_code == 401
    assert (now_known(house, shop).declared_word, looks(house)) == (None, [])


def test_the_newest_message_says_which_file_holds_and_two_days_of_silence_that_none_is_known(
    house: House, shop: Shop
) -> None:
    def news(word: str, at: datetime) -> bool:
        with house.database.merchant(shop.merchant_id) as tx:
            return heard.declared(tx, shop.id, word, at)

    def known(at: datetime) -> str:
        return now_known(house, shop).line(at).declared

    assert news("new", NOON)
    assert [news("new", NOON + HOUR), news("new", NOON + 2 * HOUR)] == [False, False]
    # Set out before the new file held, and tried again for hours.
    assert not news("old", NOON - HOUR)
    assert known(NOON + 3 * HOUR) == "new"
    assert news("old", NOON + 3 * HOUR)  # the old file was sent again
    assert known(NOON + 3 * HOUR) == "old"
    assert known(NOON + 3 * HOUR + DECLARED_HOLDS) == ""
    assert news("old", NOON + 3 * HOUR + DECLARED_HOLDS)  # after a silence it is news


def test_a_shop_that_comes_back_has_shown_nothing_yet(house: House, shop: Shop) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        heard.declared(tx, shop.id, "0123abc", house.now())
        facts = ShopFacts("paper.example", "Paper Shop", "EUR", "Europe/Amsterdam")
        shops.come_back(tx, shop.id, facts, house.now())
    assert now_known(house, shop).line(house.now()).declared == ""


def test_what_was_noted_before_a_shop_came_back_hides_its_first_messages_for_a_minute_at_most(
    house: House, shop: Shop
) -> None:
    noted = Declared(house)
    sender = inbox.Sender(shop.merchant_id, shop.id, "paper", shop.address)

    def hear(at: datetime) -> str | None:
        noted.hear(sender, Delivery("d-1", "orders/paid", BODY, triggered_at=at, declared="0123abc"), at)
        return now_known(house, shop).declared_word

    assert hear(house.now()) == "0123abc"
    with house.database.merchant(shop.merchant_id) as tx:
        facts = ShopFacts("paper.example", "Paper Shop", "EUR", "Europe/Amsterdam")
        shops.come_back(tx, shop.id, facts, house.now())
    assert now_known(house, shop).declared_word is None
    assert hear(house.now() + timedelta(seconds=61)) == "0123abc"
