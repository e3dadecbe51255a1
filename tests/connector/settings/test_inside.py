"""The pages inside a shop's admin: every request proves whose it is, no cookie is kept, nobody else frames them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import jwt
import msgspec
import pytest
from flask import Flask
from sqlalchemy import func, select

from connector import jobs, plugins
from connector.app import create_app
from connector.house import House, furnish
from connector.store import shops
from connector.store.shops import Shop
from connector.store.tables import visits

NOW = int(datetime.now(UTC).timestamp())


@pytest.fixture
def house(env: dict[str, str], paper: ModuleType, inside: ModuleType) -> Iterator[House]:
    both = {**plugins.platforms(), "paper": paper.PaperPlatform()}
    made = furnish(env | inside.ENV, both, lambda: paper.NOW)
    yield made
    made.close()


@pytest.fixture
def shop(house: House, inside: ModuleType) -> Shop:
    connected: Shop = inside.connect(house)
    return connected


@pytest.fixture
def app(house: House) -> Flask:
    return create_app(house)


@pytest.fixture
def admin(app: Flask, shop: Shop, inside: ModuleType) -> Any:
    return inside.Admin(app)


def kept(house: House, shop: Shop) -> int:
    """How many visits are kept of this merchant."""
    with house.database.merchant(shop.merchant_id) as tx:
        return int(tx.value(select(func.count()).select_from(visits)))


def test_a_page_opened_by_the_admin_belongs_to_it_alone(admin: Any) -> None:
    answer = admin.document("/settings/members")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors https://theehoek.myshopify.com https://admin.shopify.com" in policy
    assert "script-src 'self' https://cdn.shopify.com;" in policy
    assert "unsafe" not in policy
    assert "X-Frame-Options" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert "Authorization" in answer.headers["Vary"]
    assert answer.headers["Cache-Control"] == "no-store"
    scripts = re.findall(r"<script src=\"([^\"]+)\"", answer.text)
    assert scripts[0] == "https://cdn.shopify.com/shopifycloud/app-bridge.js"
    assert '<meta name="shopify-api-key" content="client-1">' in answer.text
    assert "Sign out" not in answer.text
    assert "csrf_token" not in answer.text


def test_what_the_admin_adds_to_an_address_is_in_no_link_of_the_page(admin: Any) -> None:
    page = admin.document("/settings/activity?state=parked").text
    assert "id_token" not in page
    assert 'data-here="/settings/activity?state=parked"' in page
    assert 'value="parked" selected' in page


def test_a_page_named_behind_the_apps_own_address_is_found(admin: Any) -> None:
    way = admin.document("/shopify/settings/activity?state=parked")
    assert way.location.startswith("/settings/activity?state=parked&embedded=1")
    assert admin.client.get(way.location).status_code == 200


def test_two_shops_answers_differ_in_who_may_frame_them(
    app: Flask, house: House, shop: Shop, inside: ModuleType
) -> None:
    other = "papier.myshopify.com"
    inside.connect(house, other)
    told = {}
    for address in (inside.ADDRESS, other):
        answers = [inside.Admin(app, address).document("/"), inside.Admin(app, address).open("/nothing")]
        assert [one.status_code for one in answers] == [200, 404]
        for one in answers:
            assert f"https://{address} " in one.headers["Content-Security-Policy"]
            assert "X-Frame-Options" not in one.headers
        told[address] = answers[0].headers["Content-Security-Policy"]
    assert told[inside.ADDRESS] != told[other]


def test_a_language_and_a_message_outlive_the_request_without_a_cookie(
    admin: Any, app: Flask, house: House, shop: Shop, inside: ModuleType
) -> None:
    assert '<html lang="en">' in admin.document("/").text
    assert kept(house, shop) == 0  # looking leaves nothing behind
    page = admin.open("/settings/language", "POST", data={"language": "nl", "next": "/"})
    assert '<html lang="nl">' in page.text
    assert '<html lang="nl">' in admin.document("/settings/members").text
    asked = admin.open("/settings/activity/check", "POST", data={"shop": str(shop.id)})
    assert "De Theehoek wordt" in asked.text
    assert "De Theehoek wordt" not in admin.open("/settings/activity/checks").text
    assert kept(house, shop) == 1
    # Another sitting of the same merchant is another visit.
    assert '<html lang="en">' in inside.Admin(app, sitting="sitting-2").document("/").text


def test_a_language_chosen_on_a_page_whose_address_names_another_stays(admin: Any) -> None:
    page = admin.document("/settings/members?q=x&lang=nl").text
    back = re.search(r'name="next" value="([^"]+)"', page)
    assert back is not None
    assert back[1] == "/settings/members?q=x"
    chosen = admin.open("/settings/language", "POST", data={"language": "en", "next": back[1]})
    assert '<html lang="en">' in chosen.text


def test_a_visit_is_erased_when_it_is_over(admin: Any, house: House, shop: Shop) -> None:
    admin.open("/settings/language", "POST", data={"language": "nl"})
    assert kept(house, shop) == 1
    jobs.tidy(house)
    assert kept(house, shop) == 1
    jobs.tidy(msgspec.structs.replace(house, now=lambda: house.now() + timedelta(hours=13)))
    assert kept(house, shop) == 0


BAD: dict[str, dict[str, Any]] = {
    "wrong secret": {"secret": "wrong-wrong-wrong-wrong-wrong-00"},
    "another algorithm": {"alg": "HS512"},
    "for another app": {"aud": "client-2"},
    "for a list that holds us": {"aud": ["client-1"]},
    "ended 11 seconds ago": {"exp": NOW - 11},
    "begins in an hour": {"nbf": NOW + 3600},
    "issued by another shop": {"dest": "https://papier.myshopify.com"},
    "a path behind the shop": {"dest": "https://theehoek.myshopify.com/x"},
    "another issuer": {"iss": "https://theehoek.myshopify.com"},
    **{f"without {claim}": {claim: None} for claim in "exp nbf iat iss dest aud sub jti sid".split()},
}
NONE = {
    "no algorithm": jwt.encode({"dest": "x"}, "", "none"),
    "words": "a.b.c",
    "empty": "",
    "long": "x" * 9000,
}


def test_a_token_that_is_not_strictly_good_shows_and_moves_nothing(admin: Any, inside: ModuleType) -> None:
    for why, bad in NONE.items() | {(why, inside.token(**changes)) for why, changes in BAD.items()}:
        refused(admin, bad, why)
        # A document bounces once for a new one; out of the bounce the same is said with 401.
        answer = admin.document("/settings/members", id_token=bad)
        assert answer.status_code == 302, why
        assert answer.location.startswith(
            "/shopify/bounce?shop=theehoek.myshopify.com&shopify-reload=%2Fsettings"
        )
        assert admin.document("/settings/members", id_token=bad, bounced="1").status_code == 401, why
    refused(admin, "é", "other than ASCII")


def refused(admin: Any, bad: str, why: str) -> None:
    """Neither a page nor a form takes it; the admin's script is told to bring another."""
    for path, method in (("/settings/members", "GET"), ("/settings/join-code", "POST"), ("/", "GET")):
        answer = admin.client.open(
            path, method=method, headers={"Authorization": f"Bearer {bad}".encode().decode("latin-1")}
        )
        assert answer.status_code == 401, (why, path)
        assert answer.headers["X-Shopify-Retry-Invalid-Session-Request"] == "1"
        assert "Set-Cookie" not in answer.headers
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_a_token_in_the_address_changes_nothing(
    admin: Any, house: House, shop: Shop, inside: ModuleType
) -> None:
    answer = admin.client.post(f"/settings/language?id_token={inside.token()}", data={"language": "nl"})
    assert answer.status_code == 400
    assert kept(house, shop) == 0


def test_the_address_cannot_name_another_shop_than_the_token(admin: Any) -> None:
    assert (
        admin.client.get("/settings/members?shop=papier.myshopify.com", headers=admin.headers()).status_code
        == 401
    )


def test_a_member_of_another_merchant_is_not_there(
    admin: Any, app: Flask, house: House, shop: Shop, inside: ModuleType, town: Any, fair: Any
) -> None:
    fair.furnish(town, 40)
    inside.back_to_its_address(town)
    inside.connect(house, "papier.myshopify.com")
    stranger = inside.Admin(app, "papier.myshopify.com")
    address = f"/settings/members/{town.star[0]}"
    assert admin.open(address).status_code == 200
    assert stranger.open(address).status_code == 404
    assert (
        stranger.open(f"{address}/adjust", "POST", data={"points": "5", "reason": "mine"}).status_code == 404
    )


def test_after_an_uninstall_a_page_leads_to_the_install_and_a_fetch_to_nothing(
    admin: Any, house: House, shop: Shop
) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        shops.remove(tx, shop.id, house.now())
    answer = admin.document("/settings/members")
    assert answer.status_code == 302
    assert answer.location.startswith("/shopify/?embedded=1&shop=theehoek.myshopify.com")
    assert admin.client.get("/settings/members", headers=admin.headers()).status_code == 401


def test_signing_in_and_out_is_for_cookies_only(admin: Any) -> None:
    assert admin.open("/signin/word").status_code == 404
    assert admin.open("/signout").status_code == 404
    assert admin.open("/signout", "POST").status_code == 404


def test_the_bounce_page_holds_the_admins_script_alone(admin: Any) -> None:
    way = admin.client.get("/settings/activity?embedded=1&shop=theehoek.myshopify.com&state=parked")
    assert way.status_code == 302
    answer = admin.client.get(way.location)
    assert answer.status_code == 200
    assert re.findall(r"<script[^>]*>", answer.text) == [
        '<script src="https://cdn.shopify.com/shopifycloud/app-bridge.js">'
    ]
    assert (
        "frame-ancestors https://theehoek.myshopify.com https://admin.shopify.com"
        in (answer.headers["Content-Security-Policy"])
    )
    assert "X-Frame-Options" not in answer.headers
    assert "shopify-reload=%2Fsettings%2Factivity%3Fstate%3Dparked" in way.location


def test_the_bounce_page_opens_to_no_other_shop_and_leads_nowhere_else(admin: Any) -> None:
    ours = "theehoek.myshopify.com"
    for shop, wanted in (
        ("papier.myshopify.com", "/"),
        ("evil.example", "/"),
        (f"{ours};script-src *", "/"),
        (ours, "//evil.example"),
        (ours, "https://evil.example"),
        (ours, "/\\evil.example"),
        (ours, "/\t/evil.example"),
        (ours, ""),
    ):
        answer = admin.client.get("/shopify/bounce", query_string={"shop": shop, "shopify-reload": wanted})
        assert answer.status_code == 400, (shop, wanted)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_the_same_page_in_a_window_of_its_own_stays_closed_to_frames(
    app: Flask, shop: Shop, sign_in: Any
) -> None:
    answer = sign_in(shop.merchant_id, "en").client.get("/settings/members")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "app-bridge" not in answer.text
    assert "Sign out" in answer.text
