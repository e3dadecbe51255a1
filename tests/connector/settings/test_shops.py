"""Adding a shop: a code made by the page brings the next shop into this programme, and a lost shop finds its way back."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from connector.flow import welcoming
from connector.port import Installed, ShopFacts
from connector.rounds import upkeep
from connector.settings import shops as page_of_shops
from connector.store.tables import shops


def test_the_overview_leads_to_the_page_that_adds_a_shop(town: Any, browser: Any) -> None:
    assert 'href="/settings/shops">Add a shop</a>' in browser.get("/")
    page = browser.get("/settings/shops")
    assert "<h3>Paper</h3>" in page
    assert "The shop sends Comeback every change the moment it happens." in page
    assert "Add a Paper shop" in page
    assert "one-time code</h2>" not in page


def test_a_code_made_on_the_page_brings_the_next_shop_into_this_programme(town: Any, browser: Any) -> None:
    page = browser.post("/settings/shops/join", "/settings/shops", platform="paper").text
    word = re.search(r'<span class="code">([\w-]+)</span>', page)
    assert word
    assert f'href="/paper/?merchant_code={word[1]}"' in page
    assert "until 20 Nov 2026, 14:00" in page  # one hour from now, by the merchant's clock
    assert word[1] not in browser.get("/settings/shops")
    facts = ShopFacts("tea.example", "Tea Shop", "EUR", "Europe/Amsterdam", "nl")
    house = town.house
    installed = Installed(facts, b"tokens", word[1])
    arrived = welcoming.welcome(house.database, house.platforms["paper"], installed, house.now())
    assert (arrived.merchant_id, arrived.first) == (town.shop.merchant_id, True)
    assert "Tea Shop" in browser.get("/")


def test_no_code_is_made_for_a_platform_that_is_not_on_offer(browser: Any) -> None:
    assert browser.post("/settings/shops/join", "/settings/shops", platform="stone").status_code == 404
    assert browser.post("/settings/shops/join", "/settings/shops").status_code == 404


@pytest.mark.parametrize("state", ["reconnect", "removed"])
def test_a_lost_shop_is_connected_again_from_the_overview(town: Any, browser: Any, state: str) -> None:
    assert "Reconnect" not in browser.get("/")
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(shops).values(state=state))
    for page in (browser.get("/"), browser.get("/settings/shops")):
        assert 'href="/paper/?shop=paper.example"' in html.unescape(page)


def test_a_lost_shop_of_a_platform_not_on_offer_says_so(town: Any, browser: Any) -> None:
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(shops).values(state="reconnect", platform="stone"))
    assert "stone is not set up here" in browser.get("/settings/shops")
    assert ">Reconnect<" not in browser.get("/")


def test_addresses_are_written_so_that_they_arrive_whole(town: Any) -> None:
    paper = town.house.platforms["paper"]
    address = page_of_shops.install_address(paper, shop="https://a.example/?x=1&y=2")
    assert address == "/paper/?shop=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y%3D2"


def test_a_shop_that_is_asked_says_when_it_was_last_looked_at(
    town: Any, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert timedelta(seconds=30) == upkeep.POLL_EVERY
    monkeypatch.setattr(type(town.house.platforms["paper"]), "polled", True)
    page = read(browser.get("/"))
    assert "Looked at every half minute, last at not yet; first comes its history" in page
    assert "Last message" not in page
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(shops).values(seen_until=town.now - timedelta(minutes=1)))
    for address in ("/", "/settings/shops/state"):
        page = read(browser.get(address))
        assert "Looked at every half minute, last at 20 Nov 2026, 12:59" in page
        assert "Checked up to" not in page
    assert "asks the shop for changes every half minute" in browser.get("/settings/shops")
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(shops).values(state="reconnect"))
    page = read(browser.get("/"))
    assert "Last looked at 20 Nov 2026, 12:59" in page
    assert "every half minute" not in page


def test_a_shop_that_sends_messages_says_when_the_last_one_came(town: Any, browser: Any) -> None:
    assert "Last message none yet" in read(browser.get("/"))
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(
            update(shops).values(
                last_delivery_at=town.now - timedelta(minutes=4), seen_until=town.now - timedelta(minutes=30)
            )
        )
    page = read(browser.get("/"))
    assert "Last message 4 minutes ago" in page
    assert "Checked up to 20 Nov 2026, 12:30" in page


def read(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))
