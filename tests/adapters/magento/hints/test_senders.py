"""Hints of modules that others wrote: believed when they know the shop's secret, each a delivery of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.magento import keys
from adapters.magento.platform import platform
from connector.port import BadSignature, Knock, OrderTouched

SECRET = "hook-secret-of-16"
BODY = b'{"order_id": 42}'
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DIGEST = hmac.new(SECRET.encode(), BODY, hashlib.sha256)


def basic(password: str, user: str = "anybody") -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


GOOD: list[tuple[str, dict[str, str], dict[str, str]]] = [
    ("async event", {"x-magento-signature": DIGEST.hexdigest()}, {}),
    ("async event", {"x-magento-signature": f"sha256={DIGEST.hexdigest()}"}, {}),
    ("async event", {"x-magento-signature": base64.b64encode(DIGEST.digest()).decode()}, {}),
    ("hint", {"x-comeback-secret": SECRET}, {}),
    ("hint", basic(SECRET), {}),
    ("hint", basic(SECRET, user=""), {}),
    ("hint", {}, {"secret": SECRET}),
]


@pytest.mark.parametrize(("topic", "headers", "query"), GOOD)
def test_a_hint_with_the_secret_or_signed_with_it_is_genuine(
    vault: Any, topic: str, headers: dict[str, str], query: dict[str, str]
) -> None:
    delivery = platform.receive({}, Knock(headers, BODY, query, NOW), vault)
    assert delivery.topic == topic
    assert platform.read(delivery) == (OrderTouched("42"),)


@pytest.mark.parametrize(
    ("headers", "query", "body"),
    [
        ({}, {}, BODY),
        ({"x-comeback-secret": ""}, {}, BODY),
        ({"x-comeback-secret": "hook-secret-of-17"}, {}, BODY),
        ({"x-comeback-secret": "geheimé"}, {}, BODY),
        ({"x-comeback-secret": "\u20ac"}, {}, BODY),
        ({"x-comeback-secret": ""}, {"secret": SECRET}, BODY),
        ({"x-magento-signature": DIGEST.hexdigest()}, {}, BODY + b" "),
        ({"x-magento-signature": hashlib.sha256(BODY).hexdigest()}, {}, BODY),
        ({"x-magento-signature": hmac.new(b"", BODY, hashlib.sha256).hexdigest()}, {}, BODY),
        ({"x-magento-signature": "\xe9" + DIGEST.hexdigest()}, {}, BODY),
        ({"x-magento-signature": f"{DIGEST.hexdigest()},{DIGEST.hexdigest()}"}, {}, BODY),
        ({"x-magento-signature": ""}, {"secret": SECRET}, BODY),
        (basic("hook-secret-of-17"), {}, BODY),
        (basic(""), {}, BODY),
        ({"authorization": "Basic !"}, {}, BODY),
        ({"authorization": "Basic"}, {}, BODY),
        ({"authorization": f"Bearer {SECRET}"}, {}, BODY),
        ({"authorization": "Digest \xe9"}, {}, BODY),
        ({}, {"secret": ""}, BODY),
        ({}, {"secret": "hook-secret-of-17"}, BODY),
        ({}, {"secret": "\udcff"}, BODY),
        ({}, {"token": SECRET}, BODY),
    ],
)
def test_anything_else_is_turned_away(
    vault: Any, headers: dict[str, str], query: dict[str, str], body: bytes
) -> None:
    with pytest.raises(BadSignature):
        platform.receive({}, Knock(headers, body, query, NOW), vault)


@pytest.mark.parametrize(("topic", "headers", "query"), GOOD)
def test_a_shop_without_a_secret_and_no_shop_at_all_believe_nobody(
    vault: Any, topic: str, headers: dict[str, str], query: dict[str, str]
) -> None:
    for empty in ({}, {"x-comeback-secret": ""}, basic(""), headers):
        with pytest.raises(BadSignature):
            platform.receive({}, Knock(empty, BODY, query, NOW), None)
    vault.tokens = keys.packed(msgspec.structs.replace(keys.unpacked(vault.tokens), hook_secret=""))
    unsigned = hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    for empty in ({"x-comeback-secret": ""}, basic(""), {"x-magento-signature": unsigned}):
        with pytest.raises(BadSignature):
            platform.receive({}, Knock(empty, BODY, {"secret": ""}, NOW), vault)


@pytest.mark.parametrize(("topic", "headers", "query"), GOOD)
def test_no_number_that_a_sender_writes_makes_one_hint_the_repeat_of_another(
    vault: Any, topic: str, headers: dict[str, str], query: dict[str, str]
) -> None:
    constant = {"x-webhook-id": "3", "x-magento-delivery-id": "3", "x-comeback-delivery": "3"}
    knock = Knock(headers | constant, BODY, query, NOW)
    assert len({platform.receive({}, knock, vault).id for _ in range(20)}) == 20


def test_subscriptions_of_our_own_are_proved_by_their_token_and_for_a_day_by_the_one_before(
    vault: Any,
) -> None:
    day = timedelta(days=1)
    until = int((NOW + day).timestamp())
    own = keys.Events(token="token-of-now", old=(keys.Old("token-before", until),))
    vault.tokens = keys.packed(msgspec.structs.replace(keys.unpacked(vault.tokens), events=own))

    def receive(token: str, at: datetime = NOW) -> bool:
        headers = {"x-magento-signature": hmac.new(token.encode(), BODY, hashlib.sha256).hexdigest()}
        return platform.receive({}, Knock(headers, BODY, {}, at), vault).old_secret

    assert [receive(word) for word in ("token-of-now", SECRET, "token-before")] == [False, False, True]
    for word, at in (("token-before", NOW + day), ("another", NOW), ("", NOW)):
        with pytest.raises(BadSignature):
            receive(word, at)
    for headers in ({"x-comeback-secret": "token-of-now"}, basic("token-of-now")):
        with pytest.raises(BadSignature):
            platform.receive({}, Knock(headers, BODY, {}, NOW), vault)


def test_every_flipped_bit_of_a_signed_body_and_of_its_signature_is_turned_away(vault: Any) -> None:
    body = b'{"id": 7, "email": "anna@example.com", "firstname": "' + b"a" * 145 + b'"}'
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest().encode()
    assert len(body) == 200
    for whole, part in ((body, "body"), (signature, "signature")):
        for bit in range(len(whole) * 8):
            flipped = bytearray(whole)
            flipped[bit // 8] ^= 1 << bit % 8
            said = {"body": body, "signature": signature, part: bytes(flipped)}
            headers = {"x-magento-signature": said["signature"].decode("latin-1")}
            with pytest.raises(BadSignature):
                platform.receive({}, Knock(headers, said["body"], {}, NOW), vault)


_HEADER = st.sampled_from(
    "x-comeback-signature x-comeback-timestamp x-comeback-nonce x-comeback-secret x-magento-signature authorization "
    "x-adobe-digital-signature-1 x-adobe-public-key1-path x-adobe-commerce-webhook-signature".split()
)
_WORD = st.text(st.characters(max_codepoint=255), max_size=60) | st.just("Basic YTpi") | st.just("0" * 32)


@given(st.dictionaries(_HEADER, _WORD), st.binary(max_size=60), st.dictionaries(st.just("secret"), st.text()))
def test_whatever_else_comes_is_turned_away_and_never_a_crash(
    headers: dict[str, str], body: bytes, query: dict[str, str]
) -> None:
    class Kept:
        def read(self) -> bytes:
            return keys.packed(keys.Keys("key", "secret", "token", "secret", SECRET))

    with pytest.raises(BadSignature):
        platform.receive({}, Knock(headers, body, query, NOW), Kept())  # type: ignore[arg-type]
