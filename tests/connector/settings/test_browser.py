"""The pages in a real browser: no error, no breach of the policy, nothing foreign, nothing that keeps people out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from connector.app import create_app
from connector.hall import sign_in_url
from connector.serving import Web

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
SIZES = {"desktop": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}
QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


class Seen(msgspec.Struct):
    """What the browser complained about, and where it wanted to go."""

    errors: list[str] = []
    foreign: list[str] = []


@pytest.fixture(scope="module")
def chrome(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def url(house: Any) -> Iterator[str]:
    web = Web(create_app(house), "127.0.0.1", 0, house.settings.proxy_hops)
    yield f"http://127.0.0.1:{web.port}"
    web.stop()


@pytest.fixture
def enter(chrome: Browser, house: Any, shop: Any, url: str) -> Iterator[Callable[..., Page]]:
    """Open a browser window, signed in by a one-time link; it notes every complaint."""
    opened: list[tuple[BrowserContext, Seen]] = []

    def entered(language: str = "en", size: str = "desktop", scheme: str = "light") -> Page:
        context = chrome.new_context(viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        seen = Seen([], [])
        opened.append((context, seen))
        context.on(
            "request",
            lambda request: None if request.url.startswith(url) else seen.foreign.append(request.url),
        )
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " event => console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))"
        )
        page = context.new_page()
        page.on(
            "console", lambda message: seen.errors.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        link = sign_in_url(house, shop.merchant_id)
        page.goto(url + "/" + link.split("/", 3)[3] + f"?lang={language}")
        return page

    yield entered
    for context, seen in opened:
        context.close()
        # A form that is sent back with 422 is noted in the console; nothing else may be.
        assert [error for error in seen.errors if "422" not in error] == []
        assert seen.foreign == []


def rooms(town: Any) -> dict[str, str]:
    """The pages to look at, by name."""
    return {
        "overview": "/",
        "programme": "/settings/programme",
        "version": "/settings/programme/versions/1",
        "members": "/settings/members",
        "member": f"/settings/members/{town.star[0]}",
        "coupons": "/settings/coupons",
        "activity": "/settings/activity",
        "sent": "/settings/activity/sent",
        "checks": "/settings/activity/checks",
        "privacy": "/settings/activity/privacy",
    }


def barriers(page: Page) -> list[str]:
    """What keeps people out, as axe-core finds it."""
    page.evaluate(AXE)
    found = page.evaluate("tags => axe.run(document, {runOnly: tags})", TAGS)
    return [
        f"{page.url} {one['id']}: {node['html'][:160]} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_page_is_clean_and_open_to_everybody(
    town: Any, fair: Any, enter: Callable[..., Page], url: str, language: str, size: str, scheme: str
) -> None:
    fair.furnish(town)
    page = enter(language, size, scheme)
    pictures = os.environ.get("COMEBACK_LOOK")
    for name, address in rooms(town).items():
        page.goto(url + address)
        assert page.get_attribute("html", "lang") == language
        assert barriers(page) == []
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ), address
        if pictures:
            page.screenshot(path=f"{pictures}/{name}-{language}-{size}-{scheme}.png", full_page=True)
