"""Whether a shop has left its old address is for that address to say: neither a bad moment nor a stranger's word will do."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import msgspec
import pytest
import requests
import responses

from adapters.magento import before, lanes
from adapters.magento.before import Before
from adapters.magento.keys import Keys

OLD = "https://shop.test/"
NEW = "https://new.test/"
KEYS = Keys("consumer-key", "consumer-secret", "old-token", "old-secret", "hook-secret-of-16")
RENEWED = msgspec.structs.replace(KEYS, token="new-token", token_secret="new-secret")
PAGE = {"body": "<h1>Welcome</h1>", "content_type": "text/html"}
GROUP = {"id": 1, "code": "General", "tax_class_id": 3}
UNKNOWN_TOKEN = {"message": "oauth_problem=token_rejected"}
LACKS_GROUPS = {"message": "Not allowed: %resources", "parameters": {"resources": "Magento_Customer::group"}}


def found(old: Keys = KEYS, ends: float = float("inf")) -> Before:
    return before.found(OLD, old, RENEWED, NEW, frozenset(), ends)


def says(shop: responses.RequestsMock, under: str = "", **answer: Any) -> None:
    """Have the old address answer everything below this path so."""
    shop.add("GET", re.compile(re.escape(f"{OLD}rest/V1/{under}")), **answer)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 503, "headers": {"Retry-After": "600"}, "json": {}},
        {"status": 503} | PAGE,
        {"status": 429, "json": {}},
        {"status": 500, "json": {}},
        {"status": 502} | PAGE,
        {"status": 403, "json": {}},
        {"status": 200, "json": {"id": "?"}},
        {"body": requests.ReadTimeout()},
        {"body": requests.ConnectionError("reset")},
    ],
)
def test_what_may_be_over_in_a_moment_is_no_move(
    shop: responses.RequestsMock, answer: dict[str, Any]
) -> None:
    says(shop, **answer)
    assert found() is Before.ILL


def test_that_we_ourselves_ask_too_much_at_once_is_no_move(shop: responses.RequestsMock) -> None:
    says(shop, json=GROUP)
    there = lanes.to(OLD)
    with ExitStack() as taken:
        for _ in range(lanes.AT_ONCE):
            taken.enter_context(there.one(1))
        assert found(ends=time.monotonic() + 0.05) is Before.ILL
    assert found() is Before.THERE


def test_keys_that_lack_a_right_are_good_keys(shop: responses.RequestsMock) -> None:
    says(shop, "customerGroups", status=401, json=LACKS_GROUPS)
    says(shop, json={"total_count": 3})
    assert found() is Before.THERE


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 200} | PAGE,
        {"status": 404} | PAGE,
        {"status": 404, "json": {}},
        {"status": 301, "headers": {"Location": "https://parked.test/rest/V1/x"}},
        {"status": 302, "headers": {"Location": "https://parked.test/rest/V1/x"}},
        {"status": 301, "headers": {"Location": "/elsewhere"}},
        {"body": requests.ConnectTimeout()},
        {"body": requests.exceptions.SSLError()},
        {"status": 401, "json": UNKNOWN_TOKEN},
    ],
)
def test_where_nothing_is_the_shop_any_more_nobody_can_say_that_it_has_moved(
    shop: responses.RequestsMock, answer: dict[str, Any]
) -> None:
    says(shop, **answer)
    assert found() is Before.UNPROVED


@pytest.fixture
def nobody() -> Iterator[str]:
    """A host at which nothing listens; its port is kept, so that nothing else comes to listen there."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{kept.getsockname()[1]}"


def test_a_line_that_is_refused_proves_no_move(nobody: str) -> None:
    stands = before.found(f"http://{nobody}/", KEYS, RENEWED, NEW, frozenset((nobody,)))
    assert stands is Before.UNPROVED


@pytest.mark.parametrize("status", [301, 302])
def test_a_shop_that_sends_us_on_to_its_new_address_has_moved(
    shop: responses.RequestsMock, status: int
) -> None:
    says(shop, status=status, headers={"Location": f"{NEW}rest/V1/customerGroups/default"})
    assert found() is Before.MOVED


@pytest.mark.parametrize(
    ("status", "body", "stands"),
    [
        (200, GROUP, Before.MOVED),
        (503, {}, Before.ILL),
        (401, UNKNOWN_TOKEN, Before.UNPROVED),
    ],
)
def test_after_reauthorize_the_old_address_itself_knows_the_new_keys(
    shop: responses.RequestsMock, status: int, body: dict[str, Any], stands: Before
) -> None:
    def answer(call: Any) -> tuple[int, dict[str, str], str]:
        said = (status, body) if b"new-token" in call.headers["Authorization"] else (401, UNKNOWN_TOKEN)
        return said[0], {}, json.dumps(said[1])

    shop.add_callback("GET", re.compile(re.escape(OLD)), answer, content_type="application/json")
    assert found() is stands


def test_a_new_token_by_itself_is_not_sent_to_an_address_that_may_be_anybodys_by_now(
    shop: responses.RequestsMock,
) -> None:
    says(shop, status=401, json=UNKNOWN_TOKEN)
    assert found(msgspec.structs.replace(KEYS, spelling="bearer")) is Before.UNPROVED
    assert all("new-token" not in call.request.headers["Authorization"] for call in shop.calls)
