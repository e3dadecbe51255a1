"""The pages in a real browser, inside an admin on another site, which blocks every cookie of ours."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import axe_playwright_python
import msgspec
import pytest
import requests
from playwright.sync_api import Browser, Frame, Page, expect, sync_playwright
from werkzeug.serving import make_server

from adapters.shopify.sandbox import Shop as Sandbox
from adapters.shopify.sandbox.server import create_app as create_app_of
from connector import plugins
from connector.app import create_app
from connector.hall import sign_in_url
from connector.house import House, furnish
from connector.serving import Web
from connector.store import merchants, shops
from connector.store.shops import Shop

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
    "--test-third-party-cookie-phaseout",
)
SIZES = {"desktop": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}


class Heard(msgspec.Struct):
    """What came to the app's own server, and what the browser complained about."""

    cookies: list[str] = []
    given: list[str] = []
    errors: list[str] = []
    foreign: list[str] = []


@pytest.fixture(scope="module")
def strict_chrome(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


NAMES = ("theehoek", "papier")


@pytest.fixture
def mall(inside: ModuleType) -> Iterator[dict[str, Sandbox]]:
    """Two shops of one platform at one address, as all shops of the real one have one admin."""
    shops_here = {name: Sandbox(f"{name}.myshopify.com", inside.CLIENT_ID, inside.SECRET) for name in NAMES}
    apps = {name: create_app_of(one) for name, one in shops_here.items()}

    def shared(environ: Any, start_response: Any) -> Any:
        path = environ["PATH_INFO"].split("/")
        named = path[3] if path[1:3] == ["admin", "store"] else environ.get("HTTP_X_SANDBOX_SHOP", "")
        return apps[named.partition(".")[0] or NAMES[0]](environ, start_response)

    server = make_server("127.0.0.1", 0, shared, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    for one in shops_here.values():
        one.own_url = f"http://127.0.0.1:{server.server_port}"
    yield shops_here
    server.shutdown()
    server.server_close()


@pytest.fixture
def sandbox(mall: dict[str, Sandbox]) -> Sandbox:
    return mall[NAMES[0]]


@pytest.fixture
def house(env: dict[str, str], paper: ModuleType, inside: ModuleType, sandbox: Sandbox) -> Iterator[House]:
    both = {**plugins.platforms(), "paper": paper.PaperPlatform()}
    more = {"SHOPIFY_BASE_URL": sandbox.own_url, "SHOPIFY_APP_KIND": "public"}
    made = furnish(env | inside.ENV | more, both, lambda: paper.NOW)
    yield made
    made.close()


@pytest.fixture
def shop(house: House, inside: ModuleType) -> Shop:
    connected: Shop = inside.connect(house)
    return connected


@pytest.fixture
def heard() -> Heard:
    return Heard([], [], [], [])


@pytest.fixture
def app_url(house: House, mall: dict[str, Sandbox], heard: Heard, inside: ModuleType) -> Iterator[str]:
    """The app at localhost, while the admin is at 127.0.0.1: two sites."""
    app = create_app(house)
    answers = app.wsgi_app

    def listening(environ: Any, start_response: Any) -> Any:
        embedded = environ.get("HTTP_SEC_FETCH_DEST") != "document" and "alone" not in environ["QUERY_STRING"]

        def started(status: str, words: list[tuple[str, str]], *rest: Any) -> Any:
            if embedded:
                heard.given += [word for name, word in words if name == "Set-Cookie"]
            return start_response(status, words, *rest)

        if embedded:
            heard.cookies += [environ["PATH_INFO"]] if "HTTP_COOKIE" in environ else []
        return answers(environ, started)

    app.wsgi_app = listening  # type: ignore[method-assign]
    web = Web(app, "127.0.0.1", 0, house.settings.proxy_hops)
    for one in mall.values():
        one.public_url = f"http://127.0.0.1:{web.port}"
    yield f"http://localhost:{web.port}"
    web.stop()


@pytest.fixture
def enter(
    strict_chrome: Browser, sandbox: Sandbox, app_url: str, heard: Heard
) -> Iterator[Callable[..., Page]]:
    """Open the admin in a window of its own."""
    opened = []

    def entered(size: str = "desktop") -> Page:
        context = strict_chrome.new_context(viewport=SIZES[size], reduced_motion="reduce")  # type: ignore[arg-type]
        opened.append(context)
        ours = (app_url, sandbox.own_url)
        context.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((*ours, "blob:" + app_url))
                else heard.foreign.append(request.url)
            ),
        )
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " event => console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))"
        )
        page = context.new_page()
        page.on("console", lambda word: heard.errors.append(word.text) if word.type == "error" else None)
        page.on("pageerror", lambda error: heard.errors.append(str(error)))
        return page

    yield entered
    for context in opened:
        context.close()
    # Pages that come with 401 or 422 on purpose are noted in the console; nothing else may be.
    assert [error for error in heard.errors if "status of 4" not in error] == []
    assert heard.foreign == []
    assert heard.cookies == [], "a cookie came along into the frame"
    assert heard.given == [], "a cookie was set inside the frame"


def visit(page: Page, sandbox: Sandbox, path: str = "", question: str = "") -> Frame:
    """Open a page of the app in the admin, and return the frame it is in."""
    name = sandbox.domain.partition(".")[0]
    page.goto(f"{sandbox.own_url}/admin/store/{name}/apps/comeback/{path}{question}")
    frame = page.frame("app")
    assert frame
    frame.wait_for_selector("#main h1")
    return frame


def barriers(frame: Frame) -> list[str]:
    """What keeps people out, as axe-core finds it."""
    frame.evaluate(AXE)
    # Of what passes nothing is told in full: to write it down takes longer than to look.
    found = frame.evaluate("tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", TAGS)
    return [f"{one['id']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"]]


def test_every_room_is_clean_and_open_to_everybody_inside_the_admin(
    town: Any, fair: Any, inside: ModuleType, enter: Callable[..., Page], sandbox: Sandbox
) -> None:
    fair.furnish(town, 40)
    inside.back_to_its_address(town)
    rooms = (
        *("", "settings/programme", "settings/programme/versions/1", "settings/members", "settings/coupons"),
        *(f"settings/members/{town.star[0]}", "settings/shops", "settings/activity"),
        *(f"settings/activity/arrived/{town.letter}", "settings/activity/sent"),
        *("settings/activity/checks", "settings/activity/privacy"),
    )
    pages = {"en": enter("desktop"), "nl": enter("phone")}
    for number, room in enumerate(rooms):
        language = ("en", "nl")[number % 2]
        frame = visit(pages[language], sandbox, room, f"?lang={language}&sitting={language}")
        assert frame.url.startswith("http://localhost:"), frame.url
        assert "id_token" not in frame.url
        assert frame.get_attribute("html", "lang") == language
        assert barriers(frame) == [], room
        wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        assert frame.evaluate(wide), room
        assert frame.evaluate("document.cookie") == ""
        # The admin's navigation and its sign-out are the only ones.
        expect(frame.locator("header, nav.nav, form[action='/signout']")).to_have_count(0)
        items = pages[language].get_by_role("navigation", name="Comeback").get_by_role("button")
        for place, word in enumerate((("Overview", "Programme"), ("Overzicht", "Programma"))[number % 2]):
            expect(items.nth(place)).to_have_text(word)


def test_a_merchant_works_in_the_admin_as_in_a_window_of_their_own(
    town: Any,
    fair: Any,
    inside: ModuleType,
    enter: Callable[..., Page],
    sandbox: Sandbox,
    app_url: str,
    house: House,
    heard: Heard,
    tmp_path: Path,
) -> None:
    fair.furnish(town, 60)
    inside.back_to_its_address(town)
    page = enter()
    # The same browser is signed in at the app's own address too: that cookie must not come along.
    link = sign_in_url(house, town.shop.merchant_id).split("/", 3)[3]
    page.goto(f"{app_url}/{link}?alone")
    assert page.context.cookies(app_url)
    heard.cookies.clear()
    heard.given.clear()
    frame = visit(page, sandbox, "", "?lang=en")

    # Links, the way back, and a page opened anew at the same address.
    rooms = page.get_by_role("navigation", name="Comeback")
    rooms.get_by_role("button", name="Members", exact=True).click()
    frame.get_by_role("heading", name="Members", level=1).wait_for()
    expect(page).to_have_url(re.compile("/apps/comeback/settings/members"))
    rooms.get_by_role("button", name="Codes", exact=True).click()
    frame.get_by_role("heading", name="Codes", level=1).wait_for()

    # A file is saved with the proof in a header, not in its address.
    with page.expect_download() as saved:
        frame.get_by_role("link", name="Save as CSV").click()
    file = tmp_path / "codes.csv"
    saved.value.save_as(file)
    assert saved.value.suggested_filename.endswith(".csv")
    assert len(file.read_text().splitlines()) > 3
    frame.evaluate("history.back()")
    frame.get_by_role("heading", name="Members", level=1).wait_for()

    # Only the frame is loaded again: it bounces to a new proof and is where it was.
    frame.evaluate("location.reload()")
    frame.get_by_role("heading", name="Members", level=1).wait_for()
    assert "/settings/members" in frame.url

    # A form whose token ends while it is filled in.
    member = f"settings/members/{town.star[0]}"
    frame = visit(page, sandbox, member)
    frame.get_by_label("Points", exact=True).fill("25")
    frame.get_by_role("button", name="Book it").click()
    frame.locator("#problems").wait_for()
    assert frame.input_value("#points") == "25"
    frame.get_by_label("Reason").fill("A late parcel")
    requests.post(f"{sandbox.own_url}/_sandbox/stale_tokens", json={"next": 1}, timeout=60)
    frame.get_by_role("button", name="Book it").click()
    frame.get_by_text("points booked").wait_for()
    expect(frame.get_by_text("A late parcel")).to_have_count(1)

    # The language is changed, and stays.
    frame.get_by_role("button", name="Nederlands").click()
    frame.locator("html[lang=nl]").wait_for()
    frame = visit(page, sandbox, "settings/members")
    assert frame.get_attribute("html", "lang") == "nl"


def test_a_programme_is_filled_in_and_previewed_inside_the_admin(
    town: Any, enter: Callable[..., Page], sandbox: Sandbox
) -> None:
    town.orders(town.customers(20), 100, 120_00)
    frame = visit(enter(), sandbox, "settings/programme", "?lang=en")
    frame.get_by_label("Points", exact=True).fill("2")
    frame.locator("#told").get_by_text("120 points").wait_for()
    frame.get_by_role("button", name="+ Add a tier").click()
    frame.locator("[id='tiers.2.name']").wait_for()
    frame.get_by_role("button", name="Preview").click()
    frame.locator("#problems").wait_for()
    frame.get_by_role("button", name="Remove New tier").click()
    frame.locator("[id='tiers.2.name']").wait_for(state="detached")
    frame.get_by_role("button", name="Preview").click()
    frame.locator("#preview").get_by_text("+4,800").wait_for()
    frame.get_by_role("button", name="Start the programme").click()
    frame.get_by_text("Version 1 is in force.").wait_for()


def test_the_admins_bar_saves_a_changed_programme_or_brings_back_what_was_kept(
    town: Any, enter: Callable[..., Page], sandbox: Sandbox
) -> None:
    page = enter()
    frame = visit(page, sandbox, "settings/programme", "?lang=en")
    points = frame.get_by_label("Points", exact=True)
    kept, bar = points.input_value(), page.locator("#bar")
    expect(bar).to_be_hidden()
    points.fill("7")
    bar.get_by_role("button", name="Discard").click()
    expect(points).to_have_value(kept)
    bar.wait_for(state="hidden")
    frame.locator("body:not([aria-busy])").wait_for()
    frame.get_by_label("Points", exact=True).fill("3")
    bar.get_by_role("button", name="Save").click()
    frame.get_by_text("The draft is saved.").wait_for()
    bar.wait_for(state="hidden")
    assert visit(page, sandbox, "settings/programme").get_by_label("Points", exact=True).input_value() == "3"


def test_a_further_shop_of_a_listed_app_joins_by_the_code_it_is_asked_for(
    house: House,
    inside: ModuleType,
    enter: Callable[..., Page],
    sandbox: Sandbox,
    app_url: str,
    heard: Heard,
) -> None:
    first = inside.connect(house, "papier.myshopify.com")
    with house.database.merchant(first.merchant_id) as tx:
        code = merchants.give_pass(tx, "join", house.now(), timedelta(hours=1))
    page = enter("phone")
    page.goto(f"{sandbox.own_url}/admin/store/theehoek/apps/comeback/")
    frame = page.frame("app")
    assert frame
    frame.get_by_label("One-time code").fill("a-code-of-nobody")
    assert barriers(frame) == []
    frame.get_by_role("button", name="Join with this code").click()
    frame.locator("#wrong").wait_for()
    frame.get_by_label("One-time code").fill(code)
    page.route("**/*merchant_code=*", lambda route: route.abort())
    frame.get_by_role("button", name="Join with this code").click()
    frame.get_by_text("Comeback cannot be reached.").wait_for()
    page.unroute_all()
    frame.get_by_role("button", name="Join with this code").click()
    frame.get_by_role("heading", name="Shops").wait_for()
    with house.database.merchant(first.merchant_id) as tx:
        assert [one.address for one in shops.of_merchant(tx)] == ["papier.myshopify.com", inside.ADDRESS]
    # What was broken off above, on purpose, stands in the console too.
    heard.errors[:] = [one for one in heard.errors if "net::ERR_FAILED" not in one]


def test_two_shops_in_two_tabs_of_one_browser_each_see_their_own(
    house: House, inside: ModuleType, enter: Callable[..., Page], mall: dict[str, Sandbox]
) -> None:
    for one in mall.values():
        inside.connect(house, one.domain)
    first = enter()
    tabs = {"theehoek": first, "papier": first.context.new_page()}
    frames = {name: visit(tab, mall[name], "", "?lang=en") for name, tab in tabs.items()}
    # In turns, so that what one tab leaves behind would be met by the other.
    frames["papier"].get_by_role("button", name="Nederlands").click()
    frames["papier"].locator("html[lang=nl]").wait_for()
    for _ in range(2):
        for name, word in (("theehoek", "Members"), ("papier", "Leden"), ("theehoek", "Overview")):
            tabs[name].bring_to_front()
            tabs[name].get_by_role("navigation").get_by_role("button", name=word, exact=True).click()
            frames[name].get_by_role("heading", name=word, level=1).wait_for()
        tabs["papier"].bring_to_front()
        tabs["papier"].get_by_role("navigation").get_by_role("button", name="Overzicht").click()
        frames["papier"].get_by_role("heading", name="Overzicht", level=1).wait_for()
        for name, other in (NAMES, NAMES[::-1]):
            expect(frames[name].locator("#shops")).to_contain_text(f"{name}.myshopify.com")
            expect(frames[name].locator("#shops")).not_to_contain_text(other)
