"""Trouble on order, the merchant's browser, and invented shoppers."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from flask import Flask, Response, redirect, request
from werkzeug.serving import make_server

from adapters.magento.platform import platform
from connector.port import Installed, Welcomed

SECRET = "s" * 20
FORM = """<html><body><form method="get" action="/search"><input name="q"></form>
<form method="post" action="?step=2"><input type="hidden" name="csrf_token" value="tok">
<input name="address" type="url"><input name="consumer_key" type="password"><input name="consumer_secret">
<input name="token"><input name="token_secret"><input type="checkbox" name="confirms_email" value="1">
<input name="merchant_code"><input name="hook_secret"><button type="submit">Go</button></form></body></html>"""


class App:
    """What the sandbox talks to: an install page."""

    def __init__(self) -> None:
        self.typed: dict[str, str] = {}
        self.page = FORM
        self.flask = Flask("app")
        self.flask.add_url_rule("/magento/", "form", self.form, methods=["GET", "POST"])
        self.flask.add_url_rule("/welcome", "welcome", lambda: "signed in")
        self.server = make_server("127.0.0.1", 0, self.flask, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def form(self) -> Any:
        if request.method == "GET":
            answer = Response(self.page, content_type="text/html")
            answer.set_cookie("session", "one")
            return answer
        if request.form.get("csrf_token") != "tok" or request.cookies.get("session") != "one":
            return "no token", 400
        self.typed = request.form.to_dict()
        return redirect("/welcome", 303)


@pytest.fixture
def app() -> Iterator[App]:
    app = App()
    yield app
    app.server.shutdown()
    app.server.server_close()


def test_the_browser_walks_the_install_page_like_a_merchant(store: Any, app: App) -> None:
    walked = store.control("POST", "install", {"public_url": app.url, "merchant_code": "JOIN"})
    assert (walked["url"], walked["status"], walked["cookies"]) == (
        f"{app.url}/welcome",
        200,
        {"session": "one"},
    )
    keys = store.shop.desk.keys
    assert app.typed == {
        "csrf_token": "tok",
        "address": f"http://{store.host}/",
        "consumer_key": keys.consumer_key,
        "consumer_secret": keys.consumer_secret,
        "token": keys.access_token,
        "token_secret": keys.access_token_secret,
        "confirms_email": "1",
        "merchant_code": "JOIN",
        "hook_secret": "",
    }


def test_the_browser_gets_through_the_plugs_own_install_page(store: Any) -> None:
    store.shop.clock = lambda: datetime.now(UTC)
    hall = Doorstep()
    house = Flask("house")
    house.secret_key = "of this house"
    house.add_url_rule("/signed-in", "signed_in", lambda: "welcome")
    house.register_blueprint(platform.pages({"ALLOW_PRIVATE_HOSTS": store.host}, hall), url_prefix="/magento")
    server = make_server("127.0.0.1", 0, house, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    public = f"http://127.0.0.1:{server.server_port}"
    try:
        walked = store.control(
            "POST", "install", {"public_url": public, "merchant_code": "JOIN", "hook_secret": SECRET}
        )
        assert (walked["url"], walked["status"]) == (f"{public}/signed-in", 200)
        (installed,) = hall.installed
        assert (installed.facts.address, installed.merchant_code) == (f"http://{store.host}/", "JOIN")
        assert (installed.facts.currency, installed.facts.timezone) == ("USD", "America/New_York")
        store.control("POST", "rights", {"resources": ["Magento_Backend::store", "Magento_Customer::group"]})
        broken = store.control("POST", "install", {"public_url": public}, expect=502)
        assert "Magento_Sales::actions_view" in broken["error"]
    finally:
        server.shutdown()
        server.server_close()


class Doorstep:
    """The house as install pages see it."""

    public_url = "http://127.0.0.1"
    session_secret = b"s" * 32

    def __init__(self) -> None:
        self.installed: list[Installed] = []

    def welcome(self, installed: Installed) -> Welcomed:
        self.installed.append(installed)
        return Welcomed("/signed-in", "key")

    def elsewhere(self, address: str, sign: str) -> str:
        return ""

    def tokens(self, address: str) -> None:
        return None

    def expects(self) -> bool:
        return False

    def known(self, address: str) -> None:
        return None

    def enter(self, address: str) -> str:
        raise LookupError(address)

    def visits(self, caller: str) -> None:
        return None

    def guard(self, url: str) -> str:
        return url


def test_after_an_uninstall_an_install_brings_new_keys(store: Any, app: App) -> None:
    old = store.shop.desk.keys
    store.control("POST", "uninstall")
    store.control("POST", "install", {"public_url": app.url})
    assert app.typed["token"] not in ("", old.access_token)
    assert store.get("store/websites")


@pytest.mark.parametrize(
    ("page", "step"), [("<p>nothing here</p>", "form"), (FORM.replace('"tok"', '"other"'), "submit")]
)
def test_a_broken_road_says_at_which_step(store: Any, app: App, page: str, step: str) -> None:
    app.page = page
    assert store.control("POST", "install", {"public_url": app.url}, expect=502)["step"] == step
    nobody = store.control("POST", "install", {"public_url": "http://127.0.0.1:9"}, expect=502)
    assert nobody["step"] == "open"


def test_requests_fail_as_ordered_and_then_no_more(store: Any) -> None:
    busy = {"match": "orders", "times": 2, "status": 429, "retry_after": 7}
    store.control("POST", "faults", {"requests": [busy, {"match": "*", "status": 503, "html": True}]})
    page = store.call("GET", "store/websites")
    assert (page.status_code, page.headers["Content-Type"]) == (503, "text/html")
    query = "searchCriteria=&fields=total_count"
    answers = [store.call("GET", "orders", query=query) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"


def test_a_fault_after_the_effect_has_done_the_work(store: Any) -> None:
    store.control(
        "POST", "faults", {"requests": [{"match": "customerGroups", "status": 500, "after_effect": True}]}
    )
    assert store.call("POST", "customerGroups", {"group": {"code": "Gold"}}).status_code == 500
    assert store.refused("POST", "customerGroups", {"group": {"code": "Gold"}})[0] == 400


def test_a_fault_can_hang(store: Any) -> None:
    store.control("POST", "faults", {"requests": [{"hang_seconds": 0.3, "status": 500}]})
    with pytest.raises(requests.Timeout):
        requests.get(f"{store.rest}modules", auth=store.auth(), timeout=0.1)


def test_the_log_counts_requests_by_kind_and_refusals(store: Any) -> None:
    key = store.order()
    for number in (key, key, 99):
        store.call("GET", f"orders/{number}")
    log = store.control("GET", "log")
    assert (log["requests"]["GET V1/orders/*"], log["refusals"]) == (3, 1)


def test_the_same_seed_lets_the_same_things_happen(store: Any) -> None:
    def lived(seed: int) -> list[str]:
        store.stage.shoppers.chance.seed(seed)
        return [store.stage.shoppers.act() for _ in range(5)]

    assert lived(7) == lived(7) != lived(8)


def test_shoppers_live_until_they_are_told_to_be_quiet(store: Any) -> None:
    store.code("LIVE", uses_per_coupon=1)
    store.control("POST", "live", {"per_second": 400, "seed": 3})
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and len(store.shop.orders) < 150:
        time.sleep(0.02)
    done = store.control("POST", "quiet")["live"]
    count = len(store.shop.orders)
    assert {"order", "pay", "ship", "register", "refund"} <= done.keys()
    assert sum(1 for order in store.shop.orders if order.coupon and order.state != "canceled") <= 1
    for told in store.control("GET", "orders")["orders"]:
        assert float(told["refunded"]) <= float(told["total"])
    time.sleep(0.05)
    assert len(store.shop.orders) == count


def test_topics_magento_does_not_have_are_404(store: Any) -> None:
    store.control("POST", f"customers/{store.customer()}/redact", {}, expect=404)
    store.control("POST", "orders/77/pay", {}, expect=404)
    store.control("POST", "orders", {"lines": []}, expect=422)
