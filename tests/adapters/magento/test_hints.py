"""A hint is believed when it knows the shop's secret, and says at most where to look."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.magento.platform import platform
from connector.port import BadSignature, CustomerTouched, Delivery, Knock, OrderTouched, SyncWanted

SECRET = "hook-secret-of-16"
BODY = b'{"order_id": 42}'
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DIGEST = hmac.new(SECRET.encode(), BODY, hashlib.sha256)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-comeback-secret": SECRET},
        {"x-magento-signature": DIGEST.hexdigest()},
        {"x-magento-signature": f"sha256={DIGEST.hexdigest()}"},
        {"x-magento-signature": base64.b64encode(DIGEST.digest()).decode()},
    ],
)
def test_a_hint_with_the_secret_or_signed_with_it_is_genuine(vault: Any, headers: dict[str, str]) -> None:
    delivery = platform.receive({}, Knock(headers, BODY, {}, NOW), vault)
    assert platform.read(delivery) == (OrderTouched("42"),)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, BODY),
        ({"x-comeback-secret": ""}, BODY),
        ({"x-comeback-secret": "hook-secret-of-17"}, BODY),
        ({"x-comeback-secret": "geheimé"}, BODY),
        ({"x-magento-signature": DIGEST.hexdigest()}, BODY + b" "),
        ({"x-magento-signature": hashlib.sha256(BODY).hexdigest()}, BODY),
        ({"x-magento-signature": hmac.new(b"", BODY, hashlib.sha256).hexdigest()}, BODY),
    ],
)
def test_anything_else_is_turned_away(vault: Any, headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(BadSignature):
        platform.receive({}, Knock(headers, body, {}, NOW), vault)


def test_a_hint_for_no_shop_is_turned_away() -> None:
    with pytest.raises(BadSignature):
        platform.receive({}, Knock({"x-comeback-secret": SECRET}, BODY, {}, NOW), None)


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        (b'{"order_id": 42}', OrderTouched("42")),
        (b'{"order_id": "42", "customer_id": 7}', OrderTouched("42")),
        (b'{"entity_id": 42, "increment_id": "000000042", "customer_id": 7}', OrderTouched("42")),
        (b'{"order": {"entity_id": 42}}', OrderTouched("42")),
        (b'{"data": {"order": {"id": "42"}}}', OrderTouched("42")),
        (b'{"customer_id": 7}', CustomerTouched("7")),
        (b'{"customer": {"id": 7, "email": "a@example.com"}}', CustomerTouched("7")),
        (b'{"entity_id": 42}', SyncWanted()),
        (b'{"order_id": "42 OR 1=1"}', SyncWanted()),
        (b'{"order_id": 0}', SyncWanted()),
        (b'{"order_id": null}', SyncWanted()),
        (b"order 42 was placed", SyncWanted()),
        (b"", SyncWanted()),
        (b"\xff\xfe", SyncWanted()),
    ],
)
def test_a_hint_names_an_order_or_a_customer_or_asks_to_look_around(body: bytes, meaning: Any) -> None:
    assert platform.read(Delivery("1", "hint", body)) == (meaning,)


@given(st.binary(max_size=200))
def test_no_body_is_too_odd(body: bytes) -> None:
    assert len(platform.read(Delivery("1", "hint", body))) == 1


def test_the_senders_number_is_kept_and_a_hint_without_one_is_a_delivery_of_its_own(vault: Any) -> None:
    headers = {"x-comeback-secret": SECRET, "x-magento-event": "sales.order.saved"}
    first, second = (platform.receive({}, Knock(headers, BODY, {}, NOW), vault) for _ in range(2))
    assert first.id != second.id
    assert first.topic == "sales.order.saved"
    numbered = platform.receive({}, Knock({**headers, "x-comeback-delivery": "17"}, BODY, {}, NOW), vault)
    assert numbered.id == "17"


def test_the_plug_is_always_on_offer_and_makes_no_call_when_a_line_is_opened(
    vault: Any,
) -> None:
    from connector.port import ShopLine

    assert platform.settings({}) == ()
    line = platform.open({}, ShopLine("https://shop.test/", "key"), vault)
    assert line.subscribe("https://comeback.test/webhooks/magento/key") == ()
    line.farewell()
