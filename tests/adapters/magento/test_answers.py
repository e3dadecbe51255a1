"""What the headers and the body of an answer may hold besides what was agreed: nothing of it is a fault of ours."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.magento import wire
from adapters.magento.answers import Answer, Untrusted, judge, wait
from adapters.magento.client import Client
from connector.port import OutcomeUnknown, TryLater

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90", timedelta(seconds=90)),
        ("Sun, 22 Nov 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Sun, 22 Nov 2020 12:00:30 GMT", timedelta(0)),
        ("14399", timedelta(seconds=14399)),
        ("315360000", timedelta(hours=4)),
        ("Mon, 22 Nov 2032 12:00:30 GMT", timedelta(hours=4)),
        ("²", None),
        ("٣", None),
        ("-5", None),
        ("", None),
        ("Fri, 31 Dec 9999 23:59:59 -0100", None),
        ("Fri, 31 Dec 99999999999999999999999 23:59:59 GMT", None),
    ],
)
def test_a_wait_that_cannot_be_read_is_an_ordinary_one(text: str, meant: timedelta | None) -> None:
    answer = Answer(503, {"retry-after": text, "content-type": "text/html"}, b"<html>")
    assert wait(answer, NOW) == meant
    with pytest.raises(TryLater) as raised:
        judge(answer, False, NOW)
    assert raised.value.wait == meant


@pytest.mark.parametrize("body", [b'{"a": "\xff"}', b"[" * 100_000, b"", b'{"parameters": {"a'])
def test_a_refusal_whose_words_cannot_be_read_is_judged_by_its_status(body: bytes) -> None:
    with pytest.raises(Untrusted):
        judge(Answer(401, {"content-type": "application/json"}, body), False, NOW)


@pytest.mark.parametrize(
    "body", [b'{"entity_id": 1, "created_at": "\xff"}', b'{"entity_id": 1, "x": ' + b"[" * 100_000]
)
def test_an_answer_that_is_no_text_or_endlessly_nested_is_asked_for_later(
    shop: Any, client: Client, body: bytes
) -> None:
    for method in ("GET", "POST"):
        shop.add(method, "https://shop.test/rest/V1/orders", body=body, content_type="application/json")
    with pytest.raises(TryLater, match="not understood: no JSON"):
        client.read("orders", wire.Order)
    with pytest.raises(TryLater, match="not understood: no JSON"):
        client.whole("orders")
    with pytest.raises(OutcomeUnknown, match="not understood: no JSON"):
        client.send("POST", "orders", {}, wire.Order)


@pytest.mark.parametrize(
    "date", ["Fri, 31 Dec 9999 23:59:59 -0100", "Fri, 31 Dec 99999999999999999999999 23:59:59 GMT"]
)
def test_a_year_that_there_is_none_of_is_no_time_of_the_shops(says: Any, client: Client, date: str) -> None:
    says("GET", "orders", {}, Date=date)
    client.call("GET", "orders")
    assert client.ahead is None
    assert abs(client.now().timestamp() - time.time()) < 60
