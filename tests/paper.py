"""A platform on paper, for tests of the house and its door: signed messages, install pages, and no shop behind it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from connector import config
from connector.house import House, furnish
from connector.port import (
    BadMessage,
    BadSignature,
    Change,
    CustomerForgotten,
    Delivery,
    Gift,
    Hall,
    Ignored,
    Installed,
    KeyWanted,
    Knock,
    MarkKind,
    Pace,
    Refused,
    Setting,
    ShopAdapter,
    ShopFacts,
    ShopLine,
    Shopper,
    ShopRemoved,
    TokenVault,
)
from connector.store import merchants, shops, vaults
from connector.store.shops import Shop

SECRET = "paper secret of the app"
ENVIRONMENT = {"PAPER_SECRET": SECRET}
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class PaperPlatform:
    """Signs with one secret of the app; where the URL names a shop, with that shop's tokens instead."""

    name = "paper"
    title = "Paper"
    mark_kind: MarkKind = "tags"
    binds_coupons = True
    gives: frozenset[Gift] = frozenset({"amount", "percentage", "free_shipping"})
    shows_cards, keeps_cards, codes_outlive = False, True, timedelta(0)
    polled = False
    privacy_topics = ("person/forgotten",)

    def settings(self, env: Mapping[str, str]) -> tuple[Setting, ...]:
        problem = None if env.get("PAPER_SECRET") else "is missing; write one on paper"
        return (
            Setting("PAPER_SECRET", "signs messages", problem, secret=True),
            Setting(
                "PAPER_SIZE", "A4 or A5", None if env.get("PAPER_SIZE", "A4") in ("A4", "A5") else "A4 or A5?"
            ),
        )

    def pages(self, env: Mapping[str, str], hall: Hall) -> Blueprint:
        pages = Blueprint("paper", __name__)

        @pages.post("/install")
        def install() -> Response:
            facts = ShopFacts(request.form["address"], "Paper Shop", "EUR", "Europe/Amsterdam", "nl")
            code = request.form.get("merchant_code")
            return redirect(hall.welcome(Installed(facts, b"tokens", code)).url)

        @pages.get("/guard")
        def guard() -> str:
            return hall.guard(request.args["url"])

        return pages

    def callbacks(self, env: Mapping[str, str], hall: Hall) -> Blueprint | None:
        return None

    def files(self, env: Mapping[str, str], public_url: str) -> Mapping[str, str]:
        return {}

    def connect(self, env: Mapping[str, str], address: str, public_url: str) -> Installed:
        raise Refused("a merchant connects it")

    def shopper(self, env: Mapping[str, str], query: bytes, now: datetime) -> Shopper:
        raise BadSignature("no storefront")

    def frame(self, env: Mapping[str, str]) -> None:
        return None

    def open(
        self, env: Mapping[str, str], shop: ShopLine, vault: TokenVault, pace: Pace = "live"
    ) -> ShopAdapter:
        raise NotImplementedError

    def receive(self, env: Mapping[str, str], knock: Knock, vault: TokenVault | None) -> Delivery:
        headers, body = knock.headers, knock.body
        if "wants" in knock.query:
            raise KeyWanted(*knock.query["wants"].split(","))
        secret = env["PAPER_SECRET"].encode() if vault is None else vault.read()
        try:
            found = base64.b64decode(headers.get("x-paper-signature", "").encode("ascii"), validate=True)
        except ValueError as error:
            raise BadSignature from error
        if not hmac.compare_digest(found, hmac.digest(secret, body, "sha256")):
            raise BadSignature
        if "x-paper-id" not in headers or "x-paper-topic" not in headers:
            raise BadMessage("a header is missing")
        return Delivery(headers["x-paper-id"], headers["x-paper-topic"], body, headers.get("x-paper-shop"))

    def answer(self, delivery: Delivery) -> tuple[bytes, str] | None:
        return (b"thank you", "text/plain") if delivery.topic == "politely" else None

    def challenge(self, env: Mapping[str, str], query: Mapping[str, str], vault: TokenVault) -> str | None:
        return query["say"] if vault.read() and "say" in query else None

    def read(self, delivery: Delivery) -> tuple[Change, ...]:
        try:
            words: dict[str, Any] = json.loads(delivery.body)
        except ValueError as error:
            raise BadMessage("not JSON") from error
        match delivery.topic:
            case "person/forgotten":
                return (CustomerForgotten(words["shop"], words["id"], None),)
            case "shop/removed":
                return (ShopRemoved(words["shop"]),)
            case _:
                return (Ignored("paper is patient"),)


def signature(body: bytes, secret: str = SECRET) -> str:
    """The signature of a message, as the platform writes it."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def headers(body: bytes, **changed: str) -> dict[str, str]:
    """The headers of a good message about the shop `paper.example`; `changed` replaces some."""
    words = {
        "id": "d-1",
        "topic": "orders/paid",
        "shop": "paper.example",
        "signature": signature(body),
    } | changed
    return {f"X-Paper-{name.title()}": word for name, word in words.items()}


@pytest.fixture
def env(database: Any, tmp_path: Path) -> dict[str, str]:
    """The environment of a house on the test's own database."""
    urls = {"DATABASE_URL": database.url, "DATABASE_OWNER_URL": database.owner_url}
    log = {"FORGOTTEN_LOG": str(tmp_path / "forgotten.log")}
    return config.fresh_secrets() | ENVIRONMENT | urls | log


@pytest.fixture
def house(env: dict[str, str]) -> Iterator[House]:
    """A house that knows the platform on paper, on Friday noon."""
    made = furnish(env, {"paper": PaperPlatform()}, lambda: NOW)
    yield made
    made.close()


@pytest.fixture
def shop(house: House) -> Shop:
    """The shop `paper.example`; its own secret is "tokens"."""
    with house.database.everyone() as connection:
        merchant_id = merchants.add(connection, house.ring, "Paper", "EUR", "Europe/Amsterdam", "nl", NOW)
    with house.database.merchant(merchant_id) as tx:
        facts = ShopFacts("paper.example", "Paper Shop", "EUR", "Europe/Amsterdam", "nl")
        made = shops.add(tx, "paper", "tags", facts, NOW)
        vaults.keep(tx, made.id, b"tokens")
    return made
