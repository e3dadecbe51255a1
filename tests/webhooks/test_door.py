"""The door: a 200 is a promise kept on disk, and what is not proved genuine is a 401 that leaves nothing behind."""

from __future__ import annotations

import base64
import http.client
import socket
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest
import requests
from sqlalchemy import func, select, update

from connector.house import House
from connector.port import ShopFacts
from connector.store import bodies, merchants, shops, tables
from connector.store.shops import Shop

BODY = b'{"id": 12, "shop": "paper.example", "total": "12.50"}'


def count(house: House, table: Any) -> int:
    with house.database.everyone() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def strays(house: House) -> dict[str, int]:
    with house.database.everyone() as connection:
        return {row.topic: row.count for row in connection.execute(select(tables.strays))}


def jobs(house: House) -> int:
    with house.database.everyone() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM procrastinate_jobs").scalar_one())


def test_a_good_message_is_on_disk_with_its_job_before_the_200(
    house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    answer = requests.post(f"{at.url}/webhooks/paper", BODY, headers=paper.headers(BODY), timeout=60)
    assert (answer.status_code, answer.content) == (200, b"")
    with house.database.merchant(shop.merchant_id) as tx:
        row = tx.one(select(tables.inbox))
        assert (row.delivery_id, row.topic, row.way, row.state) == (
            "d-1",
            "orders/paid",
            "webhook",
            "waiting",
        )
        assert bodies.of(tx, row) == BODY
    assert jobs(house) == 1


def test_fifty_repeats_at_once_are_fifty_200s_and_one_row(
    house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    def knock(_: int) -> int:
        return requests.post(
            f"{at.url}/webhooks/paper", BODY, headers=paper.headers(BODY), timeout=60
        ).status_code

    with ThreadPoolExecutor(8) as crowd:
        assert list(crowd.map(knock, range(50))) == [200] * 50
    assert (count(house, tables.inbox), jobs(house)) == (1, 1)


def test_the_same_id_from_two_shops_is_two_messages(
    house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        facts = ShopFacts("pulp.example", "Pulp", "EUR", "Europe/Amsterdam")
        shops.add(tx, "paper", "tags", facts, house.now())
    for address in ("paper.example", "pulp.example"):
        sent = requests.post(
            f"{at.url}/webhooks/paper", BODY, headers=paper.headers(BODY, shop=address), timeout=60
        )
        assert sent.status_code == 200
    assert count(house, tables.inbox) == 2


@pytest.mark.parametrize("path", ["paper", "paper/KEY", "paper/nobody", "pulp", "pulp/KEY"])
def test_a_bad_signature_is_401_everywhere_and_leaves_nothing(
    path: str, house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    good = paper.signature(BODY, "tokens" if "KEY" in path else paper.SECRET)
    bad: dict[str, list[bytes]] = {
        "missing": [],
        "empty": [b""],
        "blank": [b" "],
        "wrong": [paper.signature(b"another").encode()],
        "truncated": [good[:-5].encode()],
        "other encoding": [b"-_" + good[2:].encode()],
        "hex": [base64.b64decode(good).hex().encode()],
        "non-ascii": ["é".encode("latin-1") + good.encode()],
        "two": [good.encode(), good.encode()],
    }
    where = path.replace("KEY", shop.key)
    assert {how: _raw_post(at, where, BODY, words) for how, words in bad.items()} == dict.fromkeys(bad, 401)
    assert _raw_post(at, where, BODY.replace(b": ", b":"), [good.encode()]) == 401
    assert (count(house, tables.inbox), strays(house), jobs(house)) == (0, {}, 0)


def test_every_flipped_bit_of_a_body_is_401(house: House, shop: Shop, at: Any, paper: ModuleType) -> None:
    body = BODY[:24]
    headers = paper.headers(body)
    with requests.Session() as line:
        for bit in range(len(body) * 8):
            flipped = bytearray(body)
            flipped[bit // 8] ^= 1 << bit % 8
            answer = line.post(f"{at.url}/webhooks/paper", bytes(flipped), headers=headers, timeout=60)
            assert answer.status_code == 401
    assert count(house, tables.inbox) == 0


def test_a_shop_named_by_its_key_signs_with_its_own_secret(
    house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    headers = paper.headers(BODY, signature=paper.signature(BODY, "tokens"))
    del headers["X-Paper-Shop"]
    url = f"{at.url}/webhooks/paper/{shop.key}"
    assert requests.post(url, BODY, headers=headers, timeout=60).status_code == 200
    assert count(house, tables.inbox) == 1


@pytest.mark.parametrize("key", ["%00", "a%00b", "%ff%fe", "x" * 5000])
def test_a_key_that_no_shop_can_have_is_401(
    key: str, house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    headers = paper.headers(BODY, signature=paper.signature(BODY, "tokens"))
    answer = requests.post(f"{at.url}/webhooks/paper/{key}", BODY, headers=headers, timeout=60)
    assert answer.status_code == 401
    assert (count(house, tables.inbox), strays(house)) == (0, {})


def test_a_message_through_one_shops_url_about_another_is_a_stray(
    house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    headers = paper.headers(BODY, signature=paper.signature(BODY, "tokens"), shop="pulp.example")
    assert (
        requests.post(f"{at.url}/webhooks/paper/{shop.key}", BODY, headers=headers, timeout=60).status_code
        == 200
    )
    assert (count(house, tables.inbox), strays(house)) == (0, {"orders/paid": 1})


def test_an_unknown_shop_with_a_good_signature_is_200_and_counted(
    house: House, at: Any, paper: ModuleType
) -> None:
    for _ in range(3):
        answer = requests.post(f"{at.url}/webhooks/paper", BODY, headers=paper.headers(BODY), timeout=60)
        assert answer.status_code == 200
    assert (count(house, tables.inbox), strays(house)) == (0, {"orders/paid": 3})


@pytest.mark.parametrize(
    ("topic", "kept"), [("person/forgotten", 1), ("shop/removed", 1), ("orders/paid", 0)]
)
def test_a_removed_shop_is_heard_only_about_whom_to_forget(
    topic: str, kept: int, house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        shops.remove(tx, shop.id, house.now())
    headers = paper.headers(BODY, topic=topic)
    assert requests.post(f"{at.url}/webhooks/paper", BODY, headers=headers, timeout=60).status_code == 200
    assert (count(house, tables.inbox), sum(strays(house).values())) == (kept, 1 - kept)


def test_a_shop_that_was_heard_before_and_then_removed_is_heard_no_more(
    house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    """The door remembers where an address was found; what it remembers must not outlive the truth."""
    assert knock(at, paper, "d-1") == 200
    with house.database.merchant(shop.merchant_id) as tx:
        shops.remove(tx, shop.id, house.now())
    assert knock(at, paper, "d-2") == 200
    assert (count(house, tables.inbox), strays(house)) == (1, {"orders/paid": 1})


def test_an_address_that_has_moved_to_another_shop_is_found_there(
    house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    assert knock(at, paper, "d-1") == 200
    with house.database.everyone() as connection:
        new = merchants.add(connection, house.ring, "New", "EUR", "Europe/Amsterdam", "nl", house.now())
    with house.database.merchant(shop.merchant_id) as tx:
        tx.run(update(tables.shops).values(address="gone.example"))
    with house.database.merchant(new) as tx:
        facts = ShopFacts("paper.example", "New", "EUR", "Europe/Amsterdam")
        theirs = shops.add(tx, "paper", "tags", facts, house.now())
    assert knock(at, paper, "d-2") == 200
    assert knock(at, paper, "d-3") == 200
    with house.database.everyone() as connection:
        rows = connection.execute(select(tables.inbox.c.delivery_id, tables.inbox.c.shop_id)).all()
    assert dict(map(tuple, rows)) == {"d-1": shop.id, "d-2": theirs.id, "d-3": theirs.id}


def knock(at: Any, paper: ModuleType, id: str) -> int:
    headers = paper.headers(BODY, id=id)
    return requests.post(f"{at.url}/webhooks/paper", BODY, headers=headers, timeout=60).status_code


def test_a_removed_shops_own_secret_opens_nothing(
    house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        shops.remove(tx, shop.id, house.now())
    headers = paper.headers(BODY, signature=paper.signature(BODY, "tokens"))
    url = f"{at.url}/webhooks/paper/{shop.key}"
    assert requests.post(url, BODY, headers=headers, timeout=60).status_code == 401


def test_a_signed_message_without_an_id_or_with_an_endless_one_is_400(
    house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    for identity in ("", "x" * 201):
        headers = paper.headers(BODY, id=identity)
        assert requests.post(f"{at.url}/webhooks/paper", BODY, headers=headers, timeout=60).status_code == 400
    assert count(house, tables.inbox) == 0


def test_two_mebibytes_pass_and_one_byte_more_is_413(
    house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    whole = b"x" * (2 * 1024 * 1024)
    url = f"{at.url}/webhooks/paper"
    assert requests.post(url, whole, headers=paper.headers(whole), timeout=60).status_code == 200
    line = http.client.HTTPConnection(at.host, at.port, timeout=60)
    line.putrequest("POST", "/webhooks/paper")
    line.putheader("Content-Length", str(len(whole) + 1))
    line.endheaders()
    assert line.getresponse().status == 413  # before the body is even sent
    line.close()


def test_a_body_without_a_stated_length_is_411_even_with_a_good_signature(
    house: House, shop: Shop, at: Any, paper: ModuleType
) -> None:
    answer = requests.post(f"{at.url}/webhooks/paper", iter([BODY]), headers=paper.headers(BODY), timeout=60)
    assert answer.status_code == 411
    line = http.client.HTTPConnection(at.host, at.port, timeout=60)
    line.putrequest("POST", "/webhooks/paper")
    line.endheaders()
    assert line.getresponse().status == 411
    line.close()
    assert count(house, tables.inbox) == 0


def test_a_body_that_breaks_off_is_not_kept(house: House, shop: Shop, at: Any, paper: ModuleType) -> None:
    words = "".join(f"{name}: {word}\r\n" for name, word in paper.headers(BODY[:20]).items())
    with socket.create_connection((at.host, at.port)) as line:
        line.sendall(
            f"POST /webhooks/paper HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n{words}\r\n".encode()
        )
        line.sendall(BODY[:20])
        line.shutdown(socket.SHUT_WR)
        assert b" 200 " not in line.recv(4096).partition(b"\r\n")[0]
    assert count(house, tables.inbox) == 0


def test_with_the_database_gone_the_answer_is_503_and_comes_good_again(
    house: House, shop: Shop, at: Any, paper: ModuleType, database: Any, postgres: Any
) -> None:
    import psycopg

    url = f"{at.url}/webhooks/paper"
    owner = postgres.url_of("postgres", "postgres").replace("+psycopg", "")
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database.name]
        )
        answer = requests.post(url, BODY, headers=paper.headers(BODY), timeout=60)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        connection.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true")
    assert requests.post(url, BODY, headers=paper.headers(BODY), timeout=60).status_code == 200
    assert count(house, tables.inbox) == 1


def test_nothing_but_post_is_answered_and_no_cookie_is_given(at: Any, paper: ModuleType) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert requests.request(method, f"{at.url}/webhooks/paper", timeout=60).status_code == 405
    assert "Set-Cookie" not in requests.post(f"{at.url}/webhooks/paper", b"{}", timeout=60).headers


def _raw_post(at: Any, path: str, body: bytes, signatures: list[bytes]) -> int:
    lines = [
        f"POST /webhooks/{path} HTTP/1.1".encode(),
        b"Host: x",
        b"Connection: close",
        f"Content-Length: {len(body)}".encode(),
        b"X-Paper-Id: d-1",
        b"X-Paper-Topic: orders/paid",
        b"X-Paper-Shop: paper.example",
        *(b"X-Paper-Signature: " + word for word in signatures),
    ]
    with socket.create_connection((at.host, at.port)) as line:
        line.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        return int(line.recv(4096).split(b" ")[1])
