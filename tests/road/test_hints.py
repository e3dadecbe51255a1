"""Messages of a Magento shop's modules, from the shop to the books: five kinds of sender at the real door.

Nothing is polled here: what is known afterwards, a message told.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import requests
import structlog
from sqlalchemy import select, text

from adapters.magento import adobe_keys
from adapters.magento import keys as magento
from connector import logs, rounds
from connector.loyalty.terms import CurrencyTerms, Terms
from connector.store import shops, tables

TERMS = Terms(currency="USD", currencies=(CurrencyTerms("USD"),), hold_days=0)
LINES = [{"title": "Candle", "quantity": 2, "price": "10.00", "sku": "C-1"}]
KINDS = ("module", "async_events", "io_events", "commerce", "plain")


@pytest.fixture
def music(street: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The music shop, connected, and Adobe's keys where the sandbox has them."""
    street.opens(TERMS, "magento")
    monkeypatch.setattr(adobe_keys, "HOST", f"{street.keepers['magento'].url}/_sandbox")
    return street.keepers["magento"]


def shop_of(street: Any) -> Any:
    with street.house.database.merchant(street.merchant_id) as tx:
        return shops.get(tx, street.shop_ids["magento"])


def sends(street: Any, music: Any, kind: str) -> str:
    """Have the shop's module send, and enter here what the merchant would; return the address."""
    shop = shop_of(street)
    address = f"{street.url}/webhooks/magento/{shop.key}"
    with street.house.vault(shop).locked() as vault:
        kept = magento.unpacked(vault.read())
        said = music.does("hints", url=address, secret=kept.hook_secret, **{"as": kind})
        known = magento.Adobe(client_id=said.get("client_id", ""), webhook_key=said.get("public_key", ""))
        vault.save(magento.packed(msgspec.structs.replace(kept, adobe=known)))
    return address


def results(street: Any) -> list[str]:
    street.applies("magento")
    with street.house.database.merchant(street.merchant_id) as tx:
        chosen = (
            select(tables.inbox.c.result).where(tables.inbox.c.way == "webhook").order_by(tables.inbox.c.id)
        )
        return list(tx.run(chosen).scalars())


def learns(street: Any, ended: threading.Event) -> None:
    """Fetch keys as a worker would; there is none here."""
    while not ended.wait(0.05):
        with street.house.database.everyone() as connection:
            found = connection.execute(
                text("DELETE FROM procrastinate_jobs WHERE task_name = 'learn' RETURNING args")
            ).scalars()
            jobs = list(found)
        for job in jobs:
            rounds.learn(street.house, **job)


@pytest.fixture
def learning(street: Any) -> Iterator[None]:
    ended = threading.Event()
    worker = threading.Thread(target=learns, args=(street, ended))
    worker.start()
    yield
    ended.set()
    worker.join()


def test_by_each_sender_an_order_a_refund_and_a_deletion_are_in_the_books_by_a_message_alone(
    street: Any, music: Any, learning: None
) -> None:
    for kind in KINDS:
        hears_of_an_order(street, music, kind)


def hears_of_an_order(street: Any, music: Any, kind: str) -> None:
    sends(street, music, kind)
    ann = music.does("customers", email=f"{kind}@example.com", verified=True)["id"]
    order = music.does("orders", customer_id=ann, lines=LINES, paid=True)["id"]
    music.does("quiet")
    results(street)
    assert totals(street, order) == (20_00, 0)
    music.does(f"orders/{order}/refund", amount="5.00")
    music.does("quiet")
    results(street)
    assert totals(street, order) == (20_00, 5_00)
    music.does(f"orders/{order}", "DELETE")
    tally = music.does("quiet")
    told = results(street)
    if kind == "async_events":  # which reads the thing when it sends, and so says nothing of what is gone
        assert totals(street, order) == (20_00, 5_00)
    else:
        assert told[-1] == "The order was deleted in the shop; its points are taken back."
    assert tally["failed"] == 0
    # A shop that waits for us gives up after some seconds; ours is answered long before.
    print(f"\n{kind}: the longest that a shopper waited until now: {tally['slowest_ms']} ms")
    assert tally["slowest_ms"] < 2_000


def totals(street: Any, order: str) -> tuple[int, int]:
    with street.house.database.merchant(street.merchant_id) as tx:
        row = tx.one(
            select(tables.orders.c.total, tables.orders.c.refunded).where(tables.orders.c.id == order)
        )
    return row.total, row.refunded


def test_five_hundred_hints_that_name_nothing_are_one_look(street: Any, music: Any) -> None:
    address = sends(street, music, "plain")
    secret = magento.unpacked(street.house.vault(shop_of(street)).read()).hook_secret
    with requests.Session() as line:
        for number in range(500):
            body = json.dumps({"sku": f"tea-{number}"}).encode()
            assert line.post(address, body, headers={"X-Comeback-Secret": secret}, timeout=60).ok
    assert len(results(street)) == 500
    with street.house.database.everyone() as connection:
        jobs = connection.execute(
            text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'reconcile'")
        ).scalar_one()
    assert jobs == 1


def test_a_message_played_again_is_a_repeat_and_a_test_message_says_that_it_came(
    street: Any, music: Any
) -> None:
    address = sends(street, music, "module")
    headers = signed(street, b'{"v":1,"test":true}')
    for _ in range(3):
        assert requests.post(address, b'{"v":1,"test":true}', headers=headers, timeout=60).ok
    assert results(street) == ["A test message came through: the shop's messages reach Comeback."]


def signed(street: Any, body: bytes) -> dict[str, str]:
    kept = magento.unpacked(street.house.vault(shop_of(street)).read())
    timestamp, nonce = str(int(time.time())), hashlib.md5(body).hexdigest()
    message = f"{timestamp}.{nonce}.".encode() + body
    return {
        "X-Comeback-Timestamp": timestamp,
        "X-Comeback-Nonce": nonce,
        "X-Comeback-Signature": _hex(kept.hook_secret, message),
    }


def _hex(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def test_a_secret_in_an_address_or_a_header_stands_in_no_log(street: Any, music: Any) -> None:
    address = sends(street, music, "plain")
    secret = magento.unpacked(street.house.vault(shop_of(street)).read()).hook_secret
    wrong = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    written = io.StringIO()
    before = structlog.get_config()
    logs.set_up(written)
    try:
        for word in (secret, wrong):
            basic = base64.b64encode(f"shop:{word}".encode()).decode()
            for question, headers in (
                (f"?secret={word}", {}),
                ("", {"Authorization": f"Basic {basic}"}),
                ("", {"X-Comeback-Secret": word}),
            ):
                good = word == secret
                answer = requests.post(address + question, b'{"order_id": 1}', headers=headers, timeout=60)
                assert (answer.status_code, answer.content) == (
                    (200, b'{"op":"success"}') if good else (401, b"")
                )
        results(street)
    finally:
        structlog.configure(**before)
    told = written.getvalue()
    assert told.count('"webhook"') == 3, "there is a log to search"
    for word in (secret, wrong, base64.b64encode(f"shop:{secret}".encode()).decode()):
        assert word not in told
