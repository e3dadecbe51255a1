"""Numbers that no row can have: in every address and every form they are answered, never a fault of ours."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, url_for

from connector.settings import forms
from connector.settings.forms import Refused

LONG = "9" * 5000


@pytest.mark.parametrize("number", [str(2**63 - 1), str(2**63), "9" * 20, LONG], ids=lambda one: one[:25])
def test_no_address_with_a_number_breaks(app: Flask, browser: Any, number: str) -> None:
    asked = 0
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/settings/") or not rule.arguments:
            continue
        with app.test_request_context():
            address = url_for(rule.endpoint, **dict.fromkeys(rule.arguments, 7)).replace("7", number)
        if "GET" in (rule.methods or ()):
            status = browser.client.get(address).status_code
        else:
            status = browser.post(address, "/settings/programme").status_code
        # What is not there to be tried again is told on the list.
        told = "POST" in (rule.methods or ()) and "/activity/" in rule.rule and number == str(2**63 - 1)
        assert status == (303 if told else 404), address[:80]
        asked += 1
    assert asked == 18


@pytest.mark.parametrize(
    "question",
    [
        "settings/members?by=orders&after=999999999999999999.1",
        "settings/members?by=balance&after=-999999999999999999.999999999999999999",
        "settings/members?found=999999999999999999." + LONG,
        "settings/coupons?after=2026-11-20T12:00:00%2B00:00_ABC",
    ],
)
def test_a_place_beyond_the_list_is_an_empty_page(browser: Any, question: str) -> None:
    browser.get(f"/{question}")


@pytest.mark.parametrize(
    "question",
    [
        f"settings/members?after={LONG}.1",
        f"settings/members?after=1.{LONG}",
        f"settings/activity?after={LONG}",
        f"settings/activity?shop={LONG}",
        "settings/activity?shop=٣",
        "settings/coupons?after=0001-01-01T00:00:00%2B23:59_ABC",
        "settings/coupons?after=9999-12-31T23:59:59-23:59_ABC",
        "settings/coupons?after=2026-11-20_ABC",
    ],
)
def test_a_place_that_cannot_be_is_not_found(browser: Any, question: str) -> None:
    browser.get(f"/{question}", status=404)


@pytest.mark.parametrize("number", [LONG, "9" * 20, "٣", "-1", "1e3"])
def test_a_shop_that_cannot_be_is_not_found(town: Any, browser: Any, number: str) -> None:
    town.orders(town.customers(1), 60, 150_00)
    town.start()
    card = f"/settings/members/{town.member_of('c0')}"
    fields = {"act_key": "a-key-of-its-own-1", "reward": "five-off", "place": f"{number}:1"}
    assert browser.post(f"{card}/redeem", card, **fields).status_code == 404
    checks = "/settings/activity/checks"
    assert browser.post("/settings/activity/check", checks, shop=number).status_code == 404


@pytest.mark.parametrize("points", [LONG, "9" * 13, "9" * 12])
def test_points_beyond_measure_are_refused_beside_their_field(town: Any, browser: Any, points: str) -> None:
    town.customers(1)
    town.start()
    card = f"/settings/members/{town.member_of('c0')}"
    answer = browser.post(f"{card}/adjust", card, act_key="a-key-of-its-own-1", points=points, reason="x")
    assert answer.status_code == 422
    assert 'id="points.error"' in answer.text


@pytest.mark.parametrize("typed", [LONG, "9" * 20, "1e999999", "1e9"])
def test_no_number_of_the_programme_breaks(town: Any, browser: Any, typed: str) -> None:
    page = "/settings/programme"
    town.second_shop()
    fields = browser.form(page, "terms")
    figures = [name for name, text in fields.items() if text.replace(".", "").isdigit()]
    assert len(figures) > 15
    for step in ("draft", "preview"):
        answer = browser.client.post(f"{page}/{step}", data=fields | dict.fromkeys(figures, typed))
        assert answer.status_code == 422
    fields |= {"example_amount": typed, "change": f"remove:tiers.{typed}"}
    assert browser.client.post(f"{page}/example", data=fields).status_code == 200
    assert browser.client.post(f"{page}/rows", data=fields).status_code == 200


@pytest.mark.parametrize("text", ["1e999999", "1E5", "NaN", "Infinity", "1_000", "", ".", "9" * 13])
def test_a_rate_is_digits_and_nothing_else(app: Flask, text: str) -> None:
    with app.test_request_context(), pytest.raises(Refused):
        forms.decimal(text)
