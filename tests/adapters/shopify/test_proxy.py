"""Who asks from the storefront is believed only by a signature whose borders cannot be moved."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from adapters.shopify import proxy
from adapters.shopify.platform import platform
from adapters.shopify.settings import App
from connector.port import BadSignature, Shopper

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
SHOP = "demo-gifts.myshopify.com"
GOOD = {"shop": SHOP, "logged_in_customer_id": "7", "path_prefix": "/apps/comeback", "timestamp": STAMP}


def made(app: App, pairs: list[tuple[str, str]], secret: str | None = None, *, whole: bool = False) -> str:
    """Sign as Shopify does; `whole` sorts by the whole text instead of by name."""
    key = (lambda pair: f"{pair[0]}={pair[1]}") if whole else (lambda pair: pair[0])
    message = "".join(f"{name}={word}" for name, word in sorted(pairs, key=key))
    return hmac.new((secret or app.secret).encode(), message.encode(), hashlib.sha256).hexdigest()


def query(app: App, secret: str | None = None, **changes: str | None) -> bytes:
    pairs = [(name, word) for name, word in (GOOD | changes).items() if word is not None]
    return urlencode([*pairs, ("signature", made(app, pairs, secret))]).encode()


def believed(app: App, raw: bytes) -> Shopper:
    return proxy.shopper(app, raw, NOW)


def test_the_example_of_shopifys_own_page_is_signed_as_it_says() -> None:
    pairs = [
        ("extra", "1"),
        ("extra", "2"),
        ("shop", "shop-name.myshopify.com"),
        ("logged_in_customer_id", "1"),
        ("path_prefix", "/apps/awesome_reviews"),
        ("timestamp", "1317327555"),
    ]
    assert all(one.startswith("4c68c8624d737112") for one in proxy.digests("hush", pairs))


def test_a_signed_in_shopper_and_a_stranger_are_told_apart(app: App) -> None:
    found = believed(app, query(app, page="3"))
    assert (found.address, found.customer_id, found.place, found.page) == (SHOP, "7", "/apps/comeback", 3)
    assert believed(app, query(app, logged_in_customer_id="")).customer_id is None


def test_both_secrets_are_believed_while_one_is_rotated_and_no_other(app: App) -> None:
    for secret in app.secrets:
        assert believed(app, query(app, secret)).customer_id == "7"
    with pytest.raises(BadSignature):
        believed(app, query(app, "another secret"))


def test_the_two_ways_of_sorting_are_both_believed_where_they_differ() -> None:
    # "q" and "q1" come in another order once "=" takes part.
    pairs = [("q", "1"), ("q1", "2")]
    by_name, by_text = proxy.digests("hush", pairs)
    assert by_name == hmac.new(b"hush", b"q=1q1=2", "sha256").hexdigest()
    assert by_text == hmac.new(b"hush", b"q1=2q=1", "sha256").hexdigest()


def test_a_visitor_cannot_become_another_customer_by_moving_the_borders(app: App) -> None:
    """Shopify signs `aa=1logged_in_customer_id=123m=` for anybody; the same text, cut elsewhere, names customer 123."""
    honest = [("aa", "1logged_in_customer_id=123m="), *(GOOD | {"logged_in_customer_id": ""}).items()]
    signature = made(app, honest)
    moved = [("aa", "1"), ("logged_in_customer_id", "123"), ("m", "logged_in_customer_id=")]
    rest = [(name, word) for name, word in GOOD.items() if name != "logged_in_customer_id"]
    assert signature in set(proxy.digests(app.secret, [*moved, *rest]))
    for forged in ([*honest, ("signature", signature)], [*moved, *rest, ("signature", signature)]):
        with pytest.raises(BadSignature):
            believed(app, urlencode(forged).encode())


def test_nor_by_the_one_name_of_ours_that_a_visitor_may_send(app: App) -> None:
    pairs = [*(GOOD | {"logged_in_customer_id": ""}).items(), ("page", "1path_prefix=/apps/other")]
    with pytest.raises(BadSignature):
        believed(app, urlencode([*pairs, ("signature", made(app, pairs))]).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"shop": "evil.example"},
        {"shop": SHOP + "\n"},
        {"shop": None},
        {"logged_in_customer_id": None},
        {"logged_in_customer_id": "7 "},
        {"logged_in_customer_id": "٧"},
        {"logged_in_customer_id": "-7"},
        {"path_prefix": None},
        {"path_prefix": "//evil.example/x"},
        {"path_prefix": '/apps/"><script>'},
        {"timestamp": None},
        {"timestamp": str(int(STAMP) - 91)},
        {"timestamp": str(int(STAMP) + 91)},
        {"timestamp": "soon"},
        {"timestamp": "٣" * 10},
        {"page": "-1"},
        {"page": "0"},
        {"page": "1" * 9},
        {"extra": "1"},
    ],
)
def test_a_query_that_nobody_would_send_is_refused_even_when_signed(
    app: App, changes: dict[str, str | None]
) -> None:
    with pytest.raises(BadSignature):
        believed(app, query(app, **changes))


@pytest.mark.parametrize(
    "broken",
    [
        lambda raw: raw + b"&shop=demo-gifts.myshopify.com",
        lambda raw: raw.replace(b"signature=", b"signature=0"),
        lambda raw: raw.replace(b"signature=", b"signature=%C3%A9"),
        lambda raw: raw.partition(b"&signature")[0],
        lambda raw: raw.upper(),
        lambda raw: raw.replace(b"=7&", b"=8&"),
        lambda raw: raw.replace(b"%2F", b"%2"),
        lambda raw: raw.replace(b"%2F", b"%FF"),
        lambda raw: raw + b"&",
        lambda raw: raw + b"&page",
        lambda raw: raw[:-1],
        lambda raw: b"",
        lambda raw: b"\xff\xfe",
        lambda raw: b"&&&===",
    ],
)
def test_a_broken_query_is_refused(app: App, broken: Any) -> None:
    with pytest.raises(BadSignature):
        believed(app, broken(query(app)))


def test_without_a_secret_nobody_is_believed() -> None:
    with pytest.raises(BadSignature):
        platform.shopper({}, b"", NOW)
