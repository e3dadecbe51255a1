"""Activate and Reauthorize on the road: a sandbox shop posts to a whole house over HTTP, and its admin's browser follows."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import requests

from adapters.magento import keys
from adapters.magento.platform import platform
from connector import hall
from connector.app import create_app
from connector.house import House, furnish
from connector.serving import Web
from connector.store import merchants, shops


@pytest.fixture
def public(web: Web) -> str:
    return f"http://127.0.0.1:{web.port}"


def press(sandbox: Any, button: str, public: str, **more: Any) -> Any:
    answer = requests.post(
        f"{sandbox.address}_sandbox/{button}", json={"public_url": public} | more, timeout=60
    )
    return answer.status_code, answer.json()


def test_a_shop_is_connected_and_connected_again_without_a_key_being_pasted(
    home: House, public: str, sandbox: Any
) -> None:
    status, told = press(sandbox, "activate", public)
    assert (status, told["callback"], told["status"]) == (200, 200, 200), told
    assert "/signin/" in told["html_excerpt"]
    with home.database.everyone() as connection:
        (shop,) = shops.everywhere(connection)
    assert (shop.address, shop.state) == (sandbox.address, "connected")
    first = keys.unpacked(home.vault(shop).read())
    assert home.line(shop).counts().orders == 0

    with home.database.merchant(shop.merchant_id) as tx:
        shops.needs_reconnect(tx, shop.id)
    status, told = press(sandbox, "reauthorize", public)
    assert status == 200, told
    with home.database.everyone() as connection:
        (again,) = shops.everywhere(connection)
    assert (again.id, again.state) == (shop.id, "connected")
    second = keys.unpacked(home.vault(again).read())
    assert (second.consumer_key, second.hook_secret) == (first.consumer_key, first.hook_secret)
    assert second.token != first.token
    assert home.line(again).counts().orders == 0


def test_the_callback_needs_no_session_and_answers_the_same_to_everybody(public: str) -> None:
    with requests.Session() as line:
        answers = [
            line.post(f"{public}/callbacks/magento", data=data, timeout=60) for data in ({}, {"x": "y"})
        ]
    assert {(one.status_code, one.content, "Set-Cookie" in one.headers) for one in answers} == {
        (200, b"", False)
    }


def test_who_comes_too_often_is_told_when_to_come_again_on_a_page(
    public: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hall, "VISITS_OF_A_CALLER", 1)
    with requests.Session() as browser:
        asked = {"oauth_consumer_key": "k" * 32, "success_call_back": ""}
        words = {"oauth_consumer_secret": "s" * 32, "oauth_verifier": "v" * 32}
        told = asked | words | {"store_base_url": "https://10.0.0.5/"}
        browser.post(f"{public}/callbacks/magento", data=told, timeout=60)
        answers = [browser.get(f"{public}/magento/identity", params=asked, timeout=60) for _ in range(2)]
    assert [one.status_code for one in answers] == [422, 429]
    assert 0 < int(answers[1].headers["Retry-After"]) <= 60
    assert "A little slower, please" in answers[1].text


def test_over_https_the_button_works_with_no_more_than_a_browser_sends(
    env: dict[str, str], sandbox: Any
) -> None:
    own = "https://localhost"
    house = furnish(env | sandbox.env | {"PUBLIC_URL": own}, {"magento": platform})
    try:
        browser = create_app(house).test_client()
        sandbox.shop.exchange.begin()
        offer = msgspec.to_builtins(
            sandbox.shop.exchange.offer(sandbox.address, sandbox.shop.clock(), again=False)
        )
        browser.post("/callbacks/magento", data=offer, base_url=own)
        asked = {"oauth_consumer_key": offer["oauth_consumer_key"], "success_call_back": ""}
        page = browser.get("/magento/identity", query_string=asked, base_url=own, follow_redirects=True)
        form = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        # A page that wants its address kept to itself is obeyed, also towards its own site.
        silent = page.headers["Referrer-Policy"] == "no-referrer"
        sent = {"Origin": "null"} if silent else {"Origin": own, "Referer": page.request.url}
        done = browser.post("/magento/identity", data=form, base_url=own, headers=sent)
        assert (done.status_code, "csrf_token" in form) == (303, True), done.text
        assert done.location.startswith(f"{own}/signin/")
        assert browser.post("/magento/identity", data=form, base_url=own).status_code == 400, (
            "it is asked for"
        )
    finally:
        house.close()


def test_a_dutch_browser_stays_dutch_though_the_shops_main_view_is_english_also_when_it_comes_again(
    home: House, public: str, sandbox: Any
) -> None:
    assert home is not None
    with requests.Session() as browser:
        browser.headers.update(
            {"Accept-Language": "nl-NL,nl;q=0.9,en;q=0.8", "Sec-Fetch-Site": "same-origin"}
        )
        page = browser.get(f"{public}/magento/", timeout=60).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token
        four = ("consumer_key", "consumer_secret", "token", "token_secret")
        typed = {name: getattr(sandbox.keys, name) for name in four}
        typed |= {"csrf_token": token[1], "address": sandbox.address}
        sent = browser.post(f"{public}/magento/", data=typed, timeout=60, allow_redirects=False)
        assert sent.status_code == 303
        landed = browser.get(public + urlsplit(sent.headers["Location"]).path, timeout=60)
    assert (landed.status_code, '<html lang="nl">' in landed.text) == (200, True)
    with home.database.everyone() as connection:
        (shop,) = shops.everywhere(connection)
    with home.database.merchant(shop.merchant_id) as tx:
        assert merchants.get(tx).language == "nl"
