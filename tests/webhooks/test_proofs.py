"""What passes at the door besides messages: a sender's question whether it is ours, and keys that must be fetched first."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import requests
from sqlalchemy import func, select, text

from connector.house import House
from connector.store import shops, tables
from connector.store.shops import Shop


def post(at: Any, path: str, paper: ModuleType, **changed: str) -> requests.Response:
    body = b'{"id": 12}'
    signed = {"signature": paper.signature(body, "tokens")} | changed
    return requests.post(
        f"{at.url}/webhooks/paper/{path}", body, headers=paper.headers(body, **signed), timeout=60
    )


def learning(house: House) -> list[Any]:
    with house.database.everyone() as connection:
        rows = connection.execute(text("SELECT args FROM procrastinate_jobs WHERE task_name = 'learn'"))
        return [row.args for row in rows]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("paper/KEY?say=hello", 200, "hello"),
        ("paper/KEY", 401, ""),
        ("paper/nobody?say=hello", 401, ""),
        ("paper/%00?say=hello", 401, ""),
        ("pulp/KEY?say=hello", 401, ""),
    ],
)
def test_a_sender_who_asks_is_answered_at_the_address_of_a_shop_and_nowhere_else(
    path: str, status: int, said: str, shop: Shop, at: Any
) -> None:
    answer = requests.get(f"{at.url}/webhooks/{path.replace('KEY', shop.key)}", timeout=60)
    assert (answer.status_code, answer.text) == (status, said)
    assert answer.headers["Content-Type"].startswith("text/plain") or not said


def test_a_removed_shops_address_answers_no_sender(house: House, shop: Shop, at: Any) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        shops.remove(tx, shop.id, house.now())
    assert requests.get(f"{at.url}/webhooks/paper/{shop.key}?say=hello", timeout=60).status_code == 401


def test_a_sender_that_waits_for_words_hears_them_with_its_200(
    shop: Shop, at: Any, paper: ModuleType
) -> None:
    polite = post(at, shop.key, paper, id="d-1", topic="politely")
    again = post(at, shop.key, paper, id="d-1", topic="politely")
    plain = post(at, shop.key, paper, id="d-2")
    assert [(one.status_code, one.content) for one in (polite, again, plain)] == [
        (200, b"thank you"),
        (200, b"thank you"),
        (200, b""),
    ]
    assert polite.headers["Content-Type"].startswith("text/plain")


def test_a_message_whose_key_must_be_fetched_comes_again_and_is_not_kept(
    house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    answer = post(at, f"{shop.key}?wants=key-7", paper)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert learning(house) == [{"merchant_id": shop.merchant_id, "shop_id": shop.id, "name": "key-7"}]
    with house.database.everyone() as connection:
        assert connection.execute(select(func.count()).select_from(tables.inbox)).scalar_one() == 0


def test_of_a_message_that_names_two_keys_both_are_fetched_once(
    house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    for _ in range(2):
        assert post(at, f"{shop.key}?wants=key-1,key-2", paper).status_code == 503
    assert [job["name"] for job in learning(house)] == ["key-1", "key-2"]


def test_of_one_shop_four_keys_a_minute_are_fetched_whoever_asks(
    house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    names = []
    for number in range(7):
        assert post(at, f"{shop.key}?wants=key-{number}", paper).status_code == 503
        names += [job["name"] for job in learning(house)]
        with house.database.everyone() as connection:  # as a worker takes them
            connection.execute(text("DELETE FROM procrastinate_jobs WHERE task_name = 'learn'"))
    assert names == ["key-0", "key-1", "key-2", "key-3"]


@pytest.mark.parametrize("path", ["?wants=key-7", "nobody?wants=key-7", "KEY?wants=" + "x" * 201])
def test_without_a_shop_no_key_is_fetched(
    path: str, house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    where = path.replace("KEY", shop.key) if not path.startswith("?") else path
    url = f"{at.url}/webhooks/paper{where if where.startswith('?') else '/' + where}"
    assert requests.post(url, b"{}", headers=paper.headers(b"{}"), timeout=60).status_code == 401
    assert learning(house) == []
