"""One webhook's number stands at every stop of its road: the answer, the rows, every log line, and the calls to the shop."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
import requests

from connector import tracing, trail
from connector.loyalty.terms import CurrencyTerms, Terms, Tier

TERMS = Terms(
    currency="GBP",
    currencies=(CurrencyTerms("GBP"),),
    hold_days=0,
    tiers=(Tier("Silver", 50_00, "trail-silver"),),
)
NUMBER = "trail-0123456789abcdef0123456789abcdef"  # as long as a proxy's own


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Every call that leaves for a shop: the number it carries, and what is called."""
    calls: list[tuple[str, str]] = []
    send = requests.Session.send

    def noted(self: requests.Session, prepared: requests.PreparedRequest, **words: Any) -> requests.Response:
        calls.append((prepared.headers.get(trail.HEADER, ""), str(prepared.url)))
        return send(self, prepared, **words)

    monkeypatch.setattr(requests.Session, "send", noted)
    return calls


def test_one_webhooks_number_stands_at_every_stop(
    street: Any, written: io.StringIO, heard: list[tuple[str, str]]
) -> None:
    street.opens(TERMS, "shopify")
    shop = street.keepers["shopify"]
    shop.does("faults", hold=True)
    at = (street.house.now() - timedelta(days=1)).isoformat()
    customer = shop.does("customers", email="trail@example.com", verified=True, at=at)["id"]
    street.letters()
    lines = [{"title": "Soap", "quantity": 3, "price": "30.00"}]
    shop.does("orders", customer_id=customer, at=at, lines=lines, paid=True)
    [letter] = [letter for letter in street.letters() if letter.topic == "orders/paid"]
    assert street.brings(letter, number=NUMBER) == 200
    street.works()

    told = [json.loads(line) for line in written.getvalue().splitlines()]
    stops = [line["event"] for line in told if line.get("request") == NUMBER]
    assert stops == ["webhook", "applied", "pushed", "pushed"], "the tag and the card"
    assert any(number == NUMBER and "/graphql.json" in url for number, url in heard)

    found = tracing.road(street.house, NUMBER)
    assert [(one.topic, one.state) for one in found.arrived] == [("orders/paid", "applied")]
    assert [entry.points for entry in found.booked] == [90]
    assert [(push.kind, push.state) for push in found.sent] == [("marks", "done"), ("card", "done")]
    assert tracing.road(street.house, letter.id) == found, "the shop's own id leads to the same road"
    text = tracing.as_text(found)
    assert [line.split()[2] for line in text.splitlines()[1:]] == [
        "received", "applied", "booked", "wanted", "wanted", "done", "done",
    ]  # fmt: skip
    assert not tracing.road(street.house, "nobody-knows-this")
