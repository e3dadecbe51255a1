"""A merchant whose shop's admin shows them the pages: the shop, and the tokens that its admin makes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import jwt
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from connector.house import House
from connector.port import ShopFacts
from connector.store import merchants, shops, vaults
from connector.store.shops import Shop
from connector.store.tables import shops as table

ADDRESS = "theehoek.myshopify.com"
CLIENT_ID, SECRET = "client-1", "hush-hush-hush-hush-hush-hush-01" * 2
ENV = {"SHOPIFY_CLIENT_ID": CLIENT_ID, "SHOPIFY_CLIENT_SECRET": SECRET}


def connect(house: House, address: str = ADDRESS, language: str = "en") -> Shop:
    """Add a merchant with one shop."""
    now = house.now()
    with house.database.everyone() as connection:
        merchant_id = merchants.add(connection, house.ring, "Thee", "EUR", "Europe/Amsterdam", language, now)
    with house.database.merchant(merchant_id) as tx:
        facts = ShopFacts(address, "De Theehoek", "EUR", "Europe/Amsterdam", language)
        made = shops.add(tx, "shopify", "tags", facts, now)
        vaults.keep(tx, made.id, b"tokens")
    return made


def back_to_its_address(town: Any) -> None:
    """The fair gives its shop another address."""
    with town.house.database.merchant(town.shop.merchant_id) as tx:
        tx.run(update(table).where(table.c.id == town.shop.id).values(address=ADDRESS))


def token(shop: str = ADDRESS, secret: str = SECRET, **changes: object) -> str:
    """What the admin hands out, with some claims changed, or left out where None."""
    now = int(datetime.now(UTC).timestamp())
    claims: dict[str, object] = {
        "iss": f"https://{shop}/admin",
        "dest": f"https://{shop}",
        "aud": CLIENT_ID,
        "sub": "42",
        "exp": now + 60,
        "nbf": now,
        "iat": now,
        "jti": "f8912129-1af6-4cad-9ca3-76b0f7621087",
        "sid": "sitting-1",
    } | changes
    algorithm = str(claims.pop("alg", "HS256"))
    return jwt.encode({name: one for name, one in claims.items() if one is not None}, secret, algorithm)


class Admin:
    """One sitting in a shop's admin: fetches as App Bridge does, with a token in the header and no cookie kept."""

    def __init__(self, app: Flask, shop: str = ADDRESS, sitting: str = "sitting-1") -> None:
        self.client = app.test_client(use_cookies=False)
        self.shop, self.sitting = shop, sitting

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {token(self.shop, sid=self.sitting)}"}

    def open(self, path: str, method: str = "GET", **how: Any) -> TestResponse:
        """Fetch, and go where the answer sends, as a browser does."""
        answer = self.client.open(path, method=method, headers=self.headers(), **how)
        assert "Set-Cookie" not in answer.headers, path
        if answer.status_code in {302, 303}:
            return self.open(answer.location)
        return answer

    def document(self, path: str, **more: str) -> TestResponse:
        """Load a page as the admin does, with the token in its address."""
        query = {"embedded": "1", "shop": self.shop, "host": "aG9zdA", "locale": "nl-NL", **more}
        query.setdefault("id_token", token(self.shop, sid=self.sitting))
        return self.client.get(f"{path}{'&' if '?' in path else '?'}{urlencode(query)}")


def words(answer: TestResponse) -> str:
    """What a page says, without its marks."""
    return re.sub(r"<[^>]+>", " ", answer.text)
