"""A small shop with known figures, and a browser's view of its pages without a browser."""

from __future__ import annotations

import html
import importlib.util
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser as Chrome
from playwright.sync_api import BrowserContext, Page, sync_playwright
from werkzeug.test import TestResponse

from connector.app import create_app
from connector.flow import programme, settling
from connector.hall import sign_in_url
from connector.house import House
from connector.loyalty.terms import Terms, suggested
from connector.port import ShopFacts
from connector.records import Customer, LineItem, Order
from connector.serving import Web
from connector.store import members, people, purchases, shops
from connector.store.shops import Shop

DAY = timedelta(days=1)
SIZES = {"desktop": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}
QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
)


class Town:
    """Writes customers and orders into the house as they would stand after an import."""

    def __init__(self, house: House, shop: Shop) -> None:
        self.house = house
        self.shop = shop
        self.now: datetime = house.now()
        self._orders = 1000

    def customers(self, count: int, prefix: str = "c", shop: Shop | None = None) -> list[str]:
        """Add so many customers, each a member of their own; return their ids."""
        shop = shop or self.shop
        ids = [f"{prefix}{n}" for n in range(count)]
        with self.house.database.merchant(shop.merchant_id) as tx:
            made = members.new(tx, count, self.now)
            people.keep(
                tx, shop.id, [(self._customer(one), member) for one, member in zip(ids, made, strict=True)]
            )
        return ids

    def orders(
        self, ids: list[str], days_ago: float, amount: int = 25_00, shop: Shop | None = None, **changes: Any
    ) -> None:
        """Add one paid order for each of these customers."""
        shop = shop or self.shop
        at = self.now - days_ago * DAY
        orders = []
        for one in ids:
            self._orders += 1
            order = Order(
                id=str(self._orders),
                number=f"#{self._orders}",
                currency=shop.currency,
                placed_at=at,
                changed_at=at,
                paid_at=at,
                total=amount,
                lines=(LineItem("1", "Tea", 1, 1, amount),),
                customer_id=one,
            )
            orders.append(msgspec.structs.replace(order, **changes))
        with self.house.database.merchant(shop.merchant_id) as tx:
            purchases.write(tx, [purchases.row(tx, shop.id, one) for one in orders])

    def second_shop(self, address: str = "paper.uk", currency: str = "GBP") -> Shop:
        """Add another shop of the same merchant."""
        with self.house.database.merchant(self.shop.merchant_id) as tx:
            facts = ShopFacts(address, "Paper UK", currency, "Europe/London", "en")
            return shops.add(tx, "paper", "group", facts, self.now)

    def start(self, terms: Terms | None = None, days_ago: int = 365) -> None:
        """Start the programme and settle everybody."""
        with self.house.database.merchant(self.shop.merchant_id) as tx:
            programme.publish(tx, terms or suggested("EUR"), self.now - days_ago * DAY, self.now)
            while settling.settle_due(tx, self.now):
                pass

    def member_of(self, customer_id: str) -> int:
        """Return the member behind a customer of the first shop."""
        with self.house.database.merchant(self.shop.merchant_id) as tx:
            (member_id,) = people.members_of(tx, self.shop.id, [customer_id])
        return member_id

    def settle(self) -> None:
        """Settle everybody as things stand now."""
        with self.house.database.merchant(self.shop.merchant_id) as tx:
            members.make_due(tx, self.now)
            while settling.settle_due(tx, self.now):
                pass

    def _customer(self, one: str) -> Customer:
        at = self.now - 400 * DAY
        return Customer(
            id=one,
            created_at=at,
            changed_at=at,
            email=f"{one}@example.nl",
            email_verified=True,
            name=f"Ada {one.upper()}",
        )


class Browser:
    """A signed-in merchant's view: reads pages, sends forms with the token that stands in them."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, address: str, status: int = 200) -> str:
        """Return the page; fail when the status is another."""
        answer = self.client.get(address)
        assert answer.status_code == status, answer.text[:2000]
        return answer.text

    def post(self, address: str, page: str = "/", **fields: Any) -> TestResponse:
        """Send a form with the token of `page`."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page))
        assert token
        return self.client.post(address, data={"csrf_token": token[1], **fields})

    def form(self, page: str, form_id: str) -> dict[str, str]:
        """Return what stands in a form's fields, as a browser would send it."""
        text = self.get(page)
        found = re.search(rf'<form[^>]*id="{form_id}".*?</form>', text, re.S)
        assert found
        return fields_of(found[0])


def fields_of(form: str) -> dict[str, str]:
    """Read inputs and selects of a piece of HTML."""
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or "checked" in tag):
            fields[name[1]] = html.unescape(value[1]) if value else ""
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', options) or re.search(
            r'<option value="([^"]*)"', options
        )
        fields[name] = html.unescape(chosen[1]) if chosen else ""
    return fields


@pytest.fixture
def town(house: House, shop: Shop) -> Town:
    """The shop `paper.example`, still without customers."""
    return Town(house, shop)


@pytest.fixture
def fair() -> ModuleType:
    """The lively shop of fair.py."""
    return _beside("fair")


@pytest.fixture
def inside() -> ModuleType:
    """A shop whose admin shows the pages, of inside.py."""
    return _beside("inside")


def _beside(name: str) -> ModuleType:
    """Test folders are no packages, so that a module beside this one is loaded by its path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def app(house: House) -> Flask:
    return create_app(house)


@pytest.fixture
def sign_in(app: Flask, house: House) -> Callable[[int, str], Browser]:
    """Return a browser in which this merchant is signed in, reading this language."""

    def signed_in(merchant_id: int, language: str) -> Browser:
        client = app.test_client()
        with client.session_transaction() as session:
            session.update(merchant_id=merchant_id, since=int(house.now().timestamp()), language=language)
        return Browser(client)

    return signed_in


@pytest.fixture
def browser(sign_in: Callable[[int, str], Browser], shop: Shop) -> Browser:
    """The merchant of `paper.example`, reading English."""
    return sign_in(shop.merchant_id, "en")


class Seen(msgspec.Struct):
    """What the browser complained about, and where it wanted to go."""

    errors: list[str] = []
    foreign: list[str] = []


@pytest.fixture(scope="module")
def chrome(chromium: str) -> Iterator[Chrome]:
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
def sizes() -> dict[str, dict[str, int]]:
    """A desktop's window and a phone's, by name."""
    return SIZES


@pytest.fixture
def enter(chrome: Chrome, house: Any, shop: Any, url: str) -> Iterator[Callable[..., Page]]:
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
        # Pages that come with 401 or 422 on purpose are noted in the console; nothing else may be.
        assert [error for error in seen.errors if "status of 4" not in error] == []
        assert seen.foreign == []
