"""A merchant connects a shop by pasting its address and four keys, and is told in plain words what is wrong."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import flask
import pytest
import requests
import responses
from msgspec.structs import replace

from adapters.magento import groups, install, keys, rights
from adapters.magento.client import Client
from adapters.magento.platform import platform
from adapters.magento.sandbox.oauth import Proxy
from connector.port import Hall, Installed, Refused, Welcomed

KEY_FIELDS = ("consumer_key", "consumer_secret", "token", "token_secret")


class Doorstep:
    """A hall that lets one host through and remembers whom it welcomed."""

    public_url = "https://comeback.test"
    session_secret = b"a secret of the house"

    def __init__(self, host: str) -> None:
        self.host = host
        self.welcomed: list[Installed] = []
        self.kept_tokens: dict[str, bytes] = {}
        self.turns_down = False

    def expects(self) -> bool:
        return False

    def elsewhere(self, address: str, sign: str) -> str:
        return ""

    def tokens(self, address: str) -> bytes | None:
        return self.kept_tokens.get(address)

    def known(self, address: str) -> None:
        return None

    def enter(self, address: str) -> str:
        raise LookupError(address)

    def visits(self, caller: str) -> None:
        return None

    def guard(self, url: str) -> str:
        if f"//{self.host}/" not in url:
            raise Refused("not there")
        return url

    def welcome(self, installed: Installed) -> Welcomed:
        if self.turns_down:
            raise Refused("this code is spent")
        self.welcomed.append(installed)
        return Welcomed("https://comeback.test/in?once=1", "shop-key")


@pytest.fixture
def hall(sandbox: Any) -> Doorstep:
    return Doorstep(sandbox.env["ALLOW_PRIVATE_HOSTS"])


@pytest.fixture
def browser(sandbox: Any, hall: Hall) -> Iterator[Any]:
    app = flask.Flask("house")
    app.secret_key = "a key of this test"
    app.register_blueprint(platform.pages(sandbox.env, hall), url_prefix="/magento")
    with app.test_client() as client:
        yield client


def form(sandbox: Any, **changes: str) -> dict[str, str]:
    typed = {name: getattr(sandbox.keys, name) for name in KEY_FIELDS}
    return {"address": sandbox.address, **typed, **changes}


def test_a_shop_with_all_rights_is_welcomed(sandbox: Any, hall: Doorstep, browser: Any) -> None:
    typed = form(sandbox, merchant_code=" JOIN-ME ", confirms_email="1", address=sandbox.address.rstrip("/"))
    answer = browser.post("/magento/", data=typed)
    assert (answer.status_code, answer.location) == (303, "https://comeback.test/in?once=1")
    (installed,) = hall.welcomed
    assert (installed.facts.address, installed.facts.currency) == (sandbox.address, "USD")
    assert installed.merchant_code == "JOIN-ME"
    kept = keys.unpacked(installed.tokens)
    assert {name: getattr(kept, name) for name in KEY_FIELDS} == {name: typed[name] for name in KEY_FIELDS}
    assert (kept.confirms_email, kept.default_group, len(kept.hook_secret)) == (True, 1, 32)


def test_a_shop_that_asks_nobody_to_confirm_an_address_is_not_connected_as_one_that_does(
    sandbox: Any, hall: Doorstep, browser: Any
) -> None:
    sandbox.customer("ann")
    sandbox.shop.extras["unconfirmed"] = [1]
    page = browser.post("/magento/", data=form(sandbox, confirms_email="1"))
    assert (page.status_code, hall.welcomed) == (422, [])
    assert (
        'id="confirms_email-error">Magento says that nobody has to confirm an address on: Main Website.'
        in page.text
    )
    sandbox.shop.extras["unconfirmed"] = []
    fault = {"match": "/confirm", "status": 500}
    requests.post(f"{sandbox.address}_sandbox/faults", json={"requests": [fault]}, timeout=60)
    page = browser.post("/magento/", data=form(sandbox, confirms_email="1"))  # no answer is no proof
    assert (page.status_code, hall.welcomed) == (422, [])
    assert browser.post("/magento/", data=form(sandbox)).status_code == 303


def test_the_merchant_may_choose_the_secret_of_the_hints(sandbox: Any, hall: Doorstep, browser: Any) -> None:
    for chosen in ("chosen-by-the-merchant", "", ""):
        browser.post("/magento/", data=form(sandbox, hook_secret=chosen))
    first, second, third = (keys.unpacked(each.tokens).hook_secret for each in hall.welcomed)
    assert first == "chosen-by-the-merchant"
    assert second != third


def test_connecting_again_keeps_what_the_merchant_said_before(
    sandbox: Any, hall: Doorstep, browser: Any
) -> None:
    before = replace(sandbox.keys, token="dead", confirms_email=True, hook_secret="secret-of-before")
    hall.kept_tokens[sandbox.address] = keys.packed(before)
    browser.post("/magento/", data=form(sandbox))
    browser.post("/magento/", data=form(sandbox, hook_secret="another-secret-now"))
    kept, changed = (keys.unpacked(each.tokens) for each in hall.welcomed)
    assert (kept.hook_secret, kept.confirms_email, kept.token) == (
        "secret-of-before",
        True,
        sandbox.keys.token,
    )
    assert changed.hook_secret == "another-secret-now"


@pytest.mark.parametrize(
    ("way", "spelling", "word"),
    [
        ({"scheme": "https"}, "other_scheme", "SetEnvIf X-Forwarded-Proto"),
        ({"drops_port": True}, "no_port", "fastcgi_param HTTP_HOST"),
        ({"scheme": "https", "drops_port": True}, "other_scheme_no_port", "fastcgi_param HTTP_HOST"),
        ({"host": "backend"}, "bearer", "standalone Bearer tokens"),
    ],
)
def test_a_proxy_in_the_way_is_found_out_said_and_worked_around(
    sandbox: Any, hall: Doorstep, browser: Any, way: dict[str, Any], spelling: str, word: str
) -> None:
    sandbox.shop.desk.proxy = Proxy(**way)
    if spelling == "bearer":
        answer = browser.post("/magento/", data=form(sandbox))
        assert (answer.status_code, hall.welcomed) == (422, [])
        assert "Allow OAuth Access Tokens to be used as standalone Bearer tokens" in answer.text
        sandbox.shop.desk.bearer = True
    answer = browser.post("/magento/", data=form(sandbox))
    assert answer.status_code == 200
    assert word in answer.text
    assert "https://comeback.test/in?once=1" in answer.text
    (installed,) = hall.welcomed
    assert keys.unpacked(installed.tokens).spelling == spelling
    line = sandbox.line(spelling=spelling)
    assert line.counts().orders == 0
    assert [word in fault["en"] for fault in line.examine("").faults].count(True) == 1


def test_a_bearer_is_never_used_where_a_signature_works(sandbox: Any, hall: Doorstep, browser: Any) -> None:
    sandbox.shop.desk.bearer = True
    assert browser.post("/magento/", data=form(sandbox)).status_code == 303
    wrong = form(sandbox, consumer_secret="x" * 32)
    assert "does not accept these keys" not in browser.post("/magento/", data=wrong).text
    assert [keys.unpacked(each.tokens).spelling for each in hall.welcomed] == ["as_is", "bearer"]


def test_the_page_names_both_addresses_for_an_integration_without_keys(browser: Any) -> None:
    text = browser.get("/magento/").text
    assert "<code>https://comeback.test/callbacks/magento</code>" in text
    assert "<code>https://comeback.test/magento/identity</code>" in text


@pytest.mark.parametrize("right", rights.NEEDED, ids=lambda right: right.resource)
def test_each_missing_right_is_named_as_the_admin_names_it(
    sandbox: Any, hall: Doorstep, browser: Any, right: rights.Right
) -> None:
    sandbox.shop.rights = sandbox.shop.rights - {right.resource}
    answer = browser.post("/magento/", data=form(sandbox))
    assert answer.status_code == 422
    listed = re.findall(r"<li>.*?<code>(.*?)</code>", answer.text)
    assert listed == [right.resource]
    assert hall.welcomed == []


@pytest.mark.parametrize("open_to_anybody", [False, True])
@pytest.mark.parametrize("field", KEY_FIELDS)
def test_a_wrong_key_is_said_to_be_one_and_no_key_is_written_back(
    sandbox: Any, hall: Doorstep, browser: Any, field: str, open_to_anybody: bool
) -> None:
    sandbox.shop.open_to_anybody = open_to_anybody
    answer = browser.post("/magento/", data=form(sandbox, **{field: "x" * 32}))
    assert answer.status_code == 422
    assert "does not accept these keys" in answer.text
    for name in KEY_FIELDS:
        assert getattr(sandbox.keys, name) not in answer.text
    assert sandbox.address in answer.text
    assert hall.welcomed == []


@pytest.mark.parametrize(
    ("active", "allowed"), [(False, None), (True, ()), (True, ("Magento_Backend::store",))]
)
def test_good_keys_that_may_do_nothing_are_not_said_to_be_wrong(
    sandbox: Any, hall: Doorstep, browser: Any, active: bool, allowed: tuple[str, ...] | None
) -> None:
    sandbox.shop.open_to_anybody, sandbox.shop.desk.active = True, active
    if allowed is not None:
        sandbox.shop.rights = frozenset(allowed)
    text = browser.post("/magento/", data=form(sandbox)).text
    assert "Is anything ticked under API, and is the integration active?" in text
    assert "does not accept these keys" not in text
    assert "standalone Bearer tokens" not in text
    assert hall.welcomed == []


@pytest.mark.parametrize("open_to_anybody", [False, True])
def test_a_web_server_that_drops_the_authorization_header_is_named_and_not_the_ticks(
    sandbox: Any, hall: Doorstep, browser: Any, open_to_anybody: bool
) -> None:
    """Magento names the right it lacks to a call without the header too (auth_none of the recordings)."""
    sandbox.shop.open_to_anybody = open_to_anybody
    sandbox.shop.desk.proxy = Proxy(drops_authorization=True)
    text = browser.post("/magento/", data=form(sandbox)).text
    assert "does not pass the Authorization header on" in text
    assert "Is anything ticked under API" not in text
    assert hall.welcomed == []


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "Fill this in."),
        ("javascript:alert(1)", "not a web address"),
        ("https://10.0.0.5/", "only connects to public addresses"),
        ("x" * 201, "At most 200 characters."),
    ],
)
def test_a_bad_address_is_explained_beside_it(sandbox: Any, browser: Any, address: str, words: str) -> None:
    answer = browser.post("/magento/", data=form(sandbox, address=address))
    assert answer.status_code == 422
    error = re.search(r'id="address-error">(.*?)<', answer.text)
    assert error is not None
    assert words in error[1]
    assert 'aria-describedby="address-error address-hint"' in answer.text


def test_a_host_that_is_not_magento_is_told_so_without_its_words(sandbox: Any, hall: Doorstep) -> None:
    hall.host = "shop.test"
    app = flask.Flask("house")
    app.secret_key = "a key of this test"
    app.register_blueprint(platform.pages({}, hall), url_prefix="/magento")
    with responses.RequestsMock() as site:
        site.add("GET", re.compile("https://shop.test/.*"), status=404, body="<p>Their words</p>")
        typed = form(sandbox, address="https://shop.test/a/b/c/d/e/")
        answer = app.test_client().post("/magento/", data=typed)
        asked = [str(call.request.url).partition("rest/")[0] for call in site.calls]
    assert answer.status_code == 422
    assert "does not answer as Magento does" in answer.text
    assert "Their words" not in answer.text
    # Nobody has a host called once for each of a hundred folders.
    assert asked == [f"https://shop.test/{path}" for path in ("a/b/c/d/e/", "a/b/c/", "a/b/", "a/", "")]


@pytest.mark.parametrize("page", ["nl/", "nl/customer/account/login/", "a-pot-of-tea.html"])
def test_a_page_of_the_shop_leads_to_the_shop(sandbox: Any, hall: Doorstep, browser: Any, page: str) -> None:
    answer = browser.post("/magento/", data=form(sandbox, address=sandbox.address + page))
    assert answer.status_code == 303
    assert [one.facts.address for one in hall.welcomed] == [sandbox.address]


def test_what_the_shop_above_says_of_the_keys_counts(sandbox: Any, hall: Doorstep, browser: Any) -> None:
    typed = form(sandbox, address=f"{sandbox.address}nl/", token="no-such-token")
    assert "does not accept these keys" in browser.post("/magento/", data=typed).text
    assert hall.welcomed == []


def test_what_is_wrong_stands_at_the_top_of_the_page_too_and_leads_to_its_field(
    sandbox: Any, browser: Any
) -> None:
    typed = form(sandbox, address="", token=" ", hook_secret="short")
    answer = browser.post("/magento/", data=typed, headers={"Accept-Language": "nl"})
    alert = answer.text[answer.text.index('role="alert"') : answer.text.index("<details")]
    assert re.findall(r'<li><a href="#(\w+)">(.*?)</a></li>', alert) == [
        ("address", "Adres van de winkel: Vul dit in."),
        ("token", "Access Token: Vul dit in."),
        ("hook_secret", "Geheim voor webhooks: Minstens 16 tekens, zodat niemand het kan raden."),
    ]
    assert "plak ze nog eens" in alert
    assert [f'id="{name}"' in answer.text for name in ("address", "token", "hook_secret")] == [True] * 3
    sandbox.customer("ann")
    sandbox.shop.extras["unconfirmed"] = [1]
    said = browser.post("/magento/", data=form(sandbox, confirms_email="1")).text
    assert '<a href="#confirms_email">Deze winkel laat klanten' in said
    assert 'id="confirms_email"' in said


def test_rights_that_are_missing_are_listed_at_the_top_once(sandbox: Any, browser: Any) -> None:
    sandbox.shop.rights -= {"Magento_SalesRule::quote"}
    text = browser.post("/magento/", data=form(sandbox)).text
    alert = text[text.index('role="alert"') : text.index("<details")]
    assert (alert.count("<li>"), "Magento_SalesRule::quote" in alert) == (1, True)


def test_a_page_with_a_401_says_nothing_of_the_keys(sandbox: Any, browser: Any) -> None:
    fault = {"status": 401, "html": True, "times": 50}
    planted = requests.post(f"{sandbox.address}_sandbox/faults", json={"requests": [fault]}, timeout=60)
    assert planted.status_code == 200
    text = browser.post("/magento/", data=form(sandbox)).text
    assert "does not answer as Magento does" in text
    assert "does not accept these keys" not in text


def test_a_shop_that_is_down_is_told_so(sandbox: Any, browser: Any) -> None:
    sandbox.close()
    assert "cannot reach the shop" in browser.post("/magento/", data=form(sandbox)).text


def test_a_short_secret_and_a_spent_code_are_explained(sandbox: Any, hall: Doorstep, browser: Any) -> None:
    assert "At least 16 characters" in browser.post("/magento/", data=form(sandbox, hook_secret="short")).text
    hall.turns_down = True
    assert (
        "This code does not work" in browser.post("/magento/", data=form(sandbox, merchant_code="OLD")).text
    )


def test_a_link_of_the_house_fills_in_the_code_and_the_shops_address(browser: Any) -> None:
    text = browser.get("/magento/?merchant_code=JOIN-ME&shop=https://tea.example/").text
    assert re.search(r'name="merchant_code" type="text" value="JOIN-ME"', text)
    assert re.search(r'name="address" type="url" value="https://tea.example/"', text)
    assert "<script>" not in browser.get("/magento/?merchant_code=<script>").text


@pytest.mark.parametrize(
    ("accepts", "language", "title"),
    [
        ("nl-NL,nl;q=0.9,en;q=0.8", "nl", "Verbind je Magento-winkel"),
        ("fr", "en", "Connect your Magento shop"),
    ],
)
def test_the_page_speaks_the_merchants_language(
    browser: Any, accepts: str, language: str, title: str
) -> None:
    answer = browser.get("/magento/", headers={"Accept-Language": accepts})
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert title in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    with browser.get("/magento/static/install.css") as style:
        assert style.status_code == 200


def test_the_language_chosen_in_the_house_goes_before_the_browsers(browser: Any) -> None:
    with browser.session_transaction() as session:
        session["language"] = "nl"
    assert '<html lang="nl">' in browser.get("/magento/", headers={"Accept-Language": "en"}).text


@pytest.mark.parametrize(
    ("accepts", "chosen"), [("nl-NL,nl;q=0.9,en;q=0.8", "nl"), ("en", "en"), ("fr", None)]
)
def test_who_connects_a_shop_reads_on_in_the_language_they_read_here(
    sandbox: Any, browser: Any, accepts: str, chosen: str | None
) -> None:
    assert (
        browser.post("/magento/", data=form(sandbox), headers={"Accept-Language": accepts}).status_code == 303
    )
    with browser.session_transaction() as session:
        assert session.get("language") == chosen


def test_the_page_has_nothing_that_a_strict_policy_would_stop(browser: Any) -> None:
    text = browser.get("/magento/").text
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://(?!shop\.example|comeback\.test)", text)


def test_the_token_against_forged_forms_is_in_the_page_where_the_house_has_one(
    sandbox: Any, hall: Hall
) -> None:
    app = flask.Flask("house")
    app.jinja_env.globals["csrf_token"] = lambda: "token-of-this-browser"
    app.register_blueprint(platform.pages(sandbox.env, hall), url_prefix="/magento")
    text = app.test_client().get("/magento/").text
    assert '<input type="hidden" name="csrf_token" value="token-of-this-browser">' in text


def test_both_languages_say_the_same_things() -> None:
    from adapters.magento import texts
    from adapters.magento.install import Mistake

    assert set(texts.LABELS["nl"]) == set(texts.LABELS["en"])
    assert set(texts.MISTAKES["nl"]) == set(texts.MISTAKES["en"]) == set(Mistake)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_addresses_count_as_proven_only_where_new_and_changed_ones_are_confirmed(language: str) -> None:
    """Where a changed address needs no proof, a customer fills in somebody else's and has their points."""
    from adapters.magento import texts

    settings = "Require Emails Confirmation", "Require email confirmation if email has been changed"
    for said in (texts.LABELS[language], texts.CHOICES[language]):
        everywhere = {"en": "for every website", "nl": "voor elke website"}[language]
        assert [one in said["confirms_email_hint"] for one in (*settings, everywhere)] == [True] * 3


def test_keys_survive_being_kept(sandbox: Any) -> None:
    kept = replace(sandbox.keys, confirms_email=True, default_group=4)
    assert keys.unpacked(keys.packed(kept)) == kept


@pytest.mark.parametrize(("language", "words"), [("en", "enter that address"), ("nl", "vul dat adres in")])
def test_a_shop_that_moved_is_named_with_its_new_address(
    sandbox: Any, hall: Doorstep, language: str, words: str
) -> None:
    hall.host = "shop.test"
    app = flask.Flask("house")
    app.secret_key = "a key of this test"
    app.register_blueprint(platform.pages({}, hall), url_prefix="/magento")
    with responses.RequestsMock() as moved:
        there = "https://www.shop.test/rest/V1/x"
        moved.add("GET", re.compile("https://shop.test/.*"), status=302, headers={"Location": there})
        typed = form(sandbox, address="https://shop.test/")
        answer = app.test_client().post("/magento/", data=typed, headers={"Accept-Language": language})
    assert answer.status_code == 422
    assert f"https://www.shop.test/ – {words}" in answer.text


def test_what_is_saved_while_a_shop_is_connected_again_stays(
    sandbox: Any, hall: Doorstep, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = replace(sandbox.keys, token="dead", rows=7)
    hall.kept_tokens[sandbox.address] = keys.packed(before)
    newcomers = groups.newcomers

    def meanwhile(client: Client) -> int:
        chosen = keys.Chosen(attribute="elsewhere")
        saved = replace(before, hook_secret="made-meanwhile-anew", confirms_email=True, chosen=chosen)
        hall.kept_tokens[sandbox.address] = keys.packed(saved)
        return newcomers(client)

    monkeypatch.setattr(groups, "newcomers", meanwhile)
    browser.post("/magento/", data=form(sandbox))
    kept = keys.unpacked(hall.welcomed[0].tokens)
    assert (kept.token, kept.hook_secret) == (sandbox.keys.token, "made-meanwhile-anew")
    assert (kept.confirms_email, kept.chosen.attribute, kept.rows) == (True, "elsewhere", 7)


def test_a_shop_that_dawdles_over_every_answer_is_not_asked_all_there_is(
    sandbox: Any, hall: Doorstep, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "PATIENCE", 1)
    begin, asked = Client._exchange, []

    def slow(self: Client, *rest: Any) -> Any:
        asked.append(begin(self, *rest))
        time.sleep(0.4)
        return asked[-1]

    monkeypatch.setattr(Client, "_exchange", slow)
    answer = browser.post("/magento/", data=form(sandbox))
    assert (answer.status_code, hall.welcomed) == (422, [])
    assert "cannot reach the shop" in answer.text
    assert 1 < len(asked) < 6
