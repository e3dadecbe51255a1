"""Every page opens: empty, full, in both languages; nobody sees it without signing in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from connector.settings import show

PAGES = (
    "/",
    "/settings/shops",
    "/settings/shops/state",
    "/settings/programme",
    "/settings/members",
    "/settings/coupons",
    "/settings/coupons.csv",
    "/settings/activity",
    "/settings/activity/sent",
    "/settings/activity/checks",
    "/settings/activity/privacy",
)


@pytest.mark.parametrize("page", PAGES)
def test_without_signing_in_every_page_is_a_friendly_401(app: Flask, page: str) -> None:
    answer = app.test_client().get(page)
    assert answer.status_code == 401
    assert "Please sign in" in answer.text


@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_page_opens_on_an_empty_house(sign_in: Callable[..., Any], shop: Any, language: str) -> None:
    browser = sign_in(shop.merchant_id, language)
    for page in PAGES:
        text = browser.get(page)
        if page not in ("/settings/shops/state", "/settings/coupons.csv"):
            assert f'<html lang="{language}">' in text


@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_page_opens_on_a_running_house(sign_in: Callable[..., Any], town: Any, language: str) -> None:
    ids = town.customers(60)
    town.orders(ids, 100, 120_00)
    town.orders(ids[:30], 20, 80_00)
    town.start()
    browser = sign_in(town.shop.merchant_id, language)
    for page in (*PAGES, f"/settings/members/{town.member_of('c0')}", "/settings/programme/versions/1"):
        browser.get(page)


@pytest.mark.parametrize(
    ("days", "told"),
    [(324, "11 months ago"), (370, "1 year ago"), (10, "1 week ago"), (0.98, "24 hours ago")],
)
def test_how_long_ago_is_not_rounded_up_to_a_longer_unit(app: Flask, days: float, told: str) -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    with app.test_request_context():
        assert show.ago(now - timedelta(days=days), now) == told
