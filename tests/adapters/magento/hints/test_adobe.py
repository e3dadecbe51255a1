"""Adobe's messages: RSA signatures, checked against keys that are fetched outside the request, and of one project alone."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import responses
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.magento import adobe_choices, adobe_keys, keys
from adapters.magento.hints.rsa import NoKey, key
from adapters.magento.platform import platform
from connector.port import (
    BadSignature,
    CustomerTouched,
    Delivery,
    KeyWanted,
    Knock,
    OrderTouched,
    Refused,
    ShopLine,
    SyncWanted,
    TryLater,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FIRST, SECOND = (f"/prod/keys/pub-key-{letter * 8}-aaaa-4aaa-8aaa-{letter * 12}.pem" for letter in "ab")
PROJECT = "0123456789abcdef0123456789abcdef"
ONE, TWO, OTHER = (rsa.generate_private_key(65537, 2048) for _ in range(3))


def pem(private: Any) -> str:
    return str(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def sign(message: bytes, by: Any) -> str:
    return base64.b64encode(by.sign(message, PKCS1v15(), SHA256())).decode()


def learned(path: str, private: Any, lasts: timedelta = timedelta(hours=1)) -> keys.Learned:
    return keys.Learned(path, pem(private), int((NOW + lasts).timestamp()))


def expects(vault: Any, **changed: Any) -> Any:
    known = {"client_id": PROJECT, "learned": (learned(FIRST, ONE), learned(SECOND, TWO))} | changed
    now = keys.unpacked(vault.tokens)
    vault.tokens = keys.packed(msgspec.structs.replace(now, adobe=keys.Adobe(**known)))
    return vault


def event(**changed: Any) -> bytes:
    order = {"entity_id": "42", "increment_id": "000000042", "customer_email": "anna@example.com"}
    words = {
        "event_id": "e7f5a9a0-0000-4000-8000-000000000001",
        "event": {
            "type": "com.adobe.commerce.observer.sales_order_save_commit_after",
            "data": {"value": order},
        },
        "recipient_client_id": PROJECT,
    }
    return json.dumps(words | changed).encode()


def knock(
    body: bytes, first: Any = ONE, second: Any = TWO, signed: bytes | None = None, **changed: str
) -> Knock:
    message = body if signed is None else signed
    headers = {
        "x-adobe-digital-signature-1": sign(message, first),
        "x-adobe-public-key1-path": FIRST,
        "x-adobe-digital-signature-2": sign(message, second),
        "x-adobe-public-key2-path": SECOND,
    }
    given = {name.replace("_", "-"): word for name, word in changed.items()}
    return Knock({name: word for name, word in (headers | given).items() if word}, body, {}, NOW)


@pytest.mark.parametrize(
    ("first", "second", "gone"),
    [(ONE, TWO, {}), (ONE, OTHER, {}), (OTHER, TWO, {}), (ONE, TWO, {"x_adobe_digital_signature_2": ""})],
)
def test_one_good_signature_of_two_suffices_and_the_event_names_its_order(
    vault: Any, first: Any, second: Any, gone: dict[str, str]
) -> None:
    delivery = platform.receive({}, knock(event(), first, second, **gone), expects(vault))
    assert (delivery.id, delivery.topic) == ("e7f5a9a0-0000-4000-8000-000000000001", "I/O event")
    assert platform.read(delivery) == (OrderTouched("42"),)
    assert platform.answer(delivery) is None


def test_a_batch_and_a_cloud_event_are_read_too_and_the_same_again_is_a_repeat(vault: Any) -> None:
    customer = {"specversion": "1.0", "id": "c-1", "recipientclientid": PROJECT}
    customer["data"] = {"value": {"id": 7, "email": "b@example.com"}}  # type: ignore[assignment]
    alone = platform.receive({}, knock(json.dumps(customer).encode()), expects(vault))
    assert (alone.id, platform.read(alone)) == ("c-1", (CustomerTouched("7"),))
    batch = json.dumps([json.loads(event()), customer, {"id": "x", "recipient_client_id": PROJECT}]).encode()
    first, again = (platform.receive({}, knock(batch), vault) for _ in range(2))
    assert first.id == again.id
    assert platform.read(first) == (OrderTouched("42"), CustomerTouched("7"), SyncWanted())


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        (event(), {"first": OTHER, "second": OTHER}),
        (event(), {"first": TWO, "second": ONE}),
        (event(), {"signed": event() + b" "}),
        (event(recipient_client_id="f" * 32), {}),
        (event(recipient_client_id=""), {}),
        (event(recipient_client_id=[PROJECT]), {}),
        (b"[" + event() + b"," + event(recipient_client_id="f" * 32) + b"]", {}),
        (b"[]", {}),
        (b"not json", {}),
        (event(), {"x_adobe_digital_signature_1": "", "x_adobe_digital_signature_2": ""}),
        (event(), {"x_adobe_digital_signature_1": "\xe9", "x_adobe_digital_signature_2": "===="}),
        (event(), {"x_adobe_public_key1_path": "", "x_adobe_public_key2_path": ""}),
    ],
)
def test_an_event_that_is_not_adobes_or_not_ours_is_turned_away(
    vault: Any, body: bytes, changed: dict[str, Any]
) -> None:
    with pytest.raises(BadSignature):
        platform.receive({}, knock(body, **changed), expects(vault))


def test_where_no_events_are_expected_none_is_believed(vault: Any) -> None:
    with pytest.raises(BadSignature):
        platform.receive({}, knock(event()), expects(vault, client_id=""))
    with pytest.raises(BadSignature):
        platform.receive({}, knock(event(recipient_client_id="")), expects(vault, client_id=""))


def test_every_flipped_bit_of_an_event_is_turned_away(vault: Any) -> None:
    expects(vault)
    body = event()
    whole = knock(body)
    for bit in range(0, len(body) * 8, 7):
        flipped = bytearray(body)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadSignature):
            platform.receive({}, msgspec.structs.replace(whole, body=bytes(flipped)), vault)


def test_an_unknown_key_is_asked_for_and_then_known_for_a_day(
    vault: Any, shop: responses.RequestsMock
) -> None:
    expects(vault, learned=())
    shop.get(adobe_keys.HOST + FIRST, body=pem(ONE))
    with pytest.raises(KeyWanted) as wanted:
        platform.receive({}, knock(event()), vault)
    assert wanted.value.names == (FIRST, SECOND), "either may prove it, and Adobe may have taken one away"
    line = platform.open({}, ShopLine("https://shop.test/", "key"), vault)
    line.learn(FIRST, NOW)
    line.learn(FIRST, NOW)
    assert len(shop.calls) == 1, "what is known is not fetched again"
    assert platform.receive({}, knock(event()), vault).topic == "I/O event"
    tomorrow = msgspec.structs.replace(knock(event()), at=NOW + timedelta(days=1))
    with pytest.raises(KeyWanted):
        platform.receive({}, tomorrow, vault)


def test_of_two_keys_only_the_one_that_is_not_known_is_asked_for(vault: Any) -> None:
    expects(vault, learned=(learned(FIRST, ONE),))
    with pytest.raises(KeyWanted) as wanted:
        platform.receive({}, knock(event(), OTHER), vault)
    assert wanted.value.names == (SECOND,)


@pytest.mark.parametrize("name", ["Qx7tB2mR9k", "k4-Z_81pWe", "3f1c9a52-7d40-4b8e-9a6f-0c2d5e7b1a34"])
def test_keys_are_known_by_names_of_either_kind_that_adobe_gives_them(vault: Any, name: str) -> None:
    path = f"/prod/keys/pub-key-{name}.pem"
    unknown = {"x_adobe_public_key1_path": path, "x_adobe_public_key2_path": SECOND}
    with pytest.raises(KeyWanted) as wanted:
        platform.receive({}, knock(event(), **unknown), expects(vault, learned=()))
    assert wanted.value.names == (path, SECOND)
    expects(vault, learned=(learned(path, ONE),))
    assert platform.receive({}, knock(event(), second=OTHER, **unknown), vault).topic == "I/O event"


@pytest.mark.parametrize(
    "path",
    [
        "/prod/keys/../keys/pub-key-aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa.pem",
        "/prod/keys/pub-key-aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa.pem?x=1",
        "/prod/keys/pub-key-aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa.pem\n",
        "//evil.example/prod/keys/pub-key-aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa.pem",
        "@evil.example/prod/keys/pub-key-aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa.pem",
        "https://evil.example/prod/keys/pub-key-aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa.pem",
        "/dev/keys/pub-key-aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa.pem",
        "/prod/keys/pub-key-.pem",
        "/prod/keys/pub-key-a/b.pem",
        "/prod/keys/pub-key-a%2fb.pem",
        "/prod/keys/pub-key-a.b.pem",
        f"/prod/keys/pub-key-{'a' * 65}.pem",
        "",
    ],
)
def test_a_path_that_is_none_of_adobes_keys_is_never_asked_for(
    vault: Any, path: str, shop: responses.RequestsMock
) -> None:
    expects(vault, learned=())
    with pytest.raises(BadSignature):
        platform.receive(
            {}, knock(event(), x_adobe_public_key1_path=path, x_adobe_public_key2_path=path), vault
        )
    with pytest.raises(Refused):
        platform.open({}, ShopLine("https://shop.test/", "key"), vault).learn(path, NOW)
    assert len(shop.calls) == 0


def test_nobody_elses_event_makes_us_fetch_a_key(vault: Any) -> None:
    expects(vault, learned=())
    for body in (event(recipient_client_id="f" * 32), b"not json", b"[]"):
        with pytest.raises(BadSignature):
            platform.receive({}, knock(body), vault)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 404}, TryLater),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1/"}}, TryLater),
        ({"body": "<html>"}, Refused),
        ({"body": pem(rsa.generate_private_key(65537, 1024))}, Refused),
        ({"body": pem(ec.generate_private_key(ec.SECP256R1()))}, Refused),
        ({"body": pem(ONE) + "x" * 9_000}, Refused),
    ],
)
def test_what_is_no_key_is_not_kept(
    vault: Any, shop: responses.RequestsMock, answer: dict[str, Any], error: type[Exception]
) -> None:
    expects(vault, learned=())
    before = vault.tokens
    shop.get(adobe_keys.HOST + FIRST, **answer)
    with pytest.raises(error):
        platform.open({}, ShopLine("https://shop.test/", "key"), vault).learn(FIRST, NOW)
    assert vault.tokens == before


def test_of_one_shop_four_keys_are_kept() -> None:
    kept = keys.Keys("key", "secret", "token", "secret", "hook")
    for number in range(9):
        kept = adobe_keys.learned(kept, f"path-{number % 6}", "pem", NOW)
    assert [each.path for each in kept.adobe.learned] == ["path-5", "path-0", "path-1", "path-2"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("8ec8d794-a0ab-42df-9017-e3dada8e84f7", True),
        ("x" * 200, True),
        *((words, False) for words in ("x" * 201, "<b>", "", "a b", "a\n")),
    ],
)
def test_the_challenge_is_said_back_to_adobe_alone_and_only_where_events_are_expected(
    vault: Any, words: str, said: bool
) -> None:
    assert platform.challenge({}, {"challenge": words}, expects(vault)) == (words if said else None)
    assert platform.challenge({}, {"challenge": words}, expects(vault, client_id="")) is None
    assert platform.challenge({}, {}, expects(vault)) is None


def webhook(body: bytes, by: Any = ONE, message: bytes | None = None) -> Knock:
    signed = base64.b64encode(body) if message is None else message
    return Knock({"x-adobe-commerce-webhook-signature": sign(signed, by)}, body, {}, NOW)


def test_a_webhook_of_commerce_is_signed_over_the_base64_of_its_body_and_hears_that_the_shop_may_go_on(
    vault: Any,
) -> None:
    expects(vault, webhook_key=pem(ONE))
    body = b'{"order": {"entity_id": 42, "customer_id": 7}}'
    first, again = (platform.receive({}, webhook(body), vault) for _ in range(2))
    assert platform.read(first) == (OrderTouched("42"),)
    assert first.id != again.id
    assert platform.answer(first) == (b'{"op":"success"}', "application/json")


def test_a_webhook_of_commerce_that_another_key_signed_is_turned_away(vault: Any) -> None:
    body = b'{"order": {"entity_id": 42}}'
    for knocks in (
        webhook(body, TWO),
        webhook(body, ONE, body),
        webhook(body + b" ", ONE, base64.b64encode(body)),
    ):
        with pytest.raises(BadSignature):
            platform.receive({}, knocks, expects(vault, webhook_key=pem(ONE)))
    with pytest.raises(BadSignature):
        platform.receive({}, webhook(body), expects(vault))


def test_a_sender_inside_the_checkout_that_signs_nothing_hears_that_the_shop_may_go_on_too() -> None:
    assert platform.answer(Delivery("1", "hint", b"")) == (b'{"op":"success"}', "application/json")
    for topic in ("module", "async event", "I/O event"):
        assert platform.answer(Delivery("1", topic, b"")) is None


def chosen(vault: Any, language: str = "en") -> dict[str, tuple[str, ...]]:
    known = keys.unpacked(vault.tokens).adobe
    return {one.key: one.chosen for one in adobe_choices.offered(known, language)}


def test_the_merchant_tells_client_id_and_public_key_and_takes_them_back(vault: Any) -> None:
    line = platform.open({}, ShopLine("https://shop.test/", "key"), vault)
    assert chosen(vault) == {"adobe_client": (), "adobe_key": ()}
    line.choose("adobe_client", (f" {PROJECT} ",))
    line.choose("adobe_key", ("\r\n" + pem(ONE).replace("\n", "\r\n"),))
    assert chosen(vault, "nl") == {"adobe_client": (PROJECT,), "adobe_key": (pem(ONE).strip(),)}
    body = b'{"order": {"entity_id": 42}}'
    assert platform.receive({}, webhook(body), vault).topic == "Commerce webhook"
    assert platform.challenge({}, {"challenge": "a-1"}, vault) == "a-1"
    line.choose("adobe_client", ())
    line.choose("adobe_key", ("",))
    assert chosen(vault) == {"adobe_client": (), "adobe_key": ()}
    with pytest.raises(BadSignature):
        platform.receive({}, webhook(body), vault)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("adobe_client", "my project"),
        ("adobe_client", "x" * 101),
        ("adobe_key", "no key"),
        ("adobe_key", pem(ONE)[27:]),
    ],
)
def test_a_text_that_could_prove_nothing_is_refused(vault: Any, key: str, text: str) -> None:
    before = vault.tokens
    with pytest.raises(Refused):
        platform.open({}, ShopLine("https://shop.test/", "key"), vault).choose(key, (text,))
    assert vault.tokens == before


@pytest.mark.parametrize("text", ["", "no key", pem(rsa.generate_private_key(65537, 1024)), pem(ONE)[:-40]])
def test_a_key_that_proves_nothing_is_none(text: str) -> None:
    with pytest.raises(NoKey):
        key(text)
