"""Every route there is, asked by nobody, by another merchant, with guessed ids and with another shop's signature.

The routes are taken from the application itself. One that is not in the table below fails the first test.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from connector import plugins
from connector.house import House, furnish
from connector.port import ShopFacts
from connector.store import merchants, proofs, shops, vaults, walls
from connector.store.shops import Shop
from connector.store.tables import coupons, inbox, outbox

METRICS = "a word for the monitor"
# Words that stand only in what belongs to the merchant whom nobody else may see.
CANARIES = ("De Theehoek", "theehoek", "canary", "@example.nl")
GUESSED = (
    "0",
    "-1",
    "1",
    "9223372036854775807",
    "1" + "0" * 30,
    "x",
    "%27%20OR%201=1",
    "1.5",
    "%F0%9F%90%A6",
)


class Rule(msgspec.Struct, frozen=True):
    """What a route answers. `nobody`: without a session; `own`: to the merchant whose rows it shows."""

    nobody: set[int]
    own: set[int]


PAGE = Rule(nobody={401}, own={200})
FORM = Rule(nobody={401}, own={200, 302, 303, 422})
_ANY = {200, 302, 303, 308, 400, 401, 404, 422}
OPEN = Rule(nobody=_ANY, own=_ANY)
ROUTES: dict[str, Rule] = {
    "static": OPEN,
    "corner.static": OPEN,
    "magento.static": OPEN,
    "shopify.static": OPEN,
    # How a shop comes in: these know no merchant but the one whose shop has just proved itself.
    "magento.form": OPEN,
    "magento.install": OPEN,
    "magento.identity": OPEN,
    "magento.finish": OPEN,
    # What the shop itself posts; it says nothing to anybody, and only so often.
    "magento_callbacks.posted": Rule(nobody={200, 411, 413, 429}, own={200, 411, 413, 429}),
    "shopify.opened": OPEN,
    "shopify.install": OPEN,
    "shopify.allow": OPEN,
    "shopify.callback": OPEN,
    "shopify.bounce": OPEN,
    "shopify.room": OPEN,
    "paper.install": OPEN,
    "paper.guard": OPEN,
    "webhooks.receive": Rule(nobody={401}, own={401}),
    "webhooks.challenge": Rule(nobody={401}, own={401}),
    # Whose it is says the shop's signature alone; a merchant's visit is worth nothing there.
    "storefront.shown": Rule(nobody={401}, own={401}),
    "entrance.signin": Rule(nobody={401}, own={302}),
    "entrance.asked": Rule(nobody={200}, own={302}),
    "entrance.tried": Rule(nobody={401, 429}, own={401, 429}),
    "entrance.everywhere": Rule(nobody={401}, own={302}),
    "entrance.signout": Rule(nobody={302}, own={302}),
    "entrance.signed_out": Rule(nobody={401}, own={401}),
    "condition.healthz": Rule(nobody={200}, own={200}),
    "condition.readyz": Rule(nobody={200}, own={200}),
    "condition.watch": Rule(nobody={404}, own={404}),
    "settings.speak": Rule(nobody={303}, own={303}),
    "settings.overview": PAGE,
    "settings.figures": PAGE,
    "settings.shops_state": PAGE,
    "settings.add_shop": PAGE,
    "settings.join_code": FORM,
    "settings.shop": PAGE,
    "settings.shop_line": PAGE,
    # The shop on paper sends its messages by itself, and has nothing to choose.
    "settings.shop_secret": Rule(nobody={401}, own={200, 404}),
    "settings.shop_choose": Rule(nobody={401}, own={303, 404, 422}),
    # The shop on paper tells when Comeback is taken out of it.
    "settings.shop_remove": Rule(nobody={401}, own={303, 404}),
    "settings.shop_erase": Rule(nobody={401}, own={303, 404}),
    "settings.programme": PAGE,
    "settings.save": FORM,
    "settings.rows": FORM,
    "settings.tell": FORM,
    "settings.preview": FORM,
    "settings.publish": FORM,
    "settings.version": PAGE,
    "settings.members": PAGE,
    "settings.search": FORM,
    "settings.member": PAGE,
    "settings.redeem": FORM,
    "settings.adjust": FORM,
    "settings.coupons": PAGE,
    "settings.coupons_file": PAGE,
    "settings.activity": PAGE,
    "settings.sent": PAGE,
    "settings.checks": PAGE,
    "settings.privacy_requests": PAGE,
    "settings.in_person": Rule(nobody={401}, own={303, 404}),
    "settings.export": PAGE,
    "settings.export_table": PAGE,
    "settings.message": PAGE,
    "settings.replay": FORM,
    "settings.discard_message": FORM,
    "settings.discard_push": FORM,
    "settings.apply_again": FORM,
    "settings.push_again": FORM,
    "settings.all_again": FORM,
    "settings.check": FORM,
    # Inside an admin there is nothing of this: the admin says who comes.
    "settings.signing_in": Rule(nobody={401}, own={200, 404}),
    "settings.choose_password": Rule(nobody={401}, own={303, 404, 422}),
    "settings.only_links": Rule(nobody={401}, own={303, 404}),
}
# What shows or changes one thing named in the address; the buttons of lists answer with the list, unchanged.
THEIR_OWN = {
    "settings.member",
    "settings.redeem",
    "settings.adjust",
    "settings.version",
    "settings.export",
    "settings.export_table",
} | {
    "settings.message",
    "settings.shop",
    "settings.shop_line",
    "settings.shop_secret",
    "settings.shop_choose",
    "settings.shop_remove",
    "settings.shop_erase",
}
WORDS = {"filename": ["comeback.css"], "platform_name": ["paper"], "word": ["guessed"], "room": ["members"]}


@pytest.fixture
def house(env: dict[str, str], paper: ModuleType, inside: ModuleType) -> Iterator[House]:
    """A house with the platform on paper and every installed one."""
    both = {**plugins.platforms(), "paper": paper.PaperPlatform()}
    made = furnish(env | inside.ENV | {"METRICS_TOKEN": METRICS}, both, lambda: paper.NOW)
    yield made
    made.close()


class Framed:
    """A merchant's visit inside the admin of a shop of theirs: a proof with every fetch, and no cookie."""

    def __init__(self, house: House, app: Flask, inside: ModuleType, merchant_id: int, address: str) -> None:
        with house.database.merchant(merchant_id) as tx:
            facts = ShopFacts(address, "In the admin", "EUR", "Europe/Amsterdam", "en")
            shops.add(tx, "shopify", "tags", facts, house.now())
        self._admin = inside.Admin(app, address)

    def open(self, address: str, **how: Any) -> Any:
        answer = self._admin.client.open(address, headers=self._admin.headers(), **how)
        assert "Set-Cookie" not in answer.headers, address
        return answer

    def get(self, address: str) -> Any:
        return self.open(address)

    def post(self, address: str, data: dict[str, str]) -> Any:
        return self.open(address, method="POST", data=data)


@pytest.fixture(params=["session", "bearer"])
def visit_of(
    request: pytest.FixtureRequest,
    house: House,
    app: Flask,
    inside: ModuleType,
    sign_in: Callable[..., Any],
) -> Callable[[int], Any]:
    """A client in which a merchant is known: by the cookie of a window of their own, or by the proof of an admin."""

    def client(merchant_id: int) -> Any:
        if request.param == "session":
            return sign_in(merchant_id, "en").client
        return Framed(house, app, inside, merchant_id, f"shop-{merchant_id}.myshopify.com")

    return client


@pytest.fixture
def full(town: Any, fair: Any) -> Any:
    """The merchant whom nobody else may see: rows in every table, canaries in what can be read."""
    fair.furnish(town, 40)
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        deed = proofs.Deed("De Theehoek", "data_asked", town.now, {"customers": 3}, "", "7003")
        proofs.write_down(tx, deed, town.now, b'{"canary": 1}')
    return town


@pytest.fixture
def theirs(full: Any) -> dict[str, list[str]]:
    """Ids of rows of the full merchant, by the name of the routes' variable."""
    with full.house.database.merchant(full.shop.merchant_id) as tx:
        arrived = tx.run(select(inbox.c.id).where(inbox.c.state == "parked")).scalars().all()
        sent = tx.run(select(outbox.c.id).where(outbox.c.state == "parked")).scalars().all()
        asked = tx.run(text("SELECT id FROM privacy WHERE export_sealed IS NOT NULL")).scalars().all()
        keys = tx.run(text("SELECT key FROM shops")).scalars().all()
    return WORDS | {
        "member_id": [str(full.star[0])],
        "row_id": [str(one) for one in (*arrived[:2], *sent[:2])],
        "request_id": [str(one) for one in asked],
        "number": ["1"],
        "shop_id": [str(full.shop.id)],
        "shop_key": [str(one) for one in keys],
    }


@pytest.fixture
def stranger(full: Any, sign_in: Callable[..., Any]) -> tuple[Any, Shop]:
    """Another merchant's browser, and their shop; its secret is known to them."""
    house = full.house
    with house.database.everyone() as connection:
        merchant_id = merchants.add(
            connection, house.ring, "Other", "EUR", "Europe/Amsterdam", "en", full.now
        )
    with house.database.merchant(merchant_id) as tx:
        facts = ShopFacts("other.example", "Other Shop", "EUR", "Europe/Amsterdam", "en")
        made = shops.add(tx, "paper", "tags", facts, full.now)
        vaults.keep(tx, made.id, b"the stranger's secret")
    return sign_in(merchant_id, "en"), made


def addresses(rule: Any, values: dict[str, list[str]]) -> list[str]:
    """Every address of a route, its variables replaced."""
    found = [rule.rule]
    for name in rule.arguments:
        found = [re.sub(rf"<[^<>]*\b{name}>", value, one) for one in found for value in values[name]]
    return found


def asked(app: Flask, values: dict[str, list[str]]) -> list[tuple[str, str, str]]:
    """Every (endpoint, method, address) of the application."""
    return [
        (rule.endpoint, method, address)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
        for address in addresses(rule, values)
    ]


def rows(town: Any) -> dict[str, str]:
    """Every row of the full merchant, as one fingerprint for each table."""
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        digest = "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t"
        return {table.name: tx.value(text(digest.format(table.name))) for table, _ in walls.closed()}


def ask(client: FlaskClient, method: str, address: str, fields: dict[str, str]) -> Any:
    """Ask as a browser would, with the page's own token in a form."""
    if method == "GET":
        return client.get(address)
    page = client.get("/settings/programme").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    return client.post(address, data=fields | ({"csrf_token": token[1]} if token else {}))


def fields(town: Any) -> dict[str, str]:
    """A form in which everything names something of the full merchant."""
    return {
        "shop": str(town.shop.id),
        "reward": "five-off",
        "place": f"{town.shop.id}:{town.star[1]}",
        "points": "5",
        "reason": "mine now",
        "act_key": "a-key-of-a-stranger",
        "q": "7003",
        "platform": "paper",
    }


def silent(answer: Any, address: str) -> None:
    """Nothing of the full merchant stands in the answer, its headers included."""
    said = answer.get_data(as_text=True) + str(answer.headers)
    answer.close()
    for canary in CANARIES:
        assert canary not in said, address


def test_every_route_is_in_the_table_and_nothing_else_is(app: Flask) -> None:
    there = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert there - set(ROUTES) == set(), "say in ROUTES what a new route answers to whom"
    assert set(ROUTES) - there <= {"corner.static"}


def test_nobody_is_shown_or_moves_anything(full: Any, app: Flask, theirs: dict[str, list[str]]) -> None:
    app.config["WTF_CSRF_ENABLED"] = False  # the session must be what refuses, not a missing token
    before = rows(full)
    for endpoint, method, address in asked(app, theirs):
        answer = app.test_client().open(
            address, method=method, data=fields(full) if method == "POST" else None
        )
        assert answer.status_code in ROUTES[endpoint].nobody | {405, 411}, (address, answer.status_code)
        silent(answer, address)
    assert rows(full) == before


def test_another_merchant_asking_for_every_foreign_thing_gets_404(
    full: Any,
    app: Flask,
    theirs: dict[str, list[str]],
    stranger: tuple[Any, Shop],
    visit_of: Callable[[int], Any],
) -> None:
    client, before, counted = visit_of(stranger[1].merchant_id), rows(full), 0
    for endpoint, method, address in asked(app, theirs):
        if not endpoint.startswith("settings."):
            continue
        answer = ask(client, method, address, fields(full))
        silent(answer, address)
        assert answer.status_code < 500, address
        if endpoint in THEIR_OWN:
            assert answer.status_code == 404, address
        counted += 1
    assert counted > 20
    assert rows(full) == before


def test_guessed_ids_lead_nowhere(
    full: Any, app: Flask, theirs: dict[str, list[str]], stranger: tuple[Any, Shop]
) -> None:
    guesses = {name: list(GUESSED) for name in theirs} | {"filename": ["../config.py", "nothing.css"]}
    app.config["WTF_CSRF_ENABLED"] = False  # the id must be what leads nowhere, not a missing token
    guessing = {rule.endpoint for rule in app.url_map.iter_rules() if rule.arguments}
    before = rows(full)
    for endpoint, method, address in asked(app, guesses):
        if endpoint not in guessing:
            continue
        for client in (stranger[0].client, app.test_client()):
            form = fields(full) if method == "POST" else None
            answer = client.open(address, buffered=True, method=method, data=form)
            silent(answer, address)
            assert answer.status_code in {302, 303, 308, 400, 401, 404, 405, 411}, (endpoint, address)
            if endpoint in THEIR_OWN and client is stranger[0].client:
                assert answer.status_code == 404, (endpoint, address)
    assert rows(full) == before


def test_the_merchant_themself_is_shown_all_of_it(
    full: Any, app: Flask, theirs: dict[str, list[str]], visit_of: Callable[[int], Any]
) -> None:
    """Otherwise the tests above would pass over pages that are simply broken."""
    client, seen = visit_of(full.shop.merchant_id), ""
    for endpoint, method, address in asked(app, theirs):
        if not endpoint.startswith("settings.") or endpoint == "settings.publish":
            continue
        answer = ask(client, method, address, fields(full))
        # A parked row's id belongs to one of two tables.
        lost = {404} if "/arrived/" in address or "/sent/" in address else set()
        assert answer.status_code in ROUTES[endpoint].own | lost, (address, answer.status_code)
        seen += answer.get_data(as_text=True)
    for canary in CANARIES:
        assert canary in seen, canary


@pytest.mark.parametrize("platform", ["paper", "shopify", "magento"])
def test_another_shops_signature_opens_no_door(
    full: Any,
    app: Flask,
    theirs: dict[str, list[str]],
    stranger: tuple[Any, Shop],
    paper: ModuleType,
    platform: str,
) -> None:
    body, before = b'{"id": 1}', rows(full)
    signed = hmac.new(b"the stranger's secret", body, hashlib.sha256)
    headers = paper.headers(
        body, shop="theehoek.example", signature=paper.signature(body, "the stranger's secret")
    )
    headers |= {
        "X-Shopify-Hmac-Sha256": paper.signature(body, "the stranger's secret"),
        "X-Shopify-Topic": "orders/paid",
        "X-Shopify-Webhook-Id": "1",
        "X-Shopify-Shop-Domain": "theehoek.example",
        "Authorization": f"Bearer {signed.hexdigest()}",
    }
    for key in theirs["shop_key"]:
        for place in (f"/{key}", "", "/declared/0123456789ab"):
            address = f"/webhooks/{platform}{place}"
            answer = app.test_client().post(address, data=body, headers=headers)
            assert answer.status_code == 401, address
            assert answer.data == b""
    assert rows(full) == before
    # The same message at the stranger's own address is heard: it was the address that was refused.
    if platform == "paper":
        own = app.test_client().post(f"/webhooks/paper/{stranger[1].key}", data=body, headers=headers)
        assert own.status_code == 200
        assert rows(full) == before


def test_a_pass_signs_in_whose_it_is_and_nobody_else(
    full: Any, app: Flask, stranger: tuple[Any, Shop]
) -> None:
    from connector.hall import sign_in_url

    client = app.test_client()
    client.get("/" + sign_in_url(full.house, stranger[1].merchant_id).split("/", 3)[3])
    page = client.get("/settings/shops").text + client.get("/").text
    assert "Other Shop" in page
    assert "De Theehoek" not in page
    assert client.get(f"/settings/members/{full.star[0]}").status_code == 404


def test_the_codes_of_one_merchant_are_not_in_anothers_file(full: Any, stranger: tuple[Any, Shop]) -> None:
    with full.house.database.merchant(full.shop.merchant_id) as tx:
        codes = tx.run(select(coupons.c.code)).scalars().all()
    assert len(codes) > 3
    text_of_file = stranger[0].client.get("/settings/coupons.csv").text
    assert [code for code in codes if code in text_of_file] == []
