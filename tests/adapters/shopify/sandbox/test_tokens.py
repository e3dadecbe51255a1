"""The token desk and the merchant's grant page, with real signatures."""

import hashlib
import hmac
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import jwt

from adapters.shopify.sandbox import tokens

EXCHANGE = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
    "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
    "expiring": 1,
}


def alive(stand, token: str) -> int:
    return stand.post("{ shop { name } }", token=token).status_code


def test_a_code_is_good_once_and_gives_a_token_for_an_hour(stand) -> None:
    code = stand.shop.desk.code("read_orders", stand.shop.clock())
    told = stand.ask_token(code=code, expiring=1).json()
    assert (told["expires_in"], told["refresh_token_expires_in"], told["scope"]) == (
        3600,
        7776000,
        "read_orders",
    )
    assert alive(stand, told["access_token"]) == 200
    again = stand.ask_token(code=code, expiring=1)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_request")
    clock = stand.shop.clock
    stand.shop.clock = lambda: clock() + timedelta(seconds=3601)
    assert alive(stand, told["access_token"]) == 401


def test_a_token_that_never_expires_is_given_but_not_accepted(stand) -> None:
    code = stand.shop.desk.code("read_orders", stand.shop.clock())
    told = stand.ask_token(code=code).json()
    assert "expires_in" not in told
    assert alive(stand, told["access_token"]) == 403
    offline = "urn:shopify:params:oauth:token-type:offline-access-token"
    new = stand.ask_token(
        **{**EXCHANGE, "subject_token": told["access_token"], "subject_token_type": offline}
    ).json()
    assert alive(stand, new["access_token"]) == 200
    assert alive(stand, told["access_token"]) == 401


def test_an_id_token_is_exchanged_when_it_is_genuine(stand) -> None:
    app = (stand.shop.client_id, stand.shop.client_secret)
    good = tokens.id_token(app, stand.shop.domain, stand.shop.clock())
    assert (
        jwt.decode(good, app[1], algorithms=["HS256"], audience=app[0])["dest"]
        == "https://demo-gifts.myshopify.com"
    )
    told = stand.ask_token(**EXCHANGE, subject_token=good).json()
    assert alive(stand, told["access_token"]) == 200
    forged = tokens.id_token(
        (app[0], "another secret of at least 32 bytes"), stand.shop.domain, stand.shop.clock()
    )
    late = tokens.id_token(app, stand.shop.domain, stand.shop.clock() - timedelta(minutes=5))
    for bad in (forged, late, "nonsense"):
        answer = stand.ask_token(**EXCHANGE, subject_token=bad)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_subject_token")


def test_a_wrong_secret_and_a_strange_grant_are_refused(stand) -> None:
    assert stand.ask_token(code="x", client_secret="wrong").json()["error"] == "invalid_client"
    assert stand.ask_token(grant_type="password").json()["error"] == "unsupported_grant_type"


def test_a_refresh_token_stays_good_until_its_replacement_is_used(stand) -> None:
    code = stand.shop.desk.code("read_orders", stand.shop.clock())
    first = stand.ask_token(code=code, expiring=1).json()["refresh_token"]

    def renew(text: str):
        return stand.ask_token(grant_type="refresh_token", refresh_token=text)

    lost = renew(first).json()["refresh_token"]
    second = renew(first).json()["refresh_token"]
    assert renew(lost).json()["error"] == "invalid_grant"
    third = renew(second).json()
    assert alive(stand, third["access_token"]) == 200
    assert renew(first).json()["error"] == "invalid_grant"
    assert renew(third["refresh_token"]).status_code == 200


def test_a_refresh_token_ends_thirty_days_after_its_first_use_and_ninety_after_it_was_given(stand) -> None:
    code = stand.shop.desk.code("read_orders", stand.shop.clock())
    first = stand.ask_token(code=code, expiring=1).json()["refresh_token"]
    clock = stand.shop.clock

    def after(days: float, text: str):
        stand.shop.clock = lambda: clock() + timedelta(days=days)
        return stand.ask_token(grant_type="refresh_token", refresh_token=text).json()

    assert "access_token" in after(0, first)
    lost = after(29, first)
    assert "access_token" in lost
    assert after(31, first)["error"] == "invalid_grant"
    assert "access_token" in after(29 + 89, lost["refresh_token"])
    unused = after(29 + 89, lost["refresh_token"])["refresh_token"]
    assert after(29 + 89 + 91, unused)["error"] == "invalid_grant"


def test_an_app_has_one_refreshable_token_in_a_shop(stand) -> None:
    one, two = (
        stand.ask_token(code=stand.shop.desk.code("read_orders", stand.shop.clock()), expiring=1).json()
        for _ in range(2)
    )
    answer = stand.ask_token(grant_type="refresh_token", refresh_token=one["refresh_token"])
    assert answer.json()["error"] == "invalid_grant"
    assert stand.ask_token(grant_type="refresh_token", refresh_token=two["refresh_token"]).status_code == 200


def test_credentials_alone_open_only_shops_of_the_apps_own_organisation(stand) -> None:
    asked = {"grant_type": "client_credentials"}
    assert stand.ask_token(**asked).json()["error"] == "shop_not_permitted"
    stand.shop.desk.own = True
    told = stand.ask_token(**asked).json()
    assert (told["expires_in"], "refresh_token" in told) == (86_399, False)
    assert alive(stand, told["access_token"]) == 200
    assert stand.ask_token(**asked, client_secret="wrong").json()["error"] == "invalid_client"


def test_after_an_uninstall_every_token_is_dead(stand) -> None:
    stand.control("uninstall")
    assert alive(stand, stand.token) == 401


def test_the_grant_page_sends_the_merchant_back_with_a_signed_code(stand) -> None:
    query = {
        "client_id": stand.shop.client_id,
        "scope": "read_orders,write_discounts",
        "redirect_uri": "http://127.0.0.1:9/shopify/callback",
        "state": "s&t",
    }
    page = stand.http.get(f"{stand.url}/admin/oauth/authorize", params=query, timeout=60)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text.replace("&amp;", "&")))
    back = stand.http.post(
        f"{stand.url}/admin/oauth/authorize", data=fields, allow_redirects=False, timeout=60
    )
    found = {key: values[0] for key, values in parse_qs(urlsplit(back.headers["Location"]).query).items()}
    signature = found.pop("hmac")
    message = f"code={found['code']}&host={found['host']}&shop={found['shop']}&state=s%26t&timestamp={found['timestamp']}"
    assert (
        signature == hmac.new(stand.shop.client_secret.encode(), message.encode(), hashlib.sha256).hexdigest()
    )
    assert stand.ask_token(code=found["code"], expiring=1).json()["scope"] == "read_orders,write_discounts"
    assert stand.shop.public_url == "http://127.0.0.1:9"


def test_the_grant_page_knows_only_its_own_app_and_its_own_form(stand) -> None:
    query = {"client_id": "another", "scope": "", "redirect_uri": "http://127.0.0.1:9/x", "state": ""}
    assert stand.http.get(f"{stand.url}/admin/oauth/authorize", params=query, timeout=60).status_code == 400
    own = {**query, "client_id": stand.shop.client_id, "csrf": "guessed"}
    assert stand.http.post(f"{stand.url}/admin/oauth/authorize", data=own, timeout=60).status_code == 403


def test_an_install_that_breaks_says_at_which_step(stand) -> None:
    answer = stand.control("install", {"public_url": "http://127.0.0.1:9"}, status=502)
    assert answer["step"] == "/shopify/install"
