"""Our own module's messages: what it and we agree on stands in one file that both sides read."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.magento import keys
from adapters.magento.platform import platform
from connector.port import (
    BadMessage,
    BadSignature,
    CustomerTouched,
    Delivery,
    Ignored,
    Knock,
    OrderTouched,
    ShopLine,
)

MODULE = Path(__file__).parents[4] / "adapters/magento/module"
VECTORS: dict[str, Any] = json.loads((MODULE / "Test/vectors.json").read_text())
NOW = datetime.fromtimestamp(VECTORS["now"], UTC)
SECRET = "a-secret-of-32-signs-for-vectors"
BODY = (
    b'{"v":1,"orders":[42],"customers":[7],"gone":{"orders":[],"customers":[]},"test":false}' + b" " * 200
)[:200]


class Vault:
    """The keys of one shop, in memory."""

    def __init__(self, secret: str = SECRET) -> None:
        self.tokens = keys.packed(keys.Keys("consumer", "its secret", "token", "its secret", secret))

    def read(self) -> bytes:
        return self.tokens

    @contextmanager
    def locked(self) -> Iterator[Vault]:
        yield self

    def save(self, tokens: bytes) -> bool:
        self.tokens = tokens
        return True


def knock(message: dict[str, Any], at: datetime = NOW) -> Knock:
    headers = {f"x-comeback-{word}": message[word] for word in ("timestamp", "nonce", "signature")}
    return Knock(
        headers, message["body"].encode() if isinstance(message["body"], str) else message["body"], {}, at
    )


def message(
    body: bytes = BODY, secret: str = SECRET, at: datetime = NOW, nonce: str = "0" * 32
) -> dict[str, Any]:
    timestamp = str(int(at.timestamp()))
    signature = hmac.new(secret.encode(), f"{timestamp}.{nonce}.".encode() + body, hashlib.sha256).hexdigest()
    return {"timestamp": timestamp, "nonce": nonce, "body": body, "signature": signature}


@pytest.mark.parametrize("said", VECTORS["good"], ids=lambda said: str(said["name"]))
def test_what_the_module_may_send_is_believed_and_means_its_numbers(said: dict[str, Any]) -> None:
    delivery = platform.receive({}, knock(said), Vault(said["secret"]))
    assert (delivery.id, delivery.topic, delivery.old_secret) == (said["nonce"], "module", False)
    means = said["means"]
    touched = [OrderTouched(str(number)) for number in means["orders"]]
    touched += [CustomerTouched(str(number)) for number in means["customers"]]
    found = platform.read(delivery)
    assert [type(one) for one in found] == [Ignored] if means["test"] else list(found) == touched


@pytest.mark.parametrize("said", VECTORS["refused"], ids=lambda said: str(said["name"]))
def test_what_is_not_the_modules_is_turned_away(said: dict[str, Any]) -> None:
    with pytest.raises(BadSignature):
        platform.receive({}, knock(said), Vault(said["secret"]))


def test_every_flipped_bit_of_body_signature_time_and_nonce_is_turned_away() -> None:
    whole = message()
    assert platform.receive({}, knock(whole), Vault()).id == "0" * 32
    turned_away = 0
    for part in ("body", "signature", "timestamp", "nonce"):
        words = whole[part] if isinstance(whole[part], bytes) else whole[part].encode()
        for bit in range(len(words) * 8):
            flipped = bytearray(words)
            flipped[bit // 8] ^= 1 << bit % 8
            other = bytes(flipped) if part == "body" else flipped.decode("latin-1")
            with pytest.raises(BadSignature):
                platform.receive({}, knock({**whole, part: other}), Vault())
            turned_away += 1
    assert turned_away == (200 + 64 + 10 + 32) * 8


@pytest.mark.parametrize("seconds", [-301, -300, 300, 301])
def test_a_message_is_good_for_five_minutes_either_way(seconds: int) -> None:
    said = knock(message(), NOW + timedelta(seconds=seconds))
    if abs(seconds) <= 300:
        assert platform.receive({}, said, Vault()).topic == "module"
    else:
        with pytest.raises(BadSignature):
            platform.receive({}, said, Vault())


@pytest.mark.parametrize("missing", ["timestamp", "nonce"])
def test_without_its_time_or_its_nonce_it_is_turned_away(missing: str) -> None:
    said = knock(message())
    headers = {name: word for name, word in said.headers.items() if name != f"x-comeback-{missing}"}
    with pytest.raises(BadSignature):
        platform.receive({}, Knock(headers, said.body, {}, NOW), Vault())


def test_the_secret_before_the_last_change_is_believed_for_a_day_and_not_a_second_longer() -> None:
    kept = Vault()
    fresh = platform.open({}, ShopLine("https://shop.test/", "key"), kept).new_secret(NOW)
    assert len(fresh) >= 32
    assert fresh != SECRET
    day = NOW + timedelta(days=1)
    for at, secret, old in (
        (NOW, fresh, False),
        (NOW, SECRET, True),
        (day - timedelta(seconds=1), SECRET, True),
    ):
        found = platform.receive({}, knock(message(secret=secret, at=at), at), kept)
        assert found.old_secret == old
    with pytest.raises(BadSignature):
        platform.receive({}, knock(message(at=day), day), kept)


def test_a_button_pressed_twice_does_not_lock_the_module_out() -> None:
    kept = Vault()
    line = platform.open({}, ShopLine("https://shop.test/", "key"), kept)
    for _ in range(2):
        line.new_secret(NOW)
    at = NOW + timedelta(hours=23)
    assert platform.receive({}, knock(message(at=at), at), kept).old_secret


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 50_000,
        b'{"orders":[1]}',
        b'{"v":2,"orders":[1]}',
        b'{"v":1,"orders":["1"]}',
        b'{"v":1,"orders":[0]}',
        b'{"v":1,"orders":[-1]}',
        b'{"v":1,"orders":[1.5]}',
        b'{"v":1,"orders":[1000000000000000000]}',
        json.dumps({"v": 1, "orders": list(range(1, 102))}).encode(),
        json.dumps(
            {"v": 1, "orders": list(range(1, 61)), "gone": {"customers": list(range(1, 42))}}
        ).encode(),
    ],
)
def test_a_signed_message_that_is_not_the_modules_is_put_aside_and_never_a_crash(body: bytes) -> None:
    with pytest.raises(BadMessage):
        platform.read(Delivery("1", "module", body))


def test_a_hundred_numbers_pass_each_named_once_and_words_to_come_are_skipped() -> None:
    body = json.dumps({"v": 1, "orders": list(range(1, 101)), "gone": {"orders": [1, 2]}, "new": {}}).encode()
    found = platform.read(Delivery("1", "module", body))
    assert found == tuple(OrderTouched(str(number)) for number in range(1, 101))
