"""The pages in a real browser: no error, no breach of the policy, nothing foreign, nothing that keeps people out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import insert, update

from connector.hall import sign_in_url
from connector.insight import glance
from connector.store import figures
from connector.store.tables import runs

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
# Of what passes nothing is told in full: to write it down takes longer than to look.
BRIEF = "resultTypes: ['violations']"
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
Sizes = dict[str, dict[str, int]]


def rooms(town: Any) -> dict[str, str]:
    """The pages to look at, by name."""
    return {
        "overview": "/",
        "programme": "/settings/programme",
        "version": "/settings/programme/versions/1",
        "members": "/settings/members",
        "member": f"/settings/members/{town.star[0]}",
        "coupons": "/settings/coupons",
        "shops": "/settings/shops",
        "activity": "/settings/activity",
        "message": f"/settings/activity/arrived/{town.letter}",
        "sent": "/settings/activity/sent",
        "checks": "/settings/activity/checks",
        "privacy": "/settings/activity/privacy",
        "signing-in": "/settings/signin",
        "polled": "/?of=a-shop-that-is-polled",
    }


def barriers(page: Page, only: str = "") -> list[str]:
    """What keeps people out, as axe-core finds it: by every rule, or by one."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    asked = {"type": "rule", "values": [only]} if only else {"type": "tag", "values": TAGS}
    found = page.evaluate(f"asked => axe.run(document, {{runOnly: asked, {BRIEF}}})", asked)
    return [
        f"{page.url} {one['id']}: {node['html'][:160]} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


# Which rules are asked, by language, size and scheme. The dark scheme changes colours and nothing else, in every size the
# same; Dutch changes words, and so what a phone has room for.
ASKED = {
    "en": {("desktop", "light"): "", ("phone", "light"): "", ("phone", "dark"): "color-contrast"},
    "nl": {("phone", "light"): ""},
}


@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_page_is_clean_and_open_to_everybody(
    town: Any,
    fair: Any,
    enter: Callable[..., Page],
    url: str,
    sizes: Sizes,
    language: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fair.furnish(town, 60)
    page = enter(language)
    for name, address in rooms(town).items():
        monkeypatch.setattr(type(town.house.platforms["paper"]), "polled", name == "polled")
        page.goto(url + address)
        assert page.get_attribute("html", "lang") == language
        for size, shape in sizes.items():
            page.set_viewport_size(shape)  # type: ignore[arg-type]
            assert page.evaluate(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            ), (address, size)
            for scheme in ("light", "dark"):
                if (size, scheme) in ASKED[language] or os.environ.get("COMEBACK_LOOK"):
                    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                    look(page, f"{name}-{language}-{size}-{scheme}")
                if (only := ASKED[language].get((size, scheme))) is not None:
                    assert barriers(page, only) == [], (size, scheme)


def test_an_empty_house_is_clean_too(enter: Callable[..., Page], url: str, sizes: Sizes) -> None:
    page = enter("en")
    for address in (
        "/",
        "/settings/programme",
        "/settings/members",
        "/settings/shops",
        "/settings/coupons",
        "/settings/activity",
    ):
        page.goto(url + address)
        for size, shape in sizes.items():
            page.set_viewport_size(shape)  # type: ignore[arg-type]
            assert barriers(page) == [], size
            look(page, f"empty{address.replace('/', '-')}-{size}")


def test_a_programme_is_filled_in_previewed_and_started(
    town: Any, enter: Callable[..., Page], url: str
) -> None:
    ids = town.customers(20)
    town.orders(ids, 100, 120_00)
    page = enter()
    page.goto(url + "/settings/programme")
    page.get_by_label("Points", exact=True).fill("2")
    page.locator("#told").get_by_text("120 points").wait_for()
    page.get_by_role("button", name="+ Add a tier").click()
    page.locator("[id='tiers.2.name']").fill("Platinum")
    page.locator("[id='tiers.2.threshold']").fill("400")
    page.locator("[id='tiers.2.tag']").fill("loyalty-platinum")
    page.locator("#told").get_by_text("1 field cannot be kept yet").wait_for()
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("link", name="not above").or_(page.locator("#problems a")).first.click()
    page.keyboard.press("Control+A")
    page.keyboard.type("1.000,00")
    assert page.input_value("[id='earn_points']") == "2"
    assert barriers(page) == []
    page.get_by_role("button", name="Preview").click()
    page.locator("#preview").get_by_text("+4,800").wait_for()
    assert barriers(page) == []
    look(page, "preview")
    page.get_by_role("button", name="Start the programme").click()
    page.get_by_text("Version 1 is in force.").wait_for()
    assert barriers(page) == []


def test_points_are_exchanged_and_adjusted_by_keyboard(
    town: Any, enter: Callable[..., Page], url: str
) -> None:
    town.orders(town.customers(1), 60, 150_00)
    town.start()
    page = enter()
    page.goto(f"{url}/settings/members/{town.member_of('c0')}")
    page.get_by_label("Reward").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("is being made in the shop").wait_for()
    page.get_by_label("Points", exact=True).focus()
    page.keyboard.type("25")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Say why: the member's ledger shows it.", exact=True).wait_for()
    assert barriers(page) == []
    page.get_by_label("Reason").focus()
    page.keyboard.type("A late parcel")
    page.keyboard.press("Enter")
    page.get_by_text("25 points given by hand: A late parcel.").wait_for()
    page.get_by_label("Reward").focus()
    page.get_by_role("button", name="Exchange").click()
    page.locator("[id='reward.error']").wait_for()
    expect(page.locator(".tile .big").first).to_have_text("75")


def test_a_mistake_on_a_phone_is_in_sight_and_leads_to_its_field(
    town: Any, fair: Any, enter: Callable[..., Page], url: str
) -> None:
    fair.furnish(town, 40)
    page = enter("en", "phone")
    page.goto(f"{url}/settings/members/{town.star[0]}")
    # The forms come before the long lists, to the eye as to the keyboard.
    form, ledger = page.locator("#redeem-title"), page.locator("#ledger-title")
    assert top_of(form) < top_of(ledger)
    page.get_by_role("button", name="Book it").click()
    page.locator("#problems").wait_for()
    expect(page.locator("#problems")).to_be_focused()
    assert 0 <= top_of(page.locator("#problems")) < 844
    look(page, "mistake-phone")
    assert barriers(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#points")).to_be_focused()
    assert 0 <= top_of(page.locator("[id='points.error']")) < 844


def test_on_a_wide_screen_lists_and_forms_stand_side_by_side(
    town: Any, fair: Any, enter: Callable[..., Page], url: str
) -> None:
    fair.furnish(town, 40)
    page = enter()
    page.goto(f"{url}/settings/members/{town.star[0]}")
    form, ledger = page.locator("#redeem-title"), page.locator("#ledger-title")
    assert top_of(form) == top_of(ledger)
    assert form.bounding_box()["x"] > ledger.bounding_box()["x"] + 300  # type: ignore[index]


def top_of(found: Locator) -> float:
    """Return where it begins, from the top of what is in sight."""
    box = found.bounding_box()
    assert box
    return box["y"]


def test_what_stopped_is_tried_again_with_the_mouse(
    town: Any, fair: Any, enter: Callable[..., Page], url: str
) -> None:
    fair.furnish(town, 40)
    page = enter()
    page.goto(url)
    page.get_by_role("link", name="See why").click()
    page.get_by_role("button", name="Try again", exact=True).first.click()
    page.get_by_text("It is tried again.").wait_for()
    page.get_by_role("button", name="Try all again").click()
    page.get_by_text("Everything is tried again.").wait_for()
    expect(page.get_by_role("heading", name="Needs a look")).to_have_count(0)


def test_a_running_import_refreshes_by_itself(town: Any, enter: Callable[..., Page], url: str) -> None:
    here = {
        "merchant_id": town.shop.merchant_id,
        "shop_id": town.shop.id,
        "kind": "import",
        "state": "running",
    }
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(insert(runs).values(**here, done=100, total=400, started_at=town.now))
    page = enter()
    page.get_by_text("100 of about 400").wait_for()
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(runs).values(done=300))
    page.get_by_text("300 of about 400").wait_for()
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(runs).values(done=400, state="done"))
    page.get_by_text("400 customers and orders").wait_for()
    expect(page.locator("#shops[hx-get]")).to_have_count(0)


def test_the_keyboard_finds_the_content_first_and_the_language_can_be_changed(
    enter: Callable[..., Page],
) -> None:
    page = enter()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.get_by_role("button", name="Nederlands").click()
    page.get_by_role("heading", name="Overzicht").wait_for()
    assert page.get_attribute("html", "lang") == "nl"
    page.get_by_role("button", name="Afmelden").click()
    page.get_by_role("heading", name="Meld je aan").wait_for()
    assert barriers(page) == []
    page.get_by_role("link", name="Aanmelden met een wachtwoord").click()
    page.get_by_label("Naam of e-mailadres").fill("anna")
    page.get_by_label("Wachtwoord", exact=True).fill("zeven ketels zingen")
    page.get_by_role("button", name="Aanmelden", exact=True).click()
    page.get_by_text("Naam of wachtwoord klopt niet.").wait_for()
    assert barriers(page) == []
    look(page, "refused")


def test_the_forms_work_without_scripts(town: Any, chrome: Browser, house: Any, shop: Any, url: str) -> None:
    town.orders(town.customers(5), 100, 120_00)
    context = chrome.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url + "/" + sign_in_url(house, shop.merchant_id).split("/", 3)[3] + "?lang=en")
    page.goto(url + "/settings/programme")
    page.get_by_role("button", name="+ Add a reward", exact=True).click()
    expect(page.locator("[id='redeemables.1.name']")).to_have_count(1)
    page.get_by_role("button", name="Remove New reward").click()
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("+600")
    context.close()


def test_a_message_is_found_and_opened_without_scripts(
    town: Any, fair: Any, chrome: Browser, house: Any, shop: Any, url: str
) -> None:
    fair.furnish(town, 40)
    context = chrome.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url + "/" + sign_in_url(house, shop.merchant_id).split("/", 3)[3] + "?lang=en")
    page.goto(url + "/settings/activity")
    page.get_by_label("Order, customer or number of a request").fill("letter")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_url(re.compile("q=letter"))
    page.get_by_role("link", name="orders/paid").click()
    expect(page.locator(".payload")).not_to_contain_text("Noor")
    page.get_by_role("button", name="Apply once more").click()
    page.get_by_text("It is applied once more.").wait_for()
    context.close()


def test_the_figures_of_a_large_merchant_come_into_the_page_that_is_already_there(
    town: Any, enter: Callable[..., Page], url: str, house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glance, "LONG", 5)
    town.orders(town.customers(8), 30, 20_00)
    with house.database.merchant(town.shop.merchant_id) as tx:
        with figures.counting(tx):  # holds up everybody else's until the transaction ends
            pass
        page = enter()
        page.get_by_text("The figures are being counted").wait_for()
        expect(page.get_by_role("heading", name="Shops")).to_be_visible()
        assert barriers(page) == []
    page.get_by_role("heading", name="Orders per month").wait_for()
    expect(page.locator("#counted")).to_have_text("The figures are counted.")
    expect(page.get_by_text("The figures are being counted")).to_have_count(0)
    assert barriers(page) == []


def test_the_figures_of_a_large_merchant_need_no_script(
    town: Any, chrome: Browser, house: Any, shop: Any, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glance, "LONG", 5)
    town.orders(town.customers(8), 30, 20_00)
    context = chrome.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url + "/" + sign_in_url(house, shop.merchant_id).split("/", 3)[3] + "?lang=en")
    page.get_by_role("link", name="Wait for the whole page instead").click()
    expect(page.get_by_role("heading", name="Orders per month")).to_be_visible()
    context.close()


def look(page: Page, name: str) -> None:
    """Keep a picture of the whole page where somebody wants to look."""
    if folder := os.environ.get("COMEBACK_LOOK"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
