"""The query is spelled so that every 2.4 verifies the signature made over it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, unquote

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests_oauthlib import OAuth1

from adapters.magento.criteria import Filter, Search, among, moment, pairs, query

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
filters = st.builds(Filter, st.sampled_from(["entity_id", "updated_at", "name"]), texts, st.just("eq"))
searches = st.builds(
    Search,
    st.lists(filters, max_size=10).map(tuple),
    st.sampled_from([(), ("entity_id",), ("updated_at", "entity_id")]),
    st.integers(1, 300),
    st.sampled_from(["", "entity_id", "entity_id,items[sku,qty_ordered]"]),
)


@given(searches)
def test_every_key_has_its_equals_sign_and_nothing_is_raw(search: Search) -> None:
    spelled = query(pairs(search))
    for part in spelled.split("&"):
        assert re.fullmatch(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+=(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*", part), (
            part
        )
    keys = [part.partition("=")[0] for part in spelled.split("&")]
    assert len(set(keys)) == len(keys)


@given(searches)
def test_a_natural_sort_and_a_byte_sort_of_the_keys_agree(search: Search) -> None:
    keys = [key for key, _ in pairs(search)]
    natural = sorted(
        keys, key=lambda key: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", key)]
    )
    assert natural == sorted(keys)


def test_an_eleventh_filter_is_refused_here_and_not_by_the_shop() -> None:
    with pytest.raises(ValueError, match="10"):
        pairs(Search(tuple(Filter("entity_id", str(number)) for number in range(11))))


@given(searches, st.sampled_from(["GET", "PUT", "DELETE"]))
def test_the_signature_is_the_one_that_the_standard_gives(search: Search, method: str) -> None:
    url = f"https://shop.test:8443/sub/rest/V1/orders?{query(pairs(search))}"
    auth = OAuth1(
        "ck", "c s&", "tk", "t+s", signature_method="HMAC-SHA256", nonce="n1", timestamp="1700000000"
    )
    sent = requests.Request(
        method, url, headers={"Content-Type": "application/json"}, data=b"{}", auth=auth
    ).prepare()
    assert sent.url == url
    header = dict(re.findall(r'(\w+)="([^"]*)"', _text(sent.headers["Authorization"])))
    assert unquote(header["oauth_signature"]) == _expected(method, url, "c s&", "t+s", header)


def _text(header: str | bytes) -> str:
    return header.decode() if isinstance(header, bytes) else header


def _expected(method: str, url: str, consumer_secret: str, token_secret: str, header: dict[str, str]) -> str:
    """The signature by RFC 5849, written from the standard: encode, sort, join, hash."""
    place, _, asked = url.partition("?")
    parameters = [tuple(map(unquote, part.split("="))) for part in asked.split("&")]
    parameters += [
        (key, unquote(value)) for key, value in header.items() if key not in ("oauth_signature", "realm")
    ]
    encoded = sorted((quote(key, safe=""), quote(value, safe="")) for key, value in parameters)
    joined = "&".join(f"{key}={value}" for key, value in encoded)
    text = "&".join(quote(part, safe="") for part in (method, place, joined))
    key = f"{quote(consumer_secret, safe='')}&{quote(token_secret, safe='')}"
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def test_a_list_of_numbers_is_one_filter() -> None:
    assert among("order_id", [1, 2, 30]) == Filter("order_id", "1,2,30", "in")


def test_a_time_is_written_in_utc_without_an_offset_that_magento_would_ignore() -> None:
    berlin = datetime(2026, 7, 1, 1, 30, 5, tzinfo=timezone(timedelta(hours=2)))
    assert moment(berlin) == "2026-06-30 23:30:05"
