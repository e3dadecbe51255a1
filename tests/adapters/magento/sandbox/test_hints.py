"""The five kinds of sender: each is believed at our door, says what it is about, and tries again as it does."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from flask import Flask, request
from werkzeug.serving import make_server

from adapters.magento import adobe_keys, keys
from adapters.magento.platform import platform
from connector.port import Change, CustomerTouched, KeyWanted, Knock, OrderTouched, ShopLine

SECRET = "s" * 20
WAITS = ("commerce", "plain")


class Door:
    """What the shop talks to: the adapter's own judgement, without a house behind it."""

    def __init__(self, shop: Any) -> None:
        self.shop = shop
        self.vault = Kept()
        self.knocks: list[Knock] = []
        self.meant: list[tuple[str, tuple[Change, ...]]] = []
        self.refuse, self.slow = 0, 0.0
        app = Flask("door")
        app.add_url_rule("/webhooks/magento/key", "knock", self.knock, methods=["POST"])
        self.server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/magento/key"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def knock(self) -> Any:
        headers = {name.lower(): word for name, word in request.headers}
        knock = Knock(headers, request.get_data(), request.args, self.shop.clock())
        self.knocks.append(knock)
        time.sleep(self.slow)
        if self.refuse:
            self.refuse -= 1
            return "busy", 503
        try:
            delivery = platform.receive({}, knock, self.vault)  # type: ignore[arg-type]
        except KeyWanted as wanted:
            line = platform.open({"ALLOW_PRIVATE_HOSTS": self.key_host}, LINE, self.vault)  # type: ignore[arg-type]
            for name in wanted.names:
                line.learn(name, knock.at)
            return "come again", 503
        self.meant.append((delivery.id, platform.read(delivery)))
        return (platform.answer(delivery) or (b"", ""))[0]

    key_host = ""


LINE = ShopLine("https://shop.test/", "key")


class Kept:
    """The keys of the shop, in memory."""

    tokens = keys.packed(keys.Keys("consumer", "its secret", "token", "its secret", SECRET))

    def read(self) -> bytes:
        return self.tokens

    def locked(self) -> Kept:
        return self

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def save(self, tokens: bytes) -> None:
        self.tokens = tokens


@pytest.fixture
def door(store: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    made = Door(store.shop)
    made.key_host = store.host
    monkeypatch.setattr(adobe_keys, "HOST", f"http://{store.host}/_sandbox")
    yield made
    made.server.shutdown()
    made.server.server_close()


def told(store: Any, door: Door, kind: str) -> None:
    """Set the sender up in the shop, and at our side what the merchant would enter."""
    said = store.control("POST", "hints", {"url": door.url, "secret": SECRET, "as": kind})
    known = keys.Adobe(client_id=said.get("client_id", ""), webhook_key=said.get("public_key", ""))
    door.vault.save(keys.packed(msgspec.structs.replace(keys.unpacked(door.vault.read()), adobe=known)))


@pytest.mark.parametrize("kind", ["module", "async_events", "io_events", "commerce", "plain"])
def test_every_sender_is_believed_and_names_what_changed_and_what_is_gone(
    store: Any, door: Door, kind: str
) -> None:
    told(store, door, kind)
    ann = store.customer()
    order = store.order(customer_id=str(ann))
    store.control("POST", "quiet")
    store.control("DELETE", f"orders/{order}")
    tally = store.control("POST", "quiet")
    assert tally["failed"] == 0
    expected: list[Any] = [(CustomerTouched(str(ann)),), (OrderTouched(str(order)),)]
    if kind != "async_events":  # which reads the thing when it sends
        expected.append((OrderTouched(str(order)),))
    assert [meant for _, meant in door.meant] == expected
    assert len({id for id, _ in door.meant}) == len(expected)
    assert (tally["slowest_ms"] > 0) == (kind in WAITS)


def test_the_modules_message_is_signed_over_its_time_its_nonce_and_its_body(store: Any, door: Door) -> None:
    told(store, door, "module")
    order = store.order()
    store.control("POST", "quiet")
    (knock,) = door.knocks
    time_, nonce = knock.headers["x-comeback-timestamp"], knock.headers["x-comeback-nonce"]
    expected = hmac.new(
        SECRET.encode(), f"{time_}.{nonce}.".encode() + knock.body, hashlib.sha256
    ).hexdigest()
    assert knock.headers["x-comeback-signature"] == expected
    assert json.loads(knock.body) == {
        "v": 1,
        "orders": [order],
        "customers": [],
        "gone": {"orders": [], "customers": []},
        "test": False,
    }
    assert time_ == str(int(store.now.timestamp()))


@pytest.mark.parametrize(
    ("kind", "tries"), [("module", 3), ("async_events", 3), ("io_events", 4), ("commerce", 1), ("plain", 1)]
)
def test_a_sender_that_is_refused_tries_again_as_it_does(
    store: Any, door: Door, kind: str, tries: int
) -> None:
    told(store, door, kind)
    door.refuse = 2
    store.order()
    tally = store.control("POST", "quiet")
    good = tries > 1
    # Events of Adobe come once more, after their key was fetched.
    assert (len(door.knocks), tally["sent"], tally["failed"]) == (tries, int(good), int(not good))
    if kind == "module":
        assert len({knock.headers["x-comeback-nonce"] for knock in door.knocks}) == 1


def test_messages_can_be_held_doubled_and_released_backwards(store: Any, door: Door) -> None:
    told(store, door, "module")
    store.control("POST", "faults", {"hold": True, "double": 1})
    for _ in range(3):
        store.order()
    assert (door.knocks, store.control("GET", "log")["webhooks"]["waiting"]) == ([], 6)
    assert store.control("POST", "release", {"order": "reversed"})["sent"] == 6
    orders = [meant for _, meant in door.meant]
    assert orders == [(OrderTouched(str(number)),) for number in (3, 3, 2, 2, 1, 1)]
    ids = [id for id, _ in door.meant]
    assert ids[0] == ids[1] != ids[2]


def test_messages_are_dropped_on_order(store: Any, door: Door) -> None:
    told(store, door, "module")
    store.control("POST", "faults", {"drop": 1})
    store.order()
    assert store.control("POST", "quiet")["dropped"] == 1
    store.control("POST", "faults", {})
    store.order()
    assert (store.control("POST", "quiet")["sent"], len(door.knocks)) == (1, 1)


@pytest.mark.parametrize("kind", WAITS)
def test_a_slow_app_slows_the_checkout_of_a_shop_that_waits_for_it(store: Any, door: Door, kind: str) -> None:
    told(store, door, kind)
    door.slow = 0.2
    begun = time.monotonic()
    store.order()
    assert time.monotonic() - begun > 0.2
    assert store.control("GET", "log")["webhooks"]["slowest_ms"] >= 200


def test_adobe_has_two_keys_and_no_others(store: Any, door: Door) -> None:
    assert store.control("GET", "prod/keys/pub-key-Sand-box_9.pem", expect=404)
    assert store.control("POST", "hints", {"url": door.url, "as": "nobody"}, expect=400)
