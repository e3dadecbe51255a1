"""A merchant connects in a real browser: the admin opens a small window of another site and waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
import requests
from playwright.sync_api import Page, expect, sync_playwright

from connector.house import House
from connector.serving import Web
from connector.store import shops

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
# As the admin's own script does: it opens a window, and asks it twice a second whether it is closed or back.
OPEN = (
    "([url, success]) => { window.success = success; window.opened = open(url, '', 'width=680,height=510'); }"
)
LOOK = """() => {
  try { return opened.closed ? "closed" : opened.location.href === success ? "back" : "about:blank"; }
  catch (error) { return opened.closed ? "closed" : "away"; }
}"""


@pytest.fixture
def public(web: Web) -> str:
    # Another site than the shop's, as it is in life: cookies and windows are kept apart by it.
    return f"http://localhost:{web.port}"


@pytest.fixture
def admin(chromium: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser.new_context(reduced_motion="reduce").new_page()
        browser.close()


def _is_for_everybody(page: Page) -> None:
    page.evaluate(AXE)
    found = page.evaluate("tags => axe.run({runOnly: tags})", TAGS)
    assert [one["id"] for one in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_window_stays_the_admins_until_it_leads_back(
    home: House, public: str, sandbox: Any, admin: Page
) -> None:
    told = requests.post(
        f"{sandbox.address}_sandbox/activate", json={"public_url": public, "browse": False}, timeout=60
    ).json()
    key, success = told["offer"]["oauth_consumer_key"], told["success"]
    admin.goto(success)  # a page of the shop's admin, on the shop's own site
    identity = f"{public}/magento/identity?oauth_consumer_key={key}&success_call_back={success}"
    with admin.context.expect_page() as opened:
        admin.evaluate(OPEN, [identity, success])
    window = opened.value
    expect(window.get_by_role("button", name="Connect")).to_be_visible()
    assert admin.evaluate(LOOK) == "away", "cut off from its opener the window would seem closed"
    _is_for_everybody(window)

    window.keyboard.press("Tab")  # the tick box, the code, the button: nothing needs a mouse
    window.keyboard.press("Tab")
    window.keyboard.press("Tab")
    window.keyboard.press("Enter")
    expect(window.get_by_role("status")).to_contain_text("The shop is connected.")
    assert admin.evaluate(LOOK) == "away"
    signs_in = window.get_by_role("link", name="Go to your programme")
    assert "/signin/" in str(signs_in.get_attribute("href"))
    assert signs_in.get_attribute("target") == "_blank", "the way back is still there afterwards"
    _is_for_everybody(window)
    window.get_by_role("link", name="Back to Magento").click()
    window.wait_for_url(success)
    assert admin.evaluate(LOOK) == "back"
    with home.database.everyone() as connection:
        assert [shop.state for shop in shops.everywhere(connection)] == ["connected"]

    for scheme in ("light", "dark"):
        admin.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        admin.goto(f"{public}/magento/")
        _is_for_everybody(admin)
