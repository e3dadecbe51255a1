"""The install pages, mounted under /shopify: from a shop's address to a merchant who is signed in.

Two roads lead here. A merchant types the shop's address (or a link brings it) and grants the rights on Shopify's
page; or Shopify itself opens the app's own address with a session token. Both end at the house's welcome.
"""

import logging
import re
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from typing import Protocol

import msgspec
from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from adapters.shopify import grants, tokens
from adapters.shopify.grants import NotProven, States
from adapters.shopify.phrases import phrases
from adapters.shopify.settings import App, is_shop
from adapters.shopify.shop import ShopifyShop
from adapters.shopify.tokens import Tokens
from adapters.shopify.wire import WallClock, Wire
from connector.port import Hall, Installed, OpenVault, Refused, ShopError, ShopFacts, TryLater

LANGUAGES = ("en", "nl")
MERCHANT_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ADMIN_PAGE = re.compile(r"(?:https?://)?admin\.shopify\.com/store/([a-z0-9][a-z0-9-]*)(?:[/?].*)?")
_log = logging.getLogger(__name__)


class Road(Protocol):
    """How a proof becomes the first tokens."""

    def __call__(self, wire: Wire) -> Tokens: ...


class FreshVault:
    """Holds tokens that no shop owns yet, while the first question is asked with them."""

    def __init__(self, kept: bytes) -> None:
        self._kept = kept

    def read(self) -> bytes:
        return self._kept

    def save(self, tokens: bytes) -> None:
        self._kept = tokens

    def locked(self) -> AbstractContextManager[OpenVault]:
        return nullcontext(self)


def create_blueprint(app: App, hall: Hall) -> Blueprint:
    """Return the install pages of this app."""
    pages = Blueprint(
        "shopify", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
    )
    states, clock = States(hall.session_secret), WallClock()
    secure = hall.public_url.startswith("https://")
    # The prefix makes browsers keep the cookie to this host; they allow it only under https.
    cookie = "__Host-shopify-install" if secure else "shopify-install"

    @pages.get("/")
    def opened() -> Answer:
        """Receive a merchant whom Shopify sends, or send a bare visitor to the form."""
        token = request.args.get("id_token")
        if token is None:
            return redirect(url_for(".install", shop=request.args.get("shop"), _external=False))
        try:
            shop = grants.shop_of_session_token(app, token)
            if request.args.get("shop", shop) != shop:
                raise NotProven("the address names another shop than the session token")
        except NotProven as error:
            return _unproven(error)
        return _welcome(
            app, hall, shop, None, lambda wire: tokens.by_session_token(app, shop, token, wire, clock.now())
        )

    @pages.get("/install")
    def install() -> Answer:
        """Ask for the shop's address; with one, send the browser to the shop's grant page."""
        typed = request.args.get("shop", "")
        shop = shop_of(typed)
        code = _merchant_code(request.args.get("merchant_code"))
        if shop is None:
            return _form(typed, code)
        departure, kept = states.depart(shop, code)
        callback = f"{hall.public_url}/shopify/callback"
        answer = redirect(grants.grant_url(app, shop, callback, departure.state))
        answer.set_cookie(
            cookie,
            kept,
            max_age=int(grants.STATE_LASTS.total_seconds()),
            path="/",
            secure=secure,
            httponly=True,
            samesite="Lax",
        )
        return answer

    @pages.get("/callback")
    def callback() -> Answer:
        """Take the merchant back from Shopify's grant page."""
        now = clock.now()
        try:
            found = grants.check_callback(app, request.args.to_dict(flat=False), now)
            shop = found["shop"]
            departure = states.arrive(request.cookies.get(cookie, ""), found.get("state", ""), shop, now)
        except NotProven as error:
            return _unproven(error)
        code = found.get("code", "")
        answer = _welcome(
            app,
            hall,
            shop,
            departure.merchant_code,
            lambda wire: tokens.by_code(app, shop, code, wire, clock.now()),
        )
        answer.delete_cookie(cookie, path="/", secure=secure, httponly=True, samesite="Lax")
        return answer

    @pages.after_request
    def strict(answer: Response) -> Response:
        # The form leads to a redirect; browsers hold its target against form-action too.
        goes_to = app.base_url or "https://*.myshopify.com https://admin.shopify.com"
        answer.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {goes_to}"
        )
        # Codes and session tokens stand in these addresses.
        answer.headers["Referrer-Policy"] = "no-referrer"
        if request.endpoint != "shopify.static":
            answer.headers["Cache-Control"] = "no-store"
        return answer

    return pages


def shop_of(typed: str) -> str | None:
    """Return the shop's own address for what a person types: a name, an address, a page of the admin; else None."""
    text = typed.strip().lower()
    if admin := _ADMIN_PAGE.fullmatch(text):
        text = admin[1]
    text = re.sub(r"^https?://", "", text).partition("/")[0]
    shop = text if "." in text else f"{text}.myshopify.com"
    return shop if is_shop(shop) else None


def _welcome(app: App, hall: Hall, shop: str, merchant_code: str | None, road: Road) -> Answer:
    """Exchange the proof for tokens, ask the shop who it is, and hand it to the house."""
    try:
        installed = _installed(app, shop, merchant_code, road)
        return redirect(hall.welcome(installed).url, HTTPStatus.SEE_OTHER)
    except tokens.BadGrant as error:
        _log.warning("shop %s: %s", shop, error)
        return _sorry("expired", HTTPStatus.UNAUTHORIZED)
    except TryLater as error:
        _log.warning("shop %s: %s", shop, error)
        return _sorry("busy", HTTPStatus.SERVICE_UNAVAILABLE)
    except ShopError as error:
        _log.warning("shop %s: %s", shop, error)
        return _sorry("refused", HTTPStatus.BAD_REQUEST, str(error))


def _installed(app: App, shop: str, merchant_code: str | None, road: Road) -> Installed:
    wire = Wire(shop, sandbox=app.base_url is not None)
    try:
        vault = FreshVault(tokens.pack(road(wire)))
        facts = ShopifyShop(app, shop, vault, wire=wire).facts()
    finally:
        wire.close()
    if facts.address != shop:
        raise Refused("The shop names itself differently than its address.")
    return Installed(_in_language(facts), vault.read(), merchant_code)


def _in_language(facts: ShopFacts) -> ShopFacts:
    # Asking the shop for its language would need one more right; the merchant's browser says it for nothing.
    return msgspec.structs.replace(facts, language=_language())


def _language() -> str:
    return request.accept_languages.best_match(LANGUAGES) or "en"


def _merchant_code(text: str | None) -> str | None:
    return text if text and MERCHANT_CODE.fullmatch(text) else None


def _form(typed: str, merchant_code: str | None) -> Answer:
    language = _language()
    page = render_template(
        "shopify/install.html",
        language=language,
        say=phrases(language),
        typed=typed[:100],
        wrong=bool(typed.strip()),
        merchant_code=merchant_code,
    )
    return make_response(page, HTTPStatus.BAD_REQUEST if typed.strip() else HTTPStatus.OK)


def _unproven(error: NotProven) -> Answer:
    _log.warning("an install was not proven: %s", error)
    answer = _sorry("unproven", HTTPStatus.UNAUTHORIZED)
    # App Bridge reads this and brings a new session token.
    answer.headers["X-Shopify-Retry-Invalid-Session-Request"] = "1"
    return answer


def _sorry(reason: str, status: HTTPStatus, detail: str = "") -> Answer:
    language = _language()
    page = render_template(
        "shopify/sorry.html", language=language, say=phrases(language), reason=reason, detail=detail
    )
    return make_response(page, status)
