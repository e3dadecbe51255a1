"""The token exchange of an integration that has a callback and an identity link, as Magento 2.4 does it.

The rows of its table of tokens decide: the first one of the integration is the one that the exchange goes by, and a
verifier that nobody used yet is sent again. Only the step for the request token has a time limit.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

import msgspec
from flask import Flask, Response, request

from adapters.magento.sandbox.oauth import Call, Desk
from adapters.magento.sandbox.problems import Problem

if TYPE_CHECKING:
    from adapters.magento.sandbox.shop import Shop

EXPIRES = timedelta(seconds=300)
_BASE = ("oauth_consumer_key", "oauth_signature", "oauth_signature_method", "oauth_nonce", "oauth_timestamp")
_EXCHANGE = (*_BASE, "oauth_token", "oauth_verifier")


class Token(msgspec.Struct, frozen=True):
    """One row of the table of tokens."""

    kind: Literal["verifier", "request", "access"]
    token: str
    secret: str
    verifier: str


class Offer(msgspec.Struct, frozen=True):
    """What the shop posts to the callback."""

    oauth_consumer_key: str
    oauth_consumer_secret: str
    store_base_url: str
    oauth_verifier: str


class Exchange:
    """The tokens of the shop's one integration. Whoever calls holds the shop's lock."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._rows: list[Token] = []
        self._drawn = 0
        self.expires = EXPIRES
        self._posted_at = datetime.min.replace(tzinfo=UTC)

    def begin(self) -> None:
        """Make a new integration, with a callback and an identity link and no token yet."""
        self._desk.renew()
        self._desk.active = False
        self._keep("", "")
        self._rows = []

    def offer(self, base_url: str, now: datetime, *, again: bool) -> Offer:
        """Return what Activate posts; Reauthorize (`again`) takes the token away first. Raise Problem where it is not there.

        The list shows Reauthorize only beside an integration that is active; any other has Activate.
        """
        if again:
            if not self._desk.active:
                raise Problem(400, "There is no Reauthorize beside an integration that is not active.")
            self._desk.active = False
            self._keep("", "")
            del self._rows[:1]
        waiting = [row for row in self._rows if row.kind == "verifier"]
        if not waiting:
            waiting = [Token("verifier", self._draw(), self._draw(), self._draw())]
            self._rows += waiting
        self._posted_at = now
        keys = self._desk.keys
        return Offer(keys.consumer_key, keys.consumer_secret, base_url, waiting[0].verifier)

    def request(self, call: Call, now: datetime) -> Token:
        """Turn the verifier into a request token; raise Problem."""
        given = self._desk.form(call, _BASE)
        if now - self._posted_at > self.expires:
            raise Problem(401, "Consumer key has expired")
        self._desk.check(call, given, "")
        if not self._rows or self._rows[0].kind != "verifier":
            raise Problem(401, "Cannot create request token because consumer token is not a verifier token")
        self._rows[0] = Token("request", self._draw(), self._draw(), self._rows[0].verifier)
        return self._rows[0]

    def access(self, call: Call) -> Token:
        """Turn the request token into the access token, and the integration on; raise Problem."""
        given = self._desk.form(call, _EXCHANGE)
        row = next((row for row in self._rows if row.token == given["oauth_token"]), None)
        if row is None:
            raise Problem(401, "Specified token does not exist")
        if row.kind != "request":
            raise Problem(401, "Token is already being used")
        if len(given["oauth_verifier"]) != 32:
            raise Problem(401, "Verifier is not the correct length")
        if given["oauth_verifier"] != row.verifier:
            raise Problem(401, "Token verifier and verifier token do not match")
        self._desk.check(call, given, row.secret)
        if self._rows[0].kind != "request":
            raise Problem(401, "Cannot get access token because consumer token is not a request token")
        made = Token("access", self._draw(), self._draw(), row.verifier)
        self._rows[0] = made
        self._keep(made.token, made.secret)
        self._desk.active = True
        return made

    def _keep(self, token: str, secret: str) -> None:
        desk = self._desk
        desk.keys = msgspec.structs.replace(desk.keys, access_token=token, access_token_secret=secret)

    def _draw(self) -> str:
        self._drawn += 1
        return self._desk.word(f"drawn-{self._drawn}")


def mount(app: Flask, shop: Shop) -> None:
    """Add /oauth/token/request and /oauth/token/access; they answer as pages do, whatever they say."""

    @app.post("/oauth/token/<step>")
    def exchange(step: str) -> Response:
        if step not in ("request", "access"):
            return Response(status=404)
        call = Call(
            "POST",
            request.base_url,
            request.query_string.decode("latin-1"),
            request.headers.get("Authorization", ""),
        )
        try:
            with shop.lock:
                got = shop.exchange
                token = got.request(call, shop.clock()) if step == "request" else got.access(call)
        except Problem as problem:
            text = problem.message
            for value in problem.parameters if isinstance(problem.parameters, list) else ():
                text = text.replace("%1", str(value))
            return _said(problem.status, {"oauth_problem": text})
        return _said(200, {"oauth_token": token.token, "oauth_token_secret": token.secret})

    @app.get("/admin/integration/loginSuccessCallback/")
    def success() -> str:
        return "<p>The integration is active.</p>"


def _said(status: int, words: dict[str, str]) -> Response:
    return Response(urlencode(words), status, content_type="text/html; charset=UTF-8")
