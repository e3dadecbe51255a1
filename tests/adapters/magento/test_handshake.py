"""A merchant connects a shop by Activate and Reauthorize; nothing that is posted is believed before the shop agreed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import msgspec
import pytest
from flask.testing import FlaskClient

from adapters.magento import callbacks, exchanges, handshake, identity, install, keys, texts_identity, tokens
from adapters.magento import pages as install_pages
from adapters.magento.answers import Answer
from adapters.magento.client import Client
from adapters.magento.sandbox.oauth import Proxy
from connector import guard
from connector.port import Installed, Known, OutcomeUnknown, Refused, Welcomed

SIGN_IN = "https://comeback.test/signin/once"
Form = dict[str, str]


class Doorstep:
    """A hall in memory that lets one host through."""

    public_url = "https://comeback.test"
    session_secret = b"a secret of the house"

    def __init__(self, host: str, clock: Callable[[], datetime]) -> None:
        self.host, self.clock = host, clock
        self.pending: dict[str, tuple[bytes, datetime]] = {}
        self.words: set[str] = set()
        self.shops: dict[str, bytes] = {}
        self.welcomed: list[Installed] = []
        self.erased: set[str] = set()  # since we asked whether they are known

    def keep(self, word: str, what: bytes, lasts: timedelta) -> None:
        self.pending[word] = what, self.clock() + lasts

    def kept(self, word: str) -> bytes | None:
        what, until = self.pending.get(word, (None, self.clock()))
        return what if until > self.clock() else None

    def drop(self, word: str) -> None:
        self.pending.pop(word, None)

    def once(self, word: str, lasts: timedelta) -> bool:
        first = word not in self.words
        self.words.add(word)
        return first

    def visits(self, caller: str) -> None:
        return None

    def guard(self, url: str) -> str:
        if f"//{self.host}/" not in url:
            raise Refused("not there")
        return url

    def elsewhere(self, address: str, sign: str) -> str:
        return ""

    def tokens(self, address: str) -> bytes | None:
        return self.shops.get(address)

    def known(self, address: str) -> Known | None:
        return Known("reconnect") if address in self.shops or address in self.erased else None

    def welcome(self, installed: Installed) -> Welcomed:
        if installed.merchant_code == "SPENT":
            raise Refused("this code is spent")
        self.welcomed.append(installed)
        self.shops[installed.facts.address] = installed.tokens
        return Welcomed(SIGN_IN, "shop-key")

    def reconnect(self, installed: Installed) -> None:
        if installed.facts.address not in self.shops:
            raise LookupError("no such shop")
        self.shops[installed.facts.address] = installed.tokens

    def enter(self, address: str) -> str:
        if address not in self.shops:
            raise LookupError("no such shop")
        return SIGN_IN


class Admin:
    """The merchant in the shop's admin: clicks the buttons; each browser comes to us with cookies of its own."""

    def __init__(self, sandbox: Any) -> None:
        self.sandbox = sandbox
        self.hall = Doorstep(sandbox.env["ALLOW_PRIVATE_HOSTS"], lambda: sandbox.now)
        self.app = flask.Flask("house")
        self.app.secret_key = "a key of this test"
        clock = lambda: sandbox.now  # noqa: E731
        pages = flask.Blueprint(
            "magento",
            install_pages.__name__,
            template_folder="templates",
            static_folder="static",
            static_url_path="/static",
        )
        identity.add(pages, sandbox.env, self.hall, clock)  # type: ignore[arg-type]
        self.app.register_blueprint(pages, url_prefix="/magento")
        self.app.register_blueprint(callbacks.blueprint(self.hall, clock), url_prefix="/callbacks/magento")  # type: ignore[arg-type]
        self.success = f"{sandbox.address}admin/integration/loginSuccessCallback/"
        self.key = ""
        sandbox.shop.exchange.begin()

    def browser(self) -> FlaskClient:
        return self.app.test_client()

    def activate(self, *, again: bool = False, posts: bool = True, **changed: str) -> Form:
        offer = self.sandbox.shop.exchange.offer(self.sandbox.address, self.sandbox.now, again=again)
        told = dict(msgspec.to_builtins(offer)) | changed
        self.key = told["oauth_consumer_key"]
        if posts:
            answer = self.browser().post("/callbacks/magento", data=told)
            assert (answer.status_code, answer.data) == (200, b"")
        return told

    def come(self, browser: FlaskClient, **more: str) -> Any:
        asked = {"oauth_consumer_key": self.key, "success_call_back": self.success} | more
        return browser.get("/magento/identity", query_string=asked, follow_redirects=True)

    def press(self, browser: FlaskClient, **more: str) -> Any:
        form = {"consumer_key": self.key, "success": self.success} | more
        return browser.post("/magento/identity", data=form)

    @property
    def kept(self) -> keys.Keys:
        return keys.unpacked(self.hall.shops[self.sandbox.address])


@pytest.fixture
def admin(sandbox: Any) -> Iterator[Admin]:
    return Admin(sandbox)


def test_a_shop_that_asks_nobody_to_confirm_an_address_is_not_taken_for_one_that_does(
    admin: Admin, sandbox: Any
) -> None:
    sandbox.customer("ann")
    sandbox.shop.extras["unconfirmed"] = [1]
    admin.activate()
    browser = admin.browser()
    admin.come(browser)
    page = admin.press(browser, confirms_email="1")
    assert (page.status_code, admin.hall.welcomed) == (422, [])
    assert "nobody has to confirm an address on: Main Website." in page.text
    assert SIGN_IN in admin.press(browser).text


def test_activate_brings_a_merchant_in_and_the_shop_with_them(admin: Admin, sandbox: Any) -> None:
    offer = admin.activate()
    browser = admin.browser()
    page = admin.come(browser)
    assert page.status_code == 200
    assert sandbox.address in page.text
    assert admin.hall.welcomed == [], "nothing is kept of a new shop before the merchant says so"
    assert [offer[name] in page.text for name in ("oauth_consumer_secret", "oauth_verifier")] == [False] * 2
    done = admin.press(browser, merchant_code=" JOIN-ME ", confirms_email="1")
    assert done.status_code == 200
    assert SIGN_IN in done.text
    assert f'href="{admin.success}"' in done.text
    (installed,) = admin.hall.welcomed
    assert (installed.facts.address, installed.merchant_code) == (sandbox.address, "JOIN-ME")
    assert (admin.kept.token, admin.kept.confirms_email) == (sandbox.shop.desk.keys.access_token, True)
    assert len(admin.kept.hook_secret) == 32
    assert sandbox.line(**{name: getattr(admin.kept, name) for name in ("token", "token_secret")}).counts()
    assert admin.hall.pending == {}


def test_a_finished_exchange_signs_nobody_in_again(admin: Admin) -> None:
    admin.activate()
    browser = admin.browser()
    admin.come(browser)
    assert admin.press(browser).status_code == 200
    assert admin.press(browser).status_code == 404
    replayed = admin.come(browser)
    assert (replayed.status_code, SIGN_IN in replayed.text) == (404, False)
    assert len(admin.hall.welcomed) == 1


def test_reauthorize_heals_a_known_shop_before_any_button_and_keeps_what_was_said(
    admin: Admin, sandbox: Any
) -> None:
    admin.activate()
    browser = admin.browser()
    admin.come(browser)
    admin.press(browser, confirms_email="1")
    before = admin.kept
    admin.hall.shops[sandbox.address] = keys.packed(
        msgspec.structs.replace(before, hook_secret="a-secret-of-the-module")
    )
    admin.activate(again=True)
    page = admin.come(admin.browser())
    assert "connected again" in page.text
    after = admin.kept
    assert after.token == sandbox.shop.desk.keys.access_token != before.token
    assert (after.consumer_key, after.hook_secret, after.confirms_email) == (
        before.consumer_key,
        "a-secret-of-the-module",
        True,
    )
    assert len(admin.hall.welcomed) == 1


def test_a_second_reauthorize_that_comes_too_late_is_not_said_to_have_connected_the_shop_again(
    admin: Admin, sandbox: Any
) -> None:
    """The first one's page was closed without its button, so that its exchange is still there, with tokens that are dead."""
    admin.activate()
    browser = admin.browser()
    admin.come(browser)
    admin.press(browser)
    admin.activate(again=True)
    assert "connected again" in admin.come(browser).text
    assert "connected again" in admin.come(browser).text, "looked at once more"
    sandbox.later(minutes=1)
    admin.activate(again=True)
    sandbox.later(seconds=301)
    late = admin.come(browser)
    assert (late.status_code, "connected again" in late.text) == (422, False)
    assert "Expiration Period" in late.text
    admin.activate()
    assert "connected again" in admin.come(browser).text
    assert admin.kept.token == sandbox.shop.desk.keys.access_token


def test_the_merchant_of_a_known_shop_signs_in_with_the_browser_that_came(admin: Admin) -> None:
    admin.activate()
    first = admin.browser()
    admin.come(first)
    admin.press(first)
    admin.activate(again=True)
    browser, stranger = admin.browser(), admin.browser()
    admin.come(browser)
    assert admin.press(stranger).status_code == 422
    assert SIGN_IN not in admin.come(stranger).text
    assert SIGN_IN in admin.press(browser).text


def test_another_browser_that_knows_the_key_gets_nothing(admin: Admin) -> None:
    admin.activate()
    own, other = admin.browser(), admin.browser()
    assert admin.come(own).status_code == 200
    refused = admin.come(other)
    assert refused.status_code == 422
    assert "another browser" in refused.text
    assert admin.press(other).status_code == 422
    assert admin.hall.welcomed == []
    assert SIGN_IN in admin.press(own).text


def test_a_browser_without_cookies_is_told_so(admin: Admin) -> None:
    admin.activate()
    page = admin.app.test_client(use_cookies=False)
    answer = admin.come(page)
    assert answer.status_code == 400
    assert "keeps no cookie" in answer.text


@pytest.mark.parametrize(
    "changed",
    [
        {"oauth_consumer_secret": "x" * 32},
        {"oauth_verifier": "y" * 32},
        {"oauth_consumer_secret": "x" * 32, "oauth_verifier": "y" * 32},
    ],
)
def test_what_the_shop_does_not_agree_to_connects_nobody(admin: Admin, changed: Form) -> None:
    admin.activate(**changed)
    page = admin.come(admin.browser())
    assert page.status_code == 422
    assert "Reauthorize" in page.text
    assert admin.press(admin.browser()).status_code == 404
    assert admin.hall.welcomed == []


@pytest.mark.parametrize(
    "changed",
    [
        {"oauth_consumer_key": "k" * 33},
        {"oauth_consumer_key": "k" * 31 + "\n"},
        {"oauth_consumer_secret": ""},
        {"oauth_verifier": "v" * 31 + "é"},
        {"store_base_url": ""},
        {"store_base_url": "javascript:alert(1)"},
        {"store_base_url": "https://user@shop.example/"},
        {"store_base_url": "https://" + "x" * 200 + ".example/"},
        {"store_base_url": "ftp://shop.example/"},
    ],
)
def test_what_could_be_no_shops_is_not_even_kept(admin: Admin, changed: Form) -> None:
    admin.activate(**changed)
    assert admin.hall.pending == {}


@pytest.mark.parametrize(
    "missing", ["oauth_consumer_key", "oauth_consumer_secret", "oauth_verifier", "store_base_url"]
)
def test_a_field_that_is_missing_or_doubled_keeps_nothing(admin: Admin, missing: str) -> None:
    offer = admin.activate(posts=False)
    less = {name: word for name, word in offer.items() if name != missing}
    for data in (less, less | {missing: [offer[missing], offer[missing]]}):
        assert admin.browser().post("/callbacks/magento", data=data).status_code == 200
    assert admin.hall.pending == {}


INSIDE = """https://10.0.0.5/ https://127.0.0.1/ http://169.254.169.254/ https://shop.internal/ https://localhost/
http://localhost:8099/ https://127.1/ https://2130706433/ https://0x7f.1/ https://0177.0.0.1/ https://[::1]/
https://[::ffff:127.0.0.1]/ https://shop.test:8443/ https://user@shop.test/ https://shop.test?x=1 https://shop.test#x
https://shop.test\\@evil.test/ https://shop/ https://shop..test/ https://shop.test/../ https://-shop.test/ ftp://shop.test/
https://\uff11\uff12\uff17.0.0.1/ https://127.0.0.1.nip.test/ https://shop.test./ https://%31%32%37.0.0.1/""".split()


def test_no_address_inside_is_called_in_whatever_spelling_it_is_posted(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the house's own guard, before a name server that has everybody live in our network."""
    called: list[str] = []
    monkeypatch.setattr(Client, "ask_token", lambda self, *_: called.append(self.address))
    inside = lambda url: guard.check(url, resolve=lambda host, port: ("10.0.0.7",))  # noqa: E731
    monkeypatch.setattr(admin.hall, "guard", inside)
    for number, address in enumerate(INSIDE):
        admin.activate(store_base_url=address, oauth_consumer_key=f"{number:032}")
        assert admin.come(admin.browser()).status_code in (404, 422), address
    assert called == []


def test_after_five_minutes_the_page_says_what_to_click(admin: Admin, sandbox: Any) -> None:
    admin.activate()
    sandbox.later(seconds=301)
    page = admin.come(admin.browser())
    assert page.status_code == 422
    assert "Expiration Period" in page.text
    assert "Activate or Reauthorize" in page.text
    admin.activate()
    assert admin.come(admin.browser()).status_code == 200


def test_a_shop_that_gives_more_time_is_taken_at_its_word(admin: Admin, sandbox: Any) -> None:
    sandbox.shop.exchange.expires = timedelta(minutes=12)
    admin.activate()
    sandbox.later(minutes=11)
    assert admin.come(admin.browser()).status_code == 200


def test_a_key_that_nobody_posted_is_told_which_addresses_to_enter(admin: Admin) -> None:
    admin.key = "n" * 32
    page = admin.come(admin.browser())
    assert page.status_code == 404
    assert "https://comeback.test/callbacks/magento" in page.text
    assert "https://comeback.test/magento/identity" in page.text


def test_made_up_keys_use_up_nobodys_visits(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    monkeypatch.setattr(admin.hall, "visits", counted.append)
    for admin.key in ("n" * 32, "not a word", ""):
        assert admin.come(admin.browser()).status_code == 404
    assert counted == []
    admin.activate()
    assert admin.come(admin.browser()).status_code == 200
    assert counted == ["127.0.0.1"]


def test_somebody_elses_posts_about_a_key_do_not_keep_the_merchant_out(admin: Admin) -> None:
    admin.activate()
    mine = admin.key
    for number in range(exchanges.MOST - 1):
        admin.activate(oauth_consumer_secret=str(number) * 32)
    assert admin.key == mine
    assert admin.come(admin.browser()).status_code == 200


def test_of_a_key_that_was_posted_often_the_last_two_are_tried_and_no_more(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def refused(claim: exchanges.Claim, *rest: Any) -> None:
        asked.append(claim.consumer_secret[0])

    monkeypatch.setattr(tokens, "request", refused)
    for number in range(5):
        admin.activate(oauth_consumer_secret=str(number) * 32)
    assert admin.come(admin.browser()).status_code == 422
    assert asked == ["4", "3"]


def test_no_claim_is_asked_about_in_the_seconds_that_are_for_the_access_token(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.activate()
    browser = admin.browser()
    with monkeypatch.context() as hurried:
        hurried.setattr(install, "PATIENCE", handshake.FOR_ACCESS)
        assert "cannot reach the shop" in admin.come(browser).text
    assert handshake.FOR_ACCESS < install.PATIENCE
    assert admin.come(browser).status_code == 200


def test_a_shop_elsewhere_that_says_yes_to_everything_does_not_go_before_the_admins_own(
    admin: Admin, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.activate()
    admin.activate(store_base_url="https://elsewhere.example/")
    called: list[str] = []
    real = Client.ask_token

    def noted(self: Client, *rest: Any, **named: Any) -> Any:
        called.append(self.address)
        return real(self, *rest, **named)

    monkeypatch.setattr(Client, "ask_token", noted)
    assert sandbox.address in admin.come(admin.browser()).text
    assert set(called) == {sandbox.address}


@pytest.mark.parametrize("code", ["admin/", "uk_en/", "index.php/admin/"])
def test_a_shop_with_store_codes_in_its_addresses_is_known_by_its_own_alone(
    admin: Admin, sandbox: Any, code: str
) -> None:
    admin.activate(store_base_url=f"{sandbox.address}{code}")
    browser = admin.browser()
    assert admin.come(browser).status_code == 200
    admin.press(browser)
    assert [each.facts.address for each in admin.hall.welcomed] == [sandbox.address]


def test_a_shop_in_a_folder_is_asked_there_where_nothing_of_it_is_above(
    admin: Admin, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def told(self: Client, step: str, *rest: Any) -> Answer:
        asked.append(self.address)
        page = self.address == sandbox.address
        return Answer(404 if page else 401, {"content-type": "text/html"}, b"")

    monkeypatch.setattr(Client, "ask_token", told)
    admin.activate(store_base_url=f"{sandbox.address}tea/")
    assert "Reauthorize" in admin.come(admin.browser()).text
    assert asked[0] == sandbox.address
    assert asked[-1] == f"{sandbox.address}tea/"


def test_two_merchants_at_once_get_their_own(admin: Admin, sandbox: Any) -> None:
    first = admin.activate()
    one = admin.browser()
    admin.come(one)
    sandbox.shop.exchange.begin()
    second = admin.activate()
    two = admin.browser()
    admin.come(two)
    assert first["oauth_consumer_key"] != second["oauth_consumer_key"]
    admin.press(two)
    assert admin.kept.consumer_key == second["oauth_consumer_key"]
    admin.key = first["oauth_consumer_key"]
    assert admin.press(two).status_code == 422, "the browser of the one is not that of the other"


# --- steps that break ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["request", "access"])
@pytest.mark.parametrize("reached", [False, True])
def test_a_step_that_broke_is_taken_up_again(
    admin: Admin, sandbox: Any, monkeypatch: pytest.MonkeyPatch, step: str, reached: bool
) -> None:
    """`reached`: the shop did it, and its answer was lost; it gives a token once. Reauthorize takes the token back, but
    is there only for an integration that is active, which the access step makes it."""
    real, broken = Client.ask_token, []

    def breaking(self: Client, name: str, *rest: Any, **named: Any) -> Any:
        if name == step and not broken:
            broken.append(name)
            if reached:
                real(self, name, *rest, **named)
            raise OutcomeUnknown("The shop's answer did not arrive; it may have been done.")
        return real(self, name, *rest, **named)

    monkeypatch.setattr(Client, "ask_token", breaking)
    admin.activate()
    browser = admin.browser()
    first = admin.come(browser)
    assert first.status_code == 422
    assert "Reload this page" in first.text
    again = admin.come(browser)
    assert again.status_code == (422 if reached else 200)
    if reached:
        assert "Activate or Reauthorize" in again.text
        if step == "request":
            admin.activate()
            anew = admin.come(browser)
            assert (anew.status_code, "delete the integration and make a new one" in anew.text) == (422, True)
            sandbox.shop.exchange.begin()
        admin.activate(again=step == "access")
        assert admin.come(browser).status_code == 200
    assert SIGN_IN in admin.press(browser).text


def test_after_a_half_done_exchange_the_first_verifier_is_used_though_activate_sent_another(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Client.ask_token

    def no_access(self: Client, name: str, *rest: Any, **named: Any) -> Any:
        if name == "access":
            raise OutcomeUnknown("The shop's answer did not arrive; it may have been done.")
        return real(self, name, *rest, **named)

    first = admin.activate()
    browser = admin.browser()
    with monkeypatch.context() as patch:
        patch.setattr(Client, "ask_token", no_access)
        assert admin.come(browser).status_code == 422
    second = admin.activate()
    assert second["oauth_verifier"] != first["oauth_verifier"]
    assert admin.come(browser).status_code == 200


def test_a_half_done_exchange_is_ended_the_same_day_for_the_shop_begins_no_other(
    admin: Admin, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Client.ask_token

    def no_access(self: Client, name: str, *rest: Any, **named: Any) -> Any:
        if name == "access":
            raise OutcomeUnknown("The shop's answer did not arrive; it may have been done.")
        return real(self, name, *rest, **named)

    admin.activate()
    browser = admin.browser()
    with monkeypatch.context() as patch:
        patch.setattr(Client, "ask_token", no_access)
        assert admin.come(browser).status_code == 422
    sandbox.later(hours=5)
    admin.activate()
    elsewhere = admin.come(admin.browser())
    assert (elsewhere.status_code, "delete the integration" in elsewhere.text) == (422, True)
    assert admin.come(browser).status_code == 200
    sandbox.later(minutes=16)
    assert admin.press(browser).status_code == 404, "once the tokens are here, it ends as soon as ever"


@pytest.mark.parametrize("step", ["request", "access"])
def test_a_page_that_is_open_twice_goes_on_with_what_the_quicker_one_was_given(
    admin: Admin, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    admin.activate()
    browser, twin = admin.browser(), admin.browser()
    for one in (browser, twin):
        with one.session_transaction() as session:
            session["magento_browser"] = "the same browser"
    # Two of one household come at the same time only where each comes to a process of its own.
    twin.environ_base["REMOTE_ADDR"] = "192.0.2.9"
    real, quicker = Client.ask_token, []

    def late(self: Client, name: str, *rest: Any, **named: Any) -> Any:
        if name == step and not quicker:
            quicker.append(name)
            assert admin.come(twin).status_code == 200
        return real(self, name, *rest, **named)

    monkeypatch.setattr(Client, "ask_token", late)
    assert admin.come(browser).status_code == 200
    assert SIGN_IN in admin.press(browser).text


def test_a_shop_that_is_erased_between_two_steps_is_a_new_one(admin: Admin, sandbox: Any) -> None:
    admin.activate()
    browser = admin.browser()
    admin.hall.erased.add(sandbox.address)
    page = admin.come(browser)
    assert (page.status_code, ">Connect<" in page.text) == (200, True)
    assert SIGN_IN in admin.press(browser).text
    admin.hall.erased.clear()
    admin.activate(again=True)
    assert "connected again" in admin.come(browser).text
    admin.hall.shops.clear()
    page = admin.press(browser)
    assert (page.status_code, ">Connect<" in page.text) == (409, True)
    assert len(admin.hall.welcomed) == 1
    assert SIGN_IN in admin.press(browser).text
    assert len(admin.hall.welcomed) == 2


def test_what_holds_secrets_does_not_show_them() -> None:
    claim = exchanges.Claim("https://shop.test/", "secret", "secret", "secret", 0.0)
    exchange = exchanges.Exchange(
        claim, "https://shop.test/", "secret", "as_is", "secret", "secret", "secret", "secret"
    )
    four = install.Four("secret", "secret", "secret", "secret")
    for one in (claim, exchange, four, install.Typed(token="secret")):
        assert "secret" not in f"{one!r} {one}"


@pytest.mark.parametrize("killed_at", [1, 2])
def test_a_process_killed_right_after_keeping_loses_nothing(
    admin: Admin, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    """The exchange is kept after the request token, and after the access token."""
    kept = []
    real = Doorstep.keep

    def dying(self: Doorstep, word: str, what: bytes, lasts: timedelta) -> None:
        real(self, word, what, lasts)
        if word.startswith("exchange "):
            kept.append(word)
            if len(kept) == killed_at:
                raise KeyboardInterrupt

    monkeypatch.setattr(Doorstep, "keep", dying)
    admin.activate()
    browser = admin.browser()
    with pytest.raises(KeyboardInterrupt):
        admin.come(browser)
    assert admin.come(browser).status_code == 200
    assert SIGN_IN in admin.press(browser).text


def test_a_missing_right_is_named_and_a_reload_is_enough(admin: Admin, sandbox: Any) -> None:
    sandbox.shop.rights = sandbox.shop.rights - {"Magento_SalesRule::quote"}
    admin.activate()
    browser = admin.browser()
    page = admin.come(browser)
    assert page.status_code == 422
    assert re.findall(r"<code>(.*?)</code>", page.text) == ["Magento_SalesRule::quote"]
    sandbox.shop.rights = sandbox.shop.rights | {"Magento_SalesRule::quote"}
    assert admin.come(browser).status_code == 200


def test_where_nothing_is_ticked_the_page_says_so(admin: Admin, sandbox: Any) -> None:
    sandbox.shop.rights = frozenset()
    admin.activate()
    page = admin.come(admin.browser())
    assert page.status_code == 422
    assert "Is anything ticked under API" in page.text


def test_reauthorize_heals_a_known_shop_that_lacks_a_right_it_can_do_without_and_names_the_right(
    admin: Admin, sandbox: Any
) -> None:
    admin.activate()
    browser = admin.browser()
    admin.come(browser)
    admin.press(browser)
    sandbox.shop.rights = sandbox.shop.rights - {"Magento_SalesRule::quote"}
    admin.activate(again=True)
    page = admin.come(browser)
    assert admin.kept.token == sandbox.shop.desk.keys.access_token, (
        "the old ones died when the button was clicked"
    )
    assert (page.status_code, "connected again" in page.text) == (200, True)
    assert re.findall(r"<code>(.*?)</code>", page.text) == ["Magento_SalesRule::quote"]
    assert SIGN_IN in admin.press(browser).text
    sandbox.shop.rights = sandbox.shop.rights - {"Magento_Sales::actions_view"}
    admin.activate(again=True)
    assert admin.come(browser).status_code == 422
    assert admin.kept.token != sandbox.shop.desk.keys.access_token, (
        "without orders there is nothing to go on with"
    )


def test_a_code_that_is_spent_is_said_and_may_be_typed_again(admin: Admin) -> None:
    admin.activate()
    browser = admin.browser()
    admin.come(browser)
    page = admin.press(browser, merchant_code="SPENT")
    assert page.status_code == 422
    assert "This code does not work" in page.text
    assert SIGN_IN in admin.press(browser).text


@pytest.mark.parametrize("way", [{"scheme": "https"}, {"drops_port": True}])
def test_the_exchange_goes_through_a_proxy_that_changes_the_address_and_the_page_says_so(
    admin: Admin, sandbox: Any, way: dict[str, Any]
) -> None:
    sandbox.shop.desk.proxy = Proxy(**way)
    admin.activate()
    browser = admin.browser()
    page = admin.come(browser)
    assert "stands in the way" in page.text
    admin.press(browser)
    assert admin.kept.spelling == ("no_port" if way.get("drops_port") else "other_scheme")


def test_a_shop_that_is_down_is_told_so_and_waited_for(admin: Admin, sandbox: Any) -> None:
    admin.activate()
    sandbox.close()
    page = admin.come(admin.browser())
    assert page.status_code == 422
    assert "cannot reach the shop" in page.text


@pytest.mark.parametrize(
    ("success", "goes"),
    [
        ("https://shop.test/admin/integration/loginSuccessCallback/?a=1", True),
        ("https://SHOP.test/admin/", True),
        ("http://shop.test/admin/", False),
        ("https://shop.test.evil.example/", False),
        ("https://shop.test@evil.example/", False),
        ("https://shop.test:8443/", False),
        ("https://shop.test\\@evil.example/", False),
        ("//shop.test/", False),
        ("javascript:alert(1)//https://shop.test/", False),
        ("https://shop.test/\n", False),
        ("https://shop.test/" + "x" * 1000, False),
        ("", False),
    ],
)
def test_the_way_back_leads_only_to_the_shop(success: str, goes: bool) -> None:
    assert handshake.back(success, "https://shop.test/") == (success if goes else "")


def test_without_a_way_back_the_browser_goes_on_signed_in(admin: Admin) -> None:
    admin.activate()
    admin.success = "https://evil.example/"
    browser = admin.browser()
    assert "evil.example" in admin.come(browser).text, "carried on, but no link"
    done = admin.press(browser)
    assert (done.status_code, done.location) == (303, SIGN_IN)


def test_the_page_is_never_kept_and_its_address_goes_to_no_other_site(admin: Admin) -> None:
    admin.activate()
    page = admin.come(admin.browser())
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["Cross-Origin-Opener-Policy"] == "unsafe-none", "the admin waits for this window"
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page.text)
    assert parse_qs(urlsplit(page.request.url).query)["came"] == ["1"]


def test_the_identity_page_speaks_dutch(admin: Admin) -> None:
    admin.activate()
    browser = admin.browser()
    page = browser.get(
        "/magento/identity?oauth_consumer_key=x", headers={"Accept-Language": "nl"}, follow_redirects=True
    )
    assert "Magento heeft de sleutels van deze integratie niet gestuurd" in page.text
    assert set(texts_identity.LABELS["nl"]) == set(texts_identity.LABELS["en"])
    assert set(texts_identity.FAULTS["nl"]) == set(texts_identity.FAULTS["en"])
