"""The application as browsers and machines meet it: signing in, strict headers, friendly errors, health."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import ModuleType
from typing import Any

import msgspec
import pytest
import requests
from flask import Flask

from connector.app import create_app
from connector.hall import sign_in_url
from connector.house import House, furnish
from connector.serving import Web
from connector.store import merchants, shops
from connector.store.shops import Shop

HOUR = timedelta(hours=1)


@pytest.fixture
def open_house() -> Iterator[Callable[[House], str]]:
    """Serve a house as in production, and return its address."""
    opened: list[Web] = []

    def served(house: House) -> str:
        opened.append(Web(create_app(house), "127.0.0.1", 0, house.settings.proxy_hops))
        return f"http://127.0.0.1:{opened[-1].port}"

    yield served
    for web in opened:
        web.stop()


@pytest.fixture
def url(house: House, open_house: Callable[[House], str]) -> str:
    return open_house(house)


def path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def later(house: House, by: timedelta) -> House:
    return msgspec.structs.replace(house, now=lambda: house.now() + by)


def test_a_sign_in_link_works_once(house: House, shop: Shop, url: str) -> None:
    link = url + path(sign_in_url(house, shop.merchant_id))
    with requests.Session() as browser:
        answer = browser.get(link, allow_redirects=False, timeout=60)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")
        assert browser.get(url, timeout=60).status_code == 200
    assert requests.get(link, timeout=60).status_code == 401
    assert requests.get(url, timeout=60).status_code == 401


def test_looking_at_a_sign_in_link_does_not_use_it_up(house: House, shop: Shop, url: str) -> None:
    link = url + path(sign_in_url(house, shop.merchant_id))
    assert requests.head(link, timeout=60).status_code == 200
    assert requests.get(link, allow_redirects=False, timeout=60).status_code == 302


def test_a_link_is_refused_when_it_is_too_old_or_guessed(
    house: House, shop: Shop, open_house: Callable[[House], str]
) -> None:
    late = open_house(later(house, timedelta(minutes=11)))
    assert requests.get(late + path(sign_in_url(house, shop.merchant_id)), timeout=60).status_code == 401
    assert requests.get(f"{late}/signin/guess", timeout=60).status_code == 401


def test_a_code_for_joining_does_not_sign_in(house: House, shop: Shop, url: str) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        word = merchants.give_pass(tx, "join", house.now(), HOUR)
    assert requests.get(f"{url}/signin/{word}", timeout=60).status_code == 401


def test_the_session_cookie_is_out_of_reach_and_ends_after_twelve_hours(house: House, shop: Shop) -> None:
    moment = [house.now()]
    app = create_app(msgspec.structs.replace(house, now=lambda: moment[0]))
    browser = app.test_client()
    answer = browser.get(path(sign_in_url(house, shop.merchant_id)))
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    for _ in range(24):
        moment[0] += timedelta(minutes=29, seconds=50)
        assert browser.get("/settings/shops").status_code == 200
    moment[0] += timedelta(minutes=5)
    assert browser.get("/settings/shops").status_code == 401


@pytest.fixture
def safe(env: dict[str, str], house: House, paper: ModuleType) -> Iterator[House]:
    """The house as it is reached over https."""
    made = furnish(
        env | {"PUBLIC_URL": "https://loyalty.example"}, {"paper": paper.PaperPlatform()}, house.now
    )
    yield made
    made.close()


def test_over_https_the_cookie_is_bound_to_this_very_host(house: House, shop: Shop, safe: House) -> None:
    browser = create_app(safe).test_client()
    answer = browser.get(path(sign_in_url(house, shop.merchant_id)), base_url="https://loyalty.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_signing_out_needs_the_page_it_is_asked_from(house: House, shop: Shop, url: str) -> None:
    with requests.Session() as browser:
        browser.headers["Origin"] = url
        browser.get(url + path(sign_in_url(house, shop.merchant_id)), timeout=60)
        assert browser.post(f"{url}/signout", timeout=60).status_code == 400  # without the form's token
        assert browser.get(url, timeout=60).status_code == 200
        page = browser.get(url, timeout=60).text
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        out = browser.post(f"{url}/signout", {"csrf_token": token}, timeout=60)
        assert out.status_code == 401  # the page that says how to come back
        assert browser.get(url, timeout=60).status_code == 401


def test_the_chosen_language_outlives_the_visit(house: House, shop: Shop, url: str) -> None:
    with requests.Session() as browser:
        browser.headers.update({"Accept-Language": "en", "Sec-Fetch-Site": "same-origin"})
        browser.get(url + path(sign_in_url(house, shop.merchant_id)) + "?lang=nl", timeout=60)
        page = browser.get(url, timeout=60).text
        assert '<html lang="nl">' in page
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        out = browser.post(f"{url}/signout", {"csrf_token": token}, timeout=60)
        assert '<html lang="nl">' in out.text
        assert '<html lang="nl">' in browser.get(url, timeout=60).text


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "https://loyalty.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://loyalty.example"}, 403),
        ({}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://loyalty.example"}, 403),
        ({"Origin": "https://loyalty.example.evil.example"}, 403),
        ({"Origin": "https://loyalty.example:444"}, 403),
        ({"Origin": "http://[::1"}, 403),
        ({"Origin": "http://127.0.0.1:8080"}, 403),
        # Let through, and stopped by the form's missing token.
        ({"Origin": "https://loyalty.example"}, 400),
        ({"Sec-Fetch-Site": "same-origin"}, 400),
        ({"Sec-Fetch-Site": "none"}, 400),
    ],
)
def test_a_form_is_taken_from_our_own_pages_only(said: dict[str, str], status: int, safe: House) -> None:
    browser = create_app(safe).test_client()
    del browser.environ_base["HTTP_SEC_FETCH_SITE"]
    for address in ("/signout", "/signin", "/settings/members/search", "/paper/install"):
        answer = browser.post(address, base_url="https://loyalty.example", headers=said)
        assert answer.status_code == status, address


def test_what_shops_send_needs_no_browsers_word(house: House, url: str) -> None:
    assert requests.post(f"{url}/webhooks/paper", b"{}", timeout=60).status_code == 401
    assert (
        requests.post(f"{url}/signout", headers={"Sec-Fetch-Site": "cross-site"}, timeout=60).status_code
        == 403
    )


@pytest.mark.parametrize(
    ("where", "status"),
    [
        ("/", 401),
        ("/nothing", 404),
        ("/signin/x", 401),
        ("/healthz", 200),
        ("/webhooks/paper", 405),
        ("/static/comeback.css", 200),
        ("/favicon.ico", 200),
    ],
)
def test_every_answer_carries_the_strict_headers(where: str, status: int, url: str) -> None:
    answer = requests.get(url + where, timeout=60)
    assert answer.status_code == status
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers.get("Cache-Control") == (
        "max-age=3600, public" if "static" in where or "favicon" in where else "no-store"
    )


def test_who_asks_for_an_icon_unasked_gets_ours(url: str) -> None:
    icon = requests.get(f"{url}/favicon.ico", timeout=60)
    assert (icon.status_code, icon.headers["Content-Type"]) == (200, "image/svg+xml")
    assert icon.content == requests.get(f"{url}/static/mark.svg", timeout=60).content
    assert "Set-Cookie" not in icon.headers


def test_errors_are_friendly_in_the_readers_language(url: str) -> None:
    for language, wish in (("nl", {"Accept-Language": "nl-NL,nl;q=0.9"}), ("en", {"Accept-Language": "fr"})):
        page = requests.get(f"{url}/nothing", headers=wish, timeout=60)
        assert f'<html lang="{language}">' in page.text
    with requests.Session() as browser:
        browser.get(f"{url}/nothing?lang=nl", timeout=60)
        assert '<html lang="nl">' in browser.get(f"{url}/nothing", timeout=60).text


def test_a_page_that_breaks_says_so_without_a_word_of_why(house: House) -> None:
    app = create_app(house)

    @app.get("/breaks")
    def breaks() -> str:
        raise RuntimeError("secret detail")

    answer = app.test_client().get("/breaks")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_a_request_for_another_host_name_is_refused_but_machines_may_ask_by_number(url: str) -> None:
    elsewhere = {"Host": "evil.example"}
    assert requests.get(url, headers=elsewhere, timeout=60).status_code == 400
    assert requests.get(f"{url}/healthz", headers=elsewhere, timeout=60).status_code == 200


def test_what_a_caller_says_of_its_address_counts_only_behind_a_proxy(
    env: dict[str, str], house: House, paper: ModuleType, open_house: Callable[[House], str]
) -> None:
    behind = furnish(env | {"PROXY_HOPS": "1"}, {"paper": paper.PaperPlatform()}, house.now)
    for built, expected in ((house, "127.0.0.1"), (behind, "203.0.113.9")):
        app = create_app(built)

        @app.get("/who")
        def who() -> str:
            from flask import request

            return str(request.remote_addr)

        web = Web(app, "127.0.0.1", 0, built.settings.proxy_hops)
        answer = requests.get(
            f"http://127.0.0.1:{web.port}/who",
            headers={"X-Forwarded-For": "198.51.100.7, 203.0.113.9"},
            timeout=60,
        )
        web.stop()
        assert answer.text == expected
    behind.close()


def test_health_and_readiness_tell_the_truth(
    env: dict[str, str], house: House, url: str, paper: ModuleType, open_house: Callable[[House], str]
) -> None:
    assert requests.get(f"{url}/readyz", timeout=60).text == "ready\n"
    nowhere = env | {"DATABASE_URL": env["DATABASE_URL"].replace("port=", "port=1")}
    gone = furnish(nowhere, {"paper": paper.PaperPlatform()}, house.now)
    away = open_house(gone)
    answer = requests.get(f"{away}/readyz", timeout=60)
    assert answer.status_code == 503
    assert "DATABASE_URL" in answer.text
    assert requests.get(f"{away}/healthz", timeout=60).status_code == 200
    page = requests.get(f"{away}/signin/x", timeout=60)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "30")
    gone.close()


def test_a_database_without_its_tables_is_not_ready(house: House, url: str, database: Any) -> None:
    import psycopg

    with psycopg.connect(database.owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DELETE FROM alembic_version")
    answer = requests.get(f"{url}/readyz", timeout=60)
    assert (answer.status_code, "comeback migrate" in answer.text) == (503, True)


def test_metrics_are_for_those_who_know_the_word(
    env: dict[str, str], house: House, url: str, paper: ModuleType, open_house: Callable[[House], str]
) -> None:
    assert requests.get(f"{url}/metrics", timeout=60).status_code == 404
    watched = furnish(env | {"METRICS_TOKEN": "m" * 20}, {"paper": paper.PaperPlatform()}, house.now)
    there = open_house(watched)
    assert (
        requests.get(f"{there}/metrics", headers={"Authorization": "Bearer x"}, timeout=60).status_code == 404
    )
    requests.post(f"{there}/webhooks/paper", b"{}", timeout=60)
    told = requests.get(f"{there}/metrics", headers={"Authorization": "Bearer " + "m" * 20}, timeout=60)
    assert 'comeback_webhooks_total{platform="paper",result="bad_signature"}' in told.text
    watched.close()


def test_installing_keeps_the_shop_signs_in_and_sends_for_its_history(
    house: House, paper: ModuleType
) -> None:
    app = create_app(house)
    app.config["WTF_CSRF_ENABLED"] = False
    browser = app.test_client()
    answer = browser.post("/paper/install", data={"address": "new.example"})
    assert answer.headers["Location"].startswith("http://127.0.0.1:8080/signin/")
    assert browser.get(path(answer.headers["Location"])).headers["Location"] == "/"
    assert browser.get("/").status_code == 200
    with house.database.everyone() as connection:
        shop = shops.find_by_address(connection, "paper", "new.example")
        tasks = (
            connection.exec_driver_sql("SELECT task_name FROM procrastinate_jobs ORDER BY 1").scalars().all()
        )
    assert shop is not None
    assert house.vault(shop).read() == b"tokens"
    assert tasks == ["import_history", "subscribe"]


def test_a_further_shop_joins_its_merchant_by_a_code(house: House, shop: Shop) -> None:
    app = create_app(house)
    app.config["WTF_CSRF_ENABLED"] = False
    with house.database.merchant(shop.merchant_id) as tx:
        code = merchants.give_pass(tx, "join", house.now(), HOUR)
    # The code works once; whoever brings a spent one is refused: a programme of its own is not what they asked for.
    for address, word, joined in (
        ("second.example", code, True),
        ("third.example", code, False),
        ("fourth.example", "never-given", False),
    ):
        app.test_client().post("/paper/install", data={"address": address, "merchant_code": word})
        with house.database.everyone() as connection:
            found = shops.find_by_address(connection, "paper", address)
        assert (found is not None and found.merchant_id == shop.merchant_id) is joined
        assert (found is not None) is joined
    # A shop that is known already comes back to its merchant, whatever code it brings.
    app.test_client().post("/paper/install", data={"address": shop.address, "merchant_code": code})
    with house.database.everyone() as connection:
        back = shops.find_by_address(connection, "paper", shop.address)
    assert back is not None
    assert back.merchant_id == shop.merchant_id


def test_install_forms_need_their_token(url: str) -> None:
    form, said = {"address": "x.example"}, {"Sec-Fetch-Site": "same-origin"}
    assert requests.post(f"{url}/paper/install", form, headers=said, timeout=60).status_code == 400


def test_install_pages_ask_the_guard_before_they_call(url: str, house: House) -> None:
    assert requests.get(f"{url}/paper/guard", {"url": "https://10.0.0.1"}, timeout=60).status_code == 500


def test_the_door_stands_in_the_application_without_a_form_token(
    house: House, shop: Shop, url: str, paper: ModuleType
) -> None:
    body = b"{}"
    good = requests.post(f"{url}/webhooks/paper", body, headers=paper.headers(body), timeout=60)
    bad = requests.post(f"{url}/webhooks/paper", body, headers=paper.headers(body, signature="x"), timeout=60)
    assert (good.status_code, good.content, bad.status_code, bad.content) == (200, b"", 401, b"")
    assert "Set-Cookie" not in good.headers


def test_the_server_finishes_what_it_is_answering_before_it_stops(house: House) -> None:
    app, begun = Flask("slow"), threading.Event()

    @app.get("/")
    def slow() -> str:
        begun.set()
        time.sleep(0.5)
        return "x" * 1_000_000

    web = Web(app, "127.0.0.1", 0)
    got: list[int] = []
    asking = threading.Thread(
        target=lambda: got.append(len(requests.get(f"http://127.0.0.1:{web.port}/", timeout=60).content))
    )
    asking.start()
    assert begun.wait(60)
    web.stop()
    asking.join()
    assert got == [1_000_000]
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{web.port}/", timeout=60)
