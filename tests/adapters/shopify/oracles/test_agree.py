"""What Shopify's own libraries sign we believe, what we sign they believe; and where we are stricter than they, by name."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
import shopify_app
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.shopify import grants, signature
from adapters.shopify.sandbox import tokens
from adapters.shopify.settings import App
from connector.port import BadMessage, BadSignature

SHOP = "demo-gifts.myshopify.com"
SECRET = "hush-hush-hush-hush-hush-hush-01" * 2  # long enough for every algorithm that is tried
PREVIOUS = "the-secret-before-this-one-00000"
APP = App(client_id="client-1", secrets=(SECRET, PREVIOUS))
CONFIG: Any = {"client_id": APP.client_id, "client_secret": SECRET, "old_client_secret": PREVIOUS}
BODY = '{"id": 1, "note": "crème brûlée"}'

# Lone surrogates cannot be sent over any wire.
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
many = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


def headers(hmac: str, shop: str = SHOP) -> dict[str, str]:
    return {
        "x-shopify-topic": "orders/create",
        "x-shopify-shop-domain": shop,
        "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "x-shopify-api-version": "2026-10",
        "x-shopify-hmac-sha256": hmac,
    }


def ours(found: dict[str, str], body: str) -> bool:
    try:
        signature.receive(APP, found, body.encode())
    except (BadSignature, BadMessage):
        return False
    return True


def pythons(found: dict[str, str], body: str) -> bool | str:
    """What the Python library says; the name of the exception where it crashes."""
    asked: Any = {"method": "POST", "url": "https://x/", "headers": found, "body": body}
    try:
        return bool(shopify_app.verify_webhook_req(asked, CONFIG).ok)
    except TypeError as error:
        return type(error).__name__


# --- webhooks ------------------------------------------------------------------------------------------------------


@many
@given(body=words.filter(bool), secret=st.sampled_from([SECRET, PREVIOUS]))
def test_a_webhook_that_the_library_signs_is_believed_by_all_three(
    oracle: Any, body: str, secret: str
) -> None:
    found = headers(oracle.asked("signWebhook", APP, secret, body=body))
    assert found["x-shopify-hmac-sha256"] == signature.sign(secret, body.encode())
    assert (ours(found, body), pythons(found, body)) == (True, True)
    assert oracle.asked("validWebhook", APP, secret, body=body, headers=found)


GOOD = signature.sign(SECRET, BODY.encode())
BROKEN = {
    "missing": {**headers(GOOD), "x-shopify-hmac-sha256": ""},
    "another secret": headers(signature.sign("another secret", BODY.encode())),
    "truncated": headers(GOOD[:-1]),
    "other than ASCII": headers("é" + GOOD[1:]),
    "doubled": headers(f"{GOOD},{GOOD}"),
    "no shop": headers(GOOD, ""),
    "a shop that is none": headers(GOOD, "evil.example"),
    "two shops": headers(GOOD, f"{SHOP},{SHOP}"),
    "no topic": {**headers(GOOD), "x-shopify-topic": ""},
}
# What the libraries let through or stumble over; the table says where ours is the stricter one.
MILDER = {
    "javascript": {"a shop that is none", "two shops"},
    "python": {"a shop that is none", "two shops", "no shop", "no topic"},
    "python crashes": {"other than ASCII"},
}


def test_broken_webhooks_are_refused_by_us_and_mostly_by_the_libraries(oracle: Any) -> None:
    assert {how: ours(found, BODY) for how, found in BROKEN.items()} == dict.fromkeys(BROKEN, False)
    javascript = {
        how: oracle.asked("validWebhook", APP, body=BODY, headers=found) for how, found in BROKEN.items()
    }
    python = {how: pythons(found, BODY) for how, found in BROKEN.items()}
    assert {how for how, said in javascript.items() if said} == MILDER["javascript"]
    assert {how for how, said in python.items() if said is True} == MILDER["python"]
    assert {how for how, said in python.items() if said == "TypeError"} == MILDER["python crashes"]


# --- the callback of an install -----------------------------------------------------------------------------------


def query(**more: str) -> dict[str, str]:
    return {
        "shop": SHOP,
        "timestamp": str(int(time.time())),
        "code": "0907a61c0c8d55e99db179b68161bc00",
        "state": "UZ0W6ZXSEwVCm7SRWu0lqM0gLIBzQBfM",
        "host": tokens.host_of(SHOP),
        **more,
    }


def proven(found: dict[str, str]) -> bool:
    try:
        grants.check_callback(APP, {name: [word] for name, word in found.items()}, datetime.now(UTC))
    except grants.NotProven:
        return False
    return True


@pytest.mark.parametrize("secret", [SECRET, PREVIOUS])
def test_a_callback_that_the_library_signs_is_believed(oracle: Any, secret: str) -> None:
    found = query()
    found["hmac"] = oracle.asked("signQuery", APP, secret, query=found, signator="admin")
    assert proven(found)


@many
@given(state=words.filter(bool), host=words.filter(bool))
def test_a_callback_whose_words_need_encoding_is_believed_too(oracle: Any, state: str, host: str) -> None:
    found = query(state=state, host=host)
    found["hmac"] = oracle.asked("signQuery", APP, query=found, signator="admin")
    assert proven(found)


def test_what_the_sandbox_signs_the_library_believes(oracle: Any) -> None:
    for more in ({}, {"state": "a b/c=d:e+f&g%20h"}, {"locale": "nl-NL"}):
        found = tokens.signed(SECRET, query(**more))
        assert oracle.asked("validQuery", APP, query=found, signator="admin"), more


@many
@given(name=st.sampled_from(["code", "state", "shop", "timestamp", "host", "hmac"]), word=words)
def test_a_callback_with_one_word_changed_is_believed_by_nobody(oracle: Any, name: str, word: str) -> None:
    found = tokens.signed(SECRET, query())
    if found[name] == word:
        return
    assert not proven(found | {name: word})


# --- session tokens -------------------------------------------------------------------------------------------------


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    found = {
        "iss": f"https://{SHOP}/admin",
        "dest": f"https://{SHOP}",
        "aud": APP.client_id,
        "sub": "42",
        "exp": now + 60,
        "nbf": now - 5,
        "iat": now - 5,
        "jti": "f8912129-1af6-4cad-9ca3-76b0f7621087",
        "sid": "aaea182f2732d44c23057c0fea584021a4485b2bd25d3eb7fd349313ad24c685",
    } | changed
    return {name: word for name, word in found.items() if word is not None}


def shop_of(token: str) -> str | None:
    try:
        return grants.shop_of_session_token(APP, token)
    except grants.NotProven:
        return None


def python_shop_of(token: str) -> str | None:
    asked: Any = {
        "method": "GET",
        "url": "https://comeback.example.com/?embedded=1",
        "headers": {"authorization": f"Bearer {token}"},
        "body": "",
    }
    found = shopify_app.verify_app_home_req(asked, CONFIG, app_home_patch_id_token_path="/bounce")
    return found.shop if found.ok else None


@pytest.mark.parametrize("secret", [SECRET, PREVIOUS])
def test_a_session_token_that_the_library_signs_is_believed_by_all_three(oracle: Any, secret: str) -> None:
    token = oracle.asked("makeToken", APP, secret, shop=SHOP, claims=claims())
    assert shop_of(token) == SHOP
    assert python_shop_of(token) == "demo-gifts"
    assert oracle.asked("readToken", APP, secret, token=token)["dest"] == f"https://{SHOP}"


def made(secret: str = SECRET, algorithm: str = "HS256", **changed: Any) -> Callable[[], str]:
    return lambda: jwt.encode(claims(**changed), secret, algorithm=algorithm)


BAD: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "no token": lambda: "not.a.token",
    "truncated": lambda: made()()[:-2],
    "other than ASCII": lambda: "é" + made()(),
    "two tokens": lambda: f"{made()()},{made()()}",
    "unsigned": lambda: jwt.encode(claims(), None, algorithm="none"),
    "another secret": made("another-secret-another-secret-00"),
    "another algorithm": made(SECRET, "HS512"),
    "ended": made(exp=int(time.time()) - 3600),
    "not yet": made(nbf=int(time.time()) + 3600),
    "another app": made(aud="client-2"),
    "a list of apps": made(aud=["client-1", "client-2"]),
    "another shop's issuer": made(iss="https://other.myshopify.com/admin"),
    "no shop": made(dest="https://evil.example", iss="https://evil.example/admin"),
    "a shop with a path": made(dest=f"https://{SHOP}/x"),
    "borders moved": made(dest=f"https://{SHOP}.evil.example", iss=f"https://{SHOP}.evil.example/admin"),
    **{f"without {name}": made(**{name: None}) for name in claims()},
}
LOOSER = {
    "javascript": {
        "another shop's issuer",
        "no shop",
        "a shop with a path",
        "borders moved",
        *(f"without {name}" for name in claims() if name != "aud"),
    },
}


def test_bad_session_tokens_are_refused_by_us_wherever_the_library_is_milder(
    oracle: Any, refused: type[Exception]
) -> None:
    assert {how: shop_of(make()) for how, make in BAD.items()} == dict.fromkeys(BAD, None)

    def believed(token: str) -> bool:
        try:
            return bool(oracle.asked("readToken", APP, token=token))
        except refused:
            return False

    assert {how for how, make in BAD.items() if believed(make())} == LOOSER["javascript"]
