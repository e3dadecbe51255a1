"""The install roads, walked like a browser and attacked like one."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import jwt
import pytest
import responses
from flask import Flask
from flask.testing import FlaskClient

from adapters.shopify import grants, pages, tokens
from adapters.shopify.platform import platform
from adapters.shopify.settings import SCOPES
from connector.port import Installed, Known, Refused, Welcomed

SHOP = "demo-gifts.myshopify.com"
# Long enough for every algorithm that an attacker may try.
SECRET = "hush-hush-hush-hush-hush-hush-01" * 2
PREVIOUS = "the-secret-before-this-one-00000"
ENV = {
    "SHOPIFY_CLIENT_ID": "client-1",
    "SHOPIFY_CLIENT_SECRET": SECRET,
    "SHOPIFY_CLIENT_SECRET_PREVIOUS": PREVIOUS,
}
GIVEN = {
    "access_token": "access-1",
    "scope": "read_orders,write_customers,read_customer_merge,read_products,write_discounts,write_app_proxy",
    "expires_in": 3600,
    "refresh_token": "refresh-1",
    "refresh_token_expires_in": 7_776_000,
}
FACTS = {
    "name": "Demo Gifts",
    "email": "owner@example.com",
    "myshopifyDomain": SHOP,
    "currencyCode": "GBP",
    "ianaTimezone": "Europe/London",
}


class Doorstep:
    """A hall that remembers who was welcomed."""

    public_url = "https://comeback.example.com"
    session_secret = b"a secret of the house"

    def __init__(self) -> None:
        self.welcomed: list[Installed] = []
        self.refuses = ""
        self.spent: set[str] = set()
        self.shops: dict[str, Known] = {}
        self.vaults: dict[str, Any] = {}
        self.code_is_out = False

    def welcome(self, installed: Installed) -> Welcomed:
        if self.refuses:
            raise Refused(self.refuses)
        self.welcomed.append(installed)
        return Welcomed("https://comeback.example.com/signin/once", "key-1")

    def vault(self, address: str) -> Any:
        return self.vaults.get(address)

    def known(self, address: str) -> Known | None:
        return self.shops.get(address)

    def expects(self) -> bool:
        return self.code_is_out

    def enter(self, address: str) -> str:
        return "https://comeback.example.com/signin/again"

    def guard(self, url: str) -> str:
        return url

    def once(self, word: str, lasts: timedelta) -> bool:
        return word not in self.spent and self.spent.add(word) is None


@pytest.fixture
def hall() -> Doorstep:
    return Doorstep()


def browser_at(hall: Doorstep, env: dict[str, str] = ENV) -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(platform.pages(env, hall), url_prefix="/shopify")
    client = app.test_client()
    client.environ_base |= {"wsgi.url_scheme": "https", "HTTP_HOST": "comeback.example.com"}
    return client


@pytest.fixture
def browser(hall: Doorstep) -> FlaskClient:
    return browser_at(hall)


@pytest.fixture
def shopify() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add(responses.POST, f"https://{SHOP}/admin/oauth/access_token", json=GIVEN)
        graphql = f"https://{SHOP}/admin/api/2026-10/graphql.json"
        mock.add(responses.POST, graphql, json={"data": {"shop": FACTS}})
        yield mock


def depart(browser: FlaskClient, query: str = f"shop={SHOP}") -> str:
    """Leave for Shopify; return the state that went along."""
    answer = browser.get(f"/shopify/install?{query}")
    assert answer.status_code == 302
    return parse_qs(urlsplit(answer.location).query)["state"][0]


def signed(secret: str = SECRET, **parameters: str) -> str:
    """A callback's query as Shopify signs it."""
    found = {
        "code": "code-1",
        "shop": SHOP,
        "host": "YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvZGVtbw",
        "timestamp": str(int(datetime.now(UTC).timestamp())),
    } | parameters
    text = urlencode(sorted(found.items()))
    return urlencode({**found, "hmac": hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()})


def in_seconds(seconds: int) -> int:
    return int(datetime.now(UTC).timestamp()) + seconds


def session_token(secret: str = SECRET, **changes: object) -> str:
    now = int(datetime.now(UTC).timestamp())
    claims = {
        "iss": f"https://{SHOP}/admin",
        "dest": f"https://{SHOP}",
        "aud": "client-1",
        "sub": "42",
        "exp": now + 60,
        "nbf": now,
        "iat": now,
        "jti": "f8912129-1af6-4cad-9ca3-76b0f7621087",
        "sid": "aaea182f2732d44c23057c0fea584021a4485b2bd25d3eb7fd349313ad24c685",
    } | changes
    algorithm = str(changes.pop("alg", "HS256"))
    claims.pop("alg", None)
    return jwt.encode({key: value for key, value in claims.items() if value is not None}, secret, algorithm)


# --- the form ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words"), [("nl", "Verbind je Shopify-winkel"), ("fr", "Connect your Shopify shop")]
)
def test_the_form_speaks_dutch_and_english(browser: FlaskClient, language: str, words: str) -> None:
    page = browser.get("/shopify/install", headers={"Accept-Language": language})
    assert page.status_code == 200
    assert words in page.text


def test_the_language_chosen_in_the_house_goes_before_the_browsers(browser: FlaskClient) -> None:
    browser.application.secret_key = "a key of this test"
    with browser.session_transaction() as session:
        session["language"] = "nl"
    page = browser.get("/shopify/install", headers={"Accept-Language": "en"})
    assert "Verbind je Shopify-winkel" in page.text


def test_no_page_has_a_script_or_a_style_inside(browser: FlaskClient) -> None:
    page = browser.get("/shopify/install?shop=<script>alert(1)</script>")
    assert re.search(r"<script|<style|style=|\son\w+=", page.text) is None
    assert page.status_code == 400
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


def test_the_stylesheet_is_served(browser: FlaskClient) -> None:
    page = browser.get("/shopify/install")
    (address,) = re.findall(r'href="(/shopify/static/[^"]+\.css)"', page.text)
    answer = browser.get(address)
    assert answer.status_code == 200
    assert answer.mimetype == "text/css"
    answer.close()


@pytest.mark.parametrize(
    "typed",
    [
        "demo-gifts",
        "Demo-Gifts.myshopify.com ",
        "https://demo-gifts.myshopify.com/admin/orders",
        "admin.shopify.com/store/demo-gifts",
        "https://admin.shopify.com/store/demo-gifts/settings/domains",
    ],
)
def test_what_people_type_becomes_the_shops_address(typed: str) -> None:
    assert pages.shop_of(typed) == SHOP


@pytest.mark.parametrize(
    "typed",
    [
        "evil.com/.myshopify.com",
        "evil.com?.myshopify.com",
        "demo.myshopify.com.evil.com",
        "demo@evil.com",
        "dеmo-gifts.myshopify.com",
        "demo gifts",
        "demo.myshopify.com:443",
        "//evil.com",
        "x" * 80,
        "",
    ],
)
def test_what_is_no_shop_goes_nowhere(browser: FlaskClient, typed: str) -> None:
    answer = browser.get("/shopify/install", query_string={"shop": typed})
    assert answer.status_code in {200, 400}
    assert "Location" not in answer.headers


# --- leaving for Shopify ------------------------------------------------------------------------------------------


def test_the_browser_is_sent_to_the_shops_own_grant_page(browser: FlaskClient) -> None:
    answer = browser.get(f"/shopify/install?shop={SHOP}")
    url = urlsplit(answer.location)
    query = parse_qs(url.query)
    assert (url.scheme, url.netloc, url.path) == ("https", SHOP, "/admin/oauth/authorize")
    assert query["client_id"] == ["client-1"]
    assert query["scope"] == [",".join(SCOPES)]
    assert query["redirect_uri"] == ["https://comeback.example.com/shopify/callback"]
    assert len(query["state"][0]) >= 32
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-shopify-install=")
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"):
        assert word in cookie


def test_no_two_departures_share_a_state(browser: FlaskClient) -> None:
    assert len({depart(browser) for _ in range(20)}) == 20


def test_a_sandbox_stands_in_for_the_grant_page(hall: Doorstep) -> None:
    browser = browser_at(hall, ENV | {"SHOPIFY_BASE_URL": "http://127.0.0.1:8090"})
    answer = browser.get(f"/shopify/install?shop={SHOP}")
    assert answer.location.startswith("http://127.0.0.1:8090/admin/oauth/authorize?client_id=client-1&")


# --- coming back ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [SECRET, PREVIOUS])
def test_the_merchant_comes_back_and_is_welcomed(
    browser: FlaskClient, hall: Doorstep, shopify: Any, secret: str
) -> None:
    state = depart(browser)
    answer = browser.get(
        f"/shopify/callback?{signed(secret, state=state)}", headers={"Accept-Language": "nl"}
    )
    assert (answer.status_code, answer.location) == (303, "https://comeback.example.com/signin/once")
    (installed,) = hall.welcomed
    assert (installed.facts.address, installed.facts.currency, installed.facts.language) == (
        SHOP,
        "GBP",
        "nl",
    )
    assert tokens.unpack(installed.tokens).refresh == "refresh-1"
    assert installed.merchant_code is None
    assert json.loads(shopify.calls[0].request.body)["code"] == "code-1"


def test_a_merchants_code_travels_along(browser: FlaskClient, hall: Doorstep, shopify: Any) -> None:
    state = depart(browser, f"shop={SHOP}&merchant_code=JOIN-ME-1")
    browser.get(f"/shopify/callback?{signed(state=state)}")
    assert hall.welcomed[0].merchant_code == "JOIN-ME-1"
    page = browser.get("/shopify/install?merchant_code=JOIN-ME-1")
    assert 'name="merchant_code" value="JOIN-ME-1"' in page.text


def test_a_code_brought_to_the_bare_address_reaches_the_form(browser: FlaskClient) -> None:
    page = browser.get("/shopify/?merchant_code=JOIN-ME-1", follow_redirects=True)
    assert 'name="merchant_code" value="JOIN-ME-1"' in page.text
    page = browser.get("/shopify/?merchant_code=<script>", follow_redirects=True)
    assert "merchant_code" not in page.text


def test_a_state_is_good_once(browser: FlaskClient, hall: Doorstep, shopify: Any) -> None:
    state = depart(browser)
    kept = browser.get_cookie("__Host-shopify-install")
    assert kept is not None
    back = f"/shopify/callback?{signed(state=state)}"
    assert browser.get(back).status_code == 303
    assert browser.get_cookie("__Host-shopify-install") is None
    browser.set_cookie("__Host-shopify-install", kept.value)
    assert browser.get(back).status_code == 401
    assert len(hall.welcomed) == 1


def test_a_state_used_at_one_process_is_used_at_all_of_them(
    browser: FlaskClient, hall: Doorstep, shopify: Any
) -> None:
    state = depart(browser)
    kept = browser.get_cookie("__Host-shopify-install")
    assert kept is not None
    back = f"/shopify/callback?{signed(state=state)}"
    assert browser.get(back).status_code == 303
    neighbour = browser_at(hall)
    neighbour.set_cookie("__Host-shopify-install", kept.value)
    assert neighbour.get(back).status_code == 401
    assert len(hall.welcomed) == 1


def plain(pairs: dict[str, str]) -> str:
    return "&".join(f"{name}={word}" for name, word in sorted(pairs.items()))


def percent(pairs: dict[str, str]) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(word, safe='')}" for name, word in sorted(pairs.items()))


def form(pairs: dict[str, str]) -> str:
    return urlencode(sorted(pairs.items()))


@pytest.mark.parametrize("word", ["two words", "a=b", "a/b", "https://x.example/?q=1", "é", "~!*'()", "+"])
@pytest.mark.parametrize("message", [plain, percent, form])
def test_the_signature_is_good_over_the_plain_and_over_the_encoded_query(
    browser: FlaskClient, hall: Doorstep, shopify: Any, word: str, message: Any
) -> None:
    now = str(int(datetime.now(UTC).timestamp()))
    pairs = {"code": "code-1", "shop": SHOP, "timestamp": now, "state": depart(browser), "locale": word}
    if message is plain and "=" in word:
        pairs["locale"] = "plain"  # the library that signs so escapes this character
    made = hmac.new(SECRET.encode(), message(pairs).encode(), hashlib.sha256).hexdigest()
    assert browser.get(f"/shopify/callback?{urlencode(pairs | {'hmac': made})}").status_code == 303
    other = pairs | {"locale": "another"}
    assert browser.get(f"/shopify/callback?{urlencode(other | {'hmac': made})}").status_code == 401


def test_another_browser_cannot_use_the_callback(browser: FlaskClient, hall: Doorstep, shopify: Any) -> None:
    state = depart(browser)
    stranger = browser_at(hall)
    assert stranger.get(f"/shopify/callback?{signed(state=state)}").status_code == 401
    depart(stranger)
    assert stranger.get(f"/shopify/callback?{signed(state=state)}").status_code == 401
    assert hall.welcomed == []
    assert len(shopify.calls) == 0


def test_a_state_ends_after_ten_minutes(
    browser: FlaskClient, hall: Doorstep, shopify: Any, monkeypatch: Any
) -> None:
    state = depart(browser)
    monkeypatch.setattr(grants, "STATE_LASTS", timedelta(seconds=-1))
    assert browser.get(f"/shopify/callback?{signed(state=state)}").status_code == 401


OLD = str(int(datetime.now(UTC).timestamp()) - 120)


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(lambda state: signed(state=state, shop="other.myshopify.com"), id="another shop"),
        pytest.param(lambda state: signed(state=state, shop="evil.com/.myshopify.com"), id="no shop"),
        pytest.param(lambda state: signed(state=state, shop=SHOP + "\n"), id="newline behind the shop"),
        pytest.param(lambda state: signed(state=state, timestamp=OLD), id="two minutes old"),
        pytest.param(lambda state: signed(state=state, timestamp="soon"), id="no time"),
        pytest.param(lambda state: signed(state=state, timestamp="٣" * 10), id="digits of another script"),
        pytest.param(lambda state: signed("wrong", state=state), id="wrong secret"),
        pytest.param(lambda state: signed(state="x" * 32), id="another state"),
        pytest.param(lambda state: signed(), id="no state"),
        pytest.param(lambda state: signed(state=state) + "&extra=1", id="a parameter not signed"),
        pytest.param(lambda state: signed(state=state) + f"&shop={SHOP}", id="a parameter twice"),
        pytest.param(lambda state: signed(state=state).partition("&hmac")[0], id="no signature"),
        pytest.param(
            lambda state: signed(state=state).replace("hmac=", "hmac=%C3%A9"), id="other than ASCII"
        ),
        pytest.param(lambda state: "", id="nothing at all"),
    ],
)
def test_a_forged_callback_is_refused_before_anyone_is_asked(
    browser: FlaskClient, hall: Doorstep, shopify: Any, attack: Any
) -> None:
    answer = browser.get(f"/shopify/callback?{attack(depart(browser))}")
    assert answer.status_code == 401
    assert len(shopify.calls) == 0
    assert hall.welcomed == []


def test_parameters_we_do_not_know_are_fine_when_signed(
    browser: FlaskClient, hall: Doorstep, shopify: Any
) -> None:
    state = depart(browser)
    assert browser.get(f"/shopify/callback?{signed(state=state, locale='nl')}").status_code == 303


def test_a_busy_shop_is_said_kindly(browser: FlaskClient, hall: Doorstep) -> None:
    with responses.RequestsMock() as mock:
        mock.add(responses.POST, f"https://{SHOP}/admin/oauth/access_token", status=503)
        answer = browser.get(f"/shopify/callback?{signed(state=depart(browser))}")
    assert answer.status_code == 503
    assert "Wait a minute" in answer.text


def test_a_right_that_was_not_granted_is_named(browser: FlaskClient, hall: Doorstep) -> None:
    with responses.RequestsMock() as mock:
        mock.add(
            responses.POST, f"https://{SHOP}/admin/oauth/access_token", json=GIVEN | {"scope": "read_orders"}
        )
        answer = browser.get(f"/shopify/callback?{signed(state=depart(browser))}")
    assert answer.status_code == 400
    assert "write_customers" in answer.text


def test_what_the_house_refuses_is_shown(browser: FlaskClient, hall: Doorstep, shopify: Any) -> None:
    hall.refuses = "This code was used before."
    answer = browser.get(f"/shopify/callback?{signed(state=depart(browser))}")
    assert answer.status_code == 400
    assert "This code was used before." in answer.text


# --- opened by Shopify itself ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [SECRET, PREVIOUS])
def test_a_managed_install_is_welcomed(
    browser: FlaskClient, hall: Doorstep, shopify: Any, secret: str
) -> None:
    answer = browser.get(f"/shopify/?shop={SHOP}&id_token={session_token(secret)}")
    assert (answer.status_code, answer.location) == (303, "https://comeback.example.com/signin/once")
    assert hall.welcomed[0].facts.address == SHOP
    assert json.loads(shopify.calls[0].request.body)["grant_type"].endswith("token-exchange")


def test_a_bare_visit_starts_the_install_of_the_shop_it_names(browser: FlaskClient) -> None:
    assert browser.get(f"/shopify/?shop={SHOP}").location == f"/shopify/install?shop={SHOP}"
    assert browser.get("/shopify/").location == "/shopify/install"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(lambda: session_token("wrong-wrong-wrong-wrong-wrong-00"), id="wrong secret"),
        pytest.param(lambda: session_token(alg="HS512"), id="another algorithm"),
        pytest.param(lambda: jwt.encode({"dest": f"https://{SHOP}"}, "", "none"), id="no algorithm"),
        pytest.param(lambda: session_token(aud="client-2"), id="for another app"),
        pytest.param(lambda: session_token(aud=["client-1", "client-2"]), id="for a list that holds us"),
        pytest.param(lambda: session_token(exp=in_seconds(-11)), id="ended 11 seconds ago"),
        pytest.param(
            lambda: session_token(exp=in_seconds(660), nbf=in_seconds(600)), id="begins in ten minutes"
        ),
        pytest.param(lambda: session_token(dest="https://other.myshopify.com"), id="issued by another shop"),
        pytest.param(
            lambda: session_token(dest="https://evil.example", iss="https://evil.example/admin"),
            id="another host",
        ),
        pytest.param(lambda: session_token(dest=f"https://{SHOP}/x"), id="a path behind the shop"),
        pytest.param(
            lambda: session_token(dest=f"http://{SHOP}", iss=f"http://{SHOP}/admin"), id="not https"
        ),
        pytest.param(lambda: session_token(iss=f"https://{SHOP}/evil"), id="another issuer"),
        *[
            pytest.param(lambda claim=claim: session_token(**{claim: None}), id=f"without {claim}")
            for claim in ("exp", "nbf", "iat", "iss", "dest", "aud", "sub", "jti", "sid")
        ],
        pytest.param(lambda: "a.b.c", id="no token"),
        pytest.param(lambda: "é", id="other than ASCII"),
        pytest.param(lambda: "", id="empty"),
    ],
)
def test_a_session_token_that_is_not_strictly_good_is_refused(
    browser: FlaskClient, hall: Doorstep, shopify: Any, token: Callable[[], str]
) -> None:
    answer = browser.get("/shopify/", query_string={"shop": SHOP, "id_token": token()})
    assert answer.status_code == 401
    assert answer.headers["X-Shopify-Retry-Invalid-Session-Request"] == "1"
    assert len(shopify.calls) == 0


def test_a_session_token_of_one_shop_does_not_open_another(
    browser: FlaskClient, hall: Doorstep, shopify: Any
) -> None:
    answer = browser.get(f"/shopify/?shop=other.myshopify.com&id_token={session_token()}")
    assert answer.status_code == 401


def test_a_session_token_that_ended_five_seconds_ago_is_within_the_clocks_difference(
    browser: FlaskClient, hall: Doorstep, shopify: Any
) -> None:
    token = session_token(exp=int(datetime.now(UTC).timestamp()) - 5)
    assert browser.get(f"/shopify/?shop={SHOP}&id_token={token}").status_code == 303


class Kept:
    """A vault that holds these tokens."""

    def __init__(self, scope: str = GIVEN["scope"], until: timedelta = timedelta(days=80)) -> None:  # type: ignore[assignment]
        now = datetime.now(UTC)
        self._kept = tokens.pack(tokens.Tokens("access-0", now, "refresh-0", now + until, scope))

    def read(self) -> bytes:
        return self._kept


def test_opening_a_shop_that_stands_well_asks_shopify_nothing(
    browser: FlaskClient, hall: Doorstep, shopify: Any
) -> None:
    hall.shops[SHOP], hall.vaults[SHOP] = Known("connected"), Kept()
    for _ in range(3):
        answer = browser.get(f"/shopify/?shop={SHOP}&id_token={session_token()}")
        assert (answer.status_code, answer.location) == (303, "https://comeback.example.com/signin/again")
        query = f"embedded=1&shop={SHOP}&id_token={session_token()}"
        answer = browser.get(f"/shopify/?{query}")
        assert (answer.status_code, answer.location) == (303, f"/?{query}")
    assert (len(shopify.calls), hall.welcomed) == (0, [])


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        pytest.param("reconnect", Kept(), id="refused by the shop"),
        pytest.param("removed", None, id="uninstalled before"),
        pytest.param("connected", None, id="without tokens"),
        pytest.param("connected", Kept(until=timedelta(days=-1)), id="a dead refresh token"),
        pytest.param("connected", Kept(scope="read_orders"), id="a right we need by now"),
    ],
)
def test_a_session_token_is_exchanged_where_the_tokens_would_not_do(
    browser: FlaskClient, hall: Doorstep, shopify: Any, state: str, kept: Kept | None
) -> None:
    hall.shops[SHOP], hall.vaults[SHOP] = Known(state), kept
    query = f"embedded=1&shop={SHOP}&id_token={session_token()}"
    assert browser.get(f"/shopify/?{query}").location == f"/?{query}"
    assert len(hall.welcomed) == 1
    assert tokens.unpack(hall.welcomed[0].tokens).access == "access-1"


def test_an_install_inside_the_admin_sets_no_cookie_and_says_inside_it_what_went_wrong(
    browser: FlaskClient, hall: Doorstep, shopify: Any
) -> None:
    query = f"embedded=1&shop={SHOP}&id_token={session_token()}"
    answer = browser.get(f"/shopify/?{query}")
    assert (answer.status_code, answer.location) == (303, f"/?{query}")
    assert "Set-Cookie" not in answer.headers
    hall.refuses = "Comeback is closed today."
    sorry = browser.get(f"/shopify/?{query}")
    assert "closed today" in sorry.text
    policy = sorry.headers["Content-Security-Policy"]
    assert f"frame-ancestors https://{SHOP} https://admin.shopify.com;" in policy


def test_a_session_token_that_ended_inside_the_admin_bounces_once(browser: FlaskClient) -> None:
    query = f"embedded=1&shop={SHOP}&id_token={session_token(exp=in_seconds(-60))}"
    answer = browser.get(f"/shopify/?{query}")
    assert answer.location.startswith(f"/shopify/bounce?shop={SHOP}&shopify-reload=%2Fshopify%2F%3F")
    assert browser.get(f"/shopify/?{query}&bounced=1").status_code == 401


def test_installing_two_shops_leaves_nothing_on_the_librarys_class(
    browser: FlaskClient, hall: Doorstep, shopify: Any
) -> None:
    browser.get(f"/shopify/callback?{signed(state=depart(browser))}")
    from shopify import ShopifyResource
    from shopify.session import Session

    assert (Session.api_key, Session.secret) == (None, None)
    assert "X-Shopify-Access-Token" not in (ShopifyResource.headers or {})


# --- a listed app: everything begins in Shopify -------------------------------------------------------------------

PUBLIC = ENV | {"SHOPIFY_APP_KIND": "public"}


@pytest.mark.parametrize(
    ("language", "words"), [("nl", "Open Comeback in Shopify"), ("en", "Open Comeback in Shopify")]
)
@pytest.mark.parametrize("query", ["", f"?shop={SHOP}", "?shop=evil.example", "?shop="])
def test_a_listed_app_asks_nobody_for_an_address(
    hall: Doorstep, language: str, words: str, query: str
) -> None:
    browser = browser_at(hall, PUBLIC)
    for page in ("/shopify/", "/shopify/install"):
        answer = browser.get(page + query, headers={"Accept-Language": language}, follow_redirects=True)
        assert answer.status_code == 200
        assert words in answer.text
        assert "<form" not in answer.text
        assert "myshopify.com" not in answer.text
    assert "Set-Cookie" not in answer.headers
    # The app of one merchant keeps the form.
    assert "<form" in browser_at(hall).get("/shopify/install").text


def test_a_shop_that_a_listed_app_knows_is_opened_in_its_own_admin(hall: Doorstep) -> None:
    hall.shops[SHOP] = Known("reconnect")
    answer = browser_at(hall, PUBLIC).get(f"/shopify/install?shop={SHOP}")
    assert answer.location == "https://admin.shopify.com/store/demo-gifts/apps/client-1"


def test_a_joining_code_is_shown_with_the_way_it_goes(hall: Doorstep) -> None:
    browser = browser_at(hall, PUBLIC)
    page = browser.get("/shopify/?merchant_code=a-code-1", follow_redirects=True).text
    assert "<code>a-code-1</code>" in page
    assert "Install Comeback in your other shop" in page
    assert "<code>" not in browser.get("/shopify/install?merchant_code=<b>", follow_redirects=True).text


def opened_inside(browser: FlaskClient, **more: str) -> Any:
    return browser.get("/shopify/", query_string={"embedded": "1", "shop": SHOP} | more)


def test_a_new_shop_of_a_listed_app_is_connected_at_once_where_no_code_is_out(
    hall: Doorstep, shopify: responses.RequestsMock
) -> None:
    answer = opened_inside(browser_at(hall, PUBLIC), id_token=session_token())
    assert (answer.status_code, [one.merchant_code for one in hall.welcomed]) == (303, [None])


def test_while_a_code_is_out_a_new_shop_of_a_listed_app_is_asked_for_it(
    hall: Doorstep, shopify: responses.RequestsMock
) -> None:
    hall.code_is_out = True
    browser = browser_at(hall, PUBLIC)
    page = opened_inside(browser, id_token=session_token())
    assert (page.status_code, hall.welcomed) == (200, [])
    assert 'name="merchant_code"' in page.text
    assert "Start without a code" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert f"frame-ancestors https://{SHOP} https://admin.shopify.com" in policy
    assert "script-src 'self' https://cdn.shopify.com" in policy
    # A code in the address alone joins nothing: only a fetch, with the proof in its header, does.
    assert opened_inside(browser, id_token=session_token(), merchant_code="code-1").status_code == 200
    assert hall.welcomed == []
    proof = {"Authorization": f"Bearer {session_token()}"}
    asked = {"embedded": "1", "shop": SHOP, "merchant_code": "code-1"}
    answer = browser.get("/shopify/", query_string=asked, headers=proof)
    assert answer.status_code == 303
    assert answer.location == f"/?embedded=1&shop={SHOP}"
    assert [one.merchant_code for one in hall.welcomed] == ["code-1"]
    assert "Set-Cookie" not in answer.headers


def test_a_shop_that_was_here_before_is_asked_for_no_code(
    hall: Doorstep, shopify: responses.RequestsMock
) -> None:
    hall.code_is_out, hall.shops[SHOP] = True, Known("removed")
    answer = opened_inside(browser_at(hall, PUBLIC), id_token=session_token())
    assert (answer.status_code, len(hall.welcomed)) == (303, 1)


@pytest.mark.parametrize("bearer", ["", "x", "a.b.c"])
def test_a_bad_proof_in_the_header_is_refused(hall: Doorstep, bearer: str) -> None:
    proof = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    asked = {"shop": SHOP, "merchant_code": "code-1"}
    answer = browser_at(hall, PUBLIC).get("/shopify/", query_string=asked, headers=proof)
    assert (answer.status_code, hall.welcomed) == (401 if bearer else 302, [])
