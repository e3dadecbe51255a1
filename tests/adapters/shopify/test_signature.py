"""Nothing is believed that the client secret did not sign; a bad header is a refusal, never a crash."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.shopify import signature
from adapters.shopify.platform import platform
from adapters.shopify.settings import App
from connector.port import BadMessage, BadSignature, Knock

SECRET = "hush-hush-hush-hush-hush-hush-01"
PREVIOUS = "the-secret-before-this-one-00000"
APP = App(client_id="client-1", secrets=(SECRET, PREVIOUS))
BODY = b'{"id": 1, "note": "' + b"x" * 170 + b'"}'


def signed(secret: str = SECRET, body: bytes = BODY) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def headers(hmac_header: str | None) -> dict[str, str]:
    found = {
        "x-shopify-topic": "orders/create",
        "x-shopify-shop-domain": "Demo-Gifts.myshopify.com",
        "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "x-shopify-triggered-at": "2026-11-21T11:59:58.123456Z",
        "x-shopify-api-version": "2026-10",
    }
    return found if hmac_header is None else found | {"x-shopify-hmac-sha256": hmac_header}


def test_a_good_message_is_believed_and_its_headers_read() -> None:
    delivery = signature.receive(APP, headers(signed()), BODY)
    assert delivery.id == "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"
    assert (delivery.topic, delivery.shop_address) == ("orders/create", "demo-gifts.myshopify.com")
    assert delivery.triggered_at == datetime(2026, 11, 21, 11, 59, 58, 123456, tzinfo=UTC)
    assert delivery.body == BODY


def test_the_secret_before_a_rotation_is_still_believed_and_said(caplog: pytest.LogCaptureFixture) -> None:
    signature.receive(APP, headers(signed(PREVIOUS)), BODY)
    assert "previous client secret" in caplog.text


GOOD = signed()
DIGEST = base64.b64decode(GOOD)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param(signed("another secret"), id="wrong secret"),
        pytest.param(GOOD[:-4], id="truncated"),
        pytest.param(GOOD.rstrip("="), id="without padding"),
        pytest.param(base64.b32encode(DIGEST).decode(), id="base32"),
        pytest.param(base64.urlsafe_b64encode(b"\xff" * 32).decode(), id="url-safe alphabet"),
        pytest.param(DIGEST.hex(), id="hex instead of base64"),
        pytest.param("é" + GOOD[1:], id="other than ASCII"),
        pytest.param("\ud800", id="lone surrogate"),
        pytest.param(f"{GOOD}, {GOOD}", id="two headers"),
        pytest.param(GOOD + "\n", id="newline behind"),
        pytest.param("!" + GOOD, id="stray sign before"),
        pytest.param(base64.b64encode(hashlib.sha256(BODY).digest()).decode(), id="hash without a key"),
        pytest.param(signed("", BODY), id="empty secret"),
    ],
)
def test_a_bad_signature_is_refused(header: str | None) -> None:
    with pytest.raises(BadSignature):
        signature.receive(APP, headers(header), BODY)


def test_flipping_any_single_bit_of_the_body_is_noticed() -> None:
    assert len(BODY) >= 190
    for place in range(len(BODY) * 8):
        other = bytearray(BODY)
        other[place // 8] ^= 1 << place % 8
        with pytest.raises(BadSignature):
            signature.receive(APP, headers(GOOD), bytes(other))


def test_the_same_json_with_other_spaces_is_another_body() -> None:
    with pytest.raises(BadSignature):
        signature.receive(APP, headers(GOOD), BODY.replace(b'": ', b'":'))


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_no_header_whatever_crashes_the_door(header: str) -> None:
    with pytest.raises(BadSignature):
        signature.receive(APP, headers(header), BODY)


def test_a_time_in_nanoseconds_is_read_too() -> None:
    stamp = {"x-shopify-triggered-at": "2026-11-21T11:59:58.123456789Z"}
    assert signature.receive(APP, headers(GOOD) | stamp, BODY).triggered_at is not None


def test_without_a_secret_nothing_is_believed() -> None:
    with pytest.raises(BadSignature):
        platform.receive({}, Knock(headers(signed("")), BODY, {}, datetime.now(UTC)), None)


def test_a_time_that_is_none_and_a_missing_id_do_no_harm() -> None:
    odd = headers(GOOD) | {"x-shopify-triggered-at": "soon", "x-shopify-webhook-id": ""}
    delivery = signature.receive(APP, odd, BODY)
    assert delivery.triggered_at is None
    # Without an id of its own a repeat is known by its content.
    assert delivery.id == signature.receive(APP, odd, BODY).id
    assert len(delivery.id) == 64


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("x-shopify-shop-domain", ""),
        ("x-shopify-shop-domain", "evil.example"),
        ("x-shopify-shop-domain", "demo-gifts.myshopify.com, demo-gifts.myshopify.com"),
        ("x-shopify-topic", ""),
        ("x-shopify-topic", "orders/create,orders/create"),
        ("x-shopify-topic", "orders/cr\u00e9ate"),
        ("x-shopify-webhook-id", "one,one"),
        ("x-shopify-webhook-id", "\u00e9"),
    ],
)
def test_a_genuine_body_under_headers_that_name_nothing_is_refused(name: str, word: str) -> None:
    with pytest.raises(BadMessage):
        signature.receive(APP, headers(GOOD) | {name: word}, BODY)


def test_another_api_version_than_ours_is_said(caplog: pytest.LogCaptureFixture) -> None:
    signature.receive(APP, headers(GOOD) | {"x-shopify-api-version": "2027-01"}, BODY)
    assert "2027-01" in caplog.text


def test_a_delivery_says_what_is_odd_about_it() -> None:
    usual = signature.receive(APP, headers(GOOD), BODY)
    assert (usual.other_version, usual.old_secret) == ("", False)
    odd = signature.receive(APP, headers(signed(PREVIOUS)) | {"x-shopify-api-version": "2026-07"}, BODY)
    assert (odd.other_version, odd.old_secret) == ("2026-07", True)


def test_what_sign_writes_is_what_receive_believes() -> None:
    assert signature.sign(SECRET, BODY) == GOOD
