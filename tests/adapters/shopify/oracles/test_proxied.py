"""A shopper's query: what Shopify's libraries sign is believed, and where they are milder than we are, by name."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest
import shopify_app
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.shopify import proxy
from adapters.shopify.settings import App
from connector.port import BadSignature

SHOP = "demo-gifts.myshopify.com"
SECRET = "hush-hush-hush-hush-hush-hush-01"
PREVIOUS = "the-secret-before-this-one-00000"
APP = App(client_id="client-1", secrets=(SECRET, PREVIOUS))
CONFIG: Any = {"client_id": APP.client_id, "client_secret": SECRET, "old_client_secret": PREVIOUS}
many = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


def query(**more: str) -> dict[str, str]:
    return {
        "shop": SHOP,
        "logged_in_customer_id": "7001",
        "path_prefix": "/apps/comeback",
        "timestamp": str(int(time.time())),
        **more,
    }


def signed(oracle: Any, words: dict[str, str], secret: str = SECRET) -> dict[str, str]:
    return words | {"signature": oracle.asked("signQuery", APP, secret, query=words, signator="appProxy")}


def ours(sent: str | bytes) -> str | None:
    """The customer whom we take it to come from; None where we refuse."""
    raw = sent if isinstance(sent, bytes) else sent.encode()
    try:
        return proxy.shopper(APP, raw, datetime.now(UTC)).customer_id
    except BadSignature:
        return None


def pythons(sent: str) -> str | None:
    asked: Any = {"method": "GET", "url": f"https://x/storefront?{sent}", "headers": {}, "body": ""}
    found = shopify_app.verify_app_proxy_req(asked, CONFIG)
    return found.logged_in_customer_id if found.ok else None


def javascripts(oracle: Any, refused: type[Exception], sent: str) -> bool:
    try:
        pairs = [list(pair) for pair in parse_qsl(sent, keep_blank_values=True)]
        return bool(oracle.asked("validQuery", APP, query=pairs, signator="appProxy"))
    except refused:
        return False


@pytest.mark.parametrize("secret", [SECRET, PREVIOUS])
@pytest.mark.parametrize("more", [{}, {"page": "2"}])
def test_a_query_that_the_library_signs_is_believed(oracle: Any, secret: str, more: dict[str, str]) -> None:
    sent = urlencode(signed(oracle, query(**more), secret))
    assert (ours(sent), pythons(sent)) == ("7001", "7001")


BROKEN = {
    "a name too many": lambda q: q + "&x=1",
    "shop twice": lambda q: q + f"&shop={SHOP}",
    "customer twice": lambda q: q + "&logged_in_customer_id=7001",
    "signature twice": lambda q: q + "&" + q[q.index("signature=") :],
    "no signature": lambda q: q[: q.index("&signature=")],
    "empty signature": lambda q: q[: q.index("signature=") + 10],
    "truncated signature": lambda q: q[:-1],
    "signature not ASCII": lambda q: q[:-1] + "%C3%A9",
    "signature in capitals": lambda q: (
        q[: q.index("signature=") + 10] + q[q.index("signature=") + 10 :].upper()
    ),
    "another customer": lambda q: q.replace("=7001", "=7002"),
    "another shop": lambda q: q.replace("demo-gifts", "other-shop"),
    "no UTF-8": lambda q: q.replace("=7001", "=%ff%fe"),
    "half an escape": lambda q: q.replace("=7001", "=%7"),
    "a NUL": lambda q: q.replace("=7001", "=7001%00"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_query_is_refused(oracle: Any, how: str) -> None:
    good = urlencode(signed(oracle, query()))
    assert ours(good) == "7001"
    assert ours(BROKEN[how](good)) is None


@pytest.mark.parametrize("seconds", [-3600, -100, 100, 86400])
def test_a_stale_query_is_refused_by_all(oracle: Any, refused: type[Exception], seconds: int) -> None:
    sent = urlencode(signed(oracle, query(timestamp=str(int(time.time()) + seconds))))
    assert (ours(sent), pythons(sent), javascripts(oracle, refused, sent)) == (None, None, False)


def test_a_signature_with_its_borders_moved_passes_both_libraries_and_not_us(
    oracle: Any, refused: type[Exception]
) -> None:
    """A visitor asks for `?aa=1logged_in_customer_id=123m=`; signed for nobody, sent on as customer 123's."""
    mark = {"aa": "1logged_in_customer_id=123m="}
    innocent = signed(oracle, mark | query(logged_in_customer_id=""))
    moved = {"aa": "1", "logged_in_customer_id": "123", "m": "logged_in_customer_id="}
    moved |= {name: innocent[name] for name in ("path_prefix", "shop", "signature", "timestamp")}
    sent = urlencode(moved)
    assert pythons(sent) == "123"
    assert javascripts(oracle, refused, sent)
    assert ours(sent) is None
    assert ours(urlencode(innocent)) is None


@many
@given(st.text(max_size=80))
def test_no_query_whatever_crashes_the_check(text: str) -> None:
    assert ours(text.encode("utf-8", "surrogatepass")) is None
    assert ours(quote(text.encode("utf-8", "surrogatepass"))) is None
