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
from flask import Blueprint, Response, g, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as Answer

from adapters.shopify import frame, grants, opening, tokens
from adapters.shopify.frame import AdminFrame
from adapters.shopify.grants import NotProven, States
from adapters.shopify.phrases import phrases
from adapters.shopify.settings import App, is_shop
from adapters.shopify.shop import ShopifyShop
from adapters.shopify.tokens import Tokens
from adapters.shopify.wire import WallClock, Wire
from connector.port import Framing, Hall, Installed, OpenVault, Refused, ShopError, ShopFacts, TryLater

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

    def save(self, tokens: bytes) -> bool:
        self._kept = tokens
        return True

    def locked(self) -> AbstractContextManager[OpenVault]:
        return nullcontext(self)


class Porch:
    """The pages of one app at one house's doorstep."""

    def __init__(self, app: App, hall: Hall) -> None:
        self._app, self._hall = app, hall
        self._frame = AdminFrame(app)
        self._states, self._clock = States(hall.session_secret, hall.once), WallClock()
        self._secure = hall.public_url.startswith("https://")
        # The prefix makes browsers keep the cookie to this host; they allow it only under https.
        self._cookie = "__Host-shopify-install" if self._secure else "shopify-install"

    def opened(self) -> Answer:
        """Receive a merchant whom Shopify sends, or send a bare visitor to the form."""
        fetched = _bearer()
        token = fetched or request.args.get("id_token")
        if token is None:
            code = _merchant_code(request.args.get("merchant_code"))
            return redirect(url_for(".install", shop=request.args.get("shop"), merchant_code=code))
        inside = frame.framed(request.args)
        try:
            shop = grants.shop_of_session_token(self._app, token)
            if request.args.get("shop", shop) != shop:
                raise NotProven("the address names another shop than the session token")
        except NotProven as error:
            again = self._frame.bounce(list(request.args.items(multi=True)), "/shopify/") if inside else None
            return redirect(again) if again else _unproven(error)
        if inside:
            g.admin = self._frame.framing(shop)
        if not opening.needs_exchange(self._hall, shop, self._clock.now()):
            goes_to = opening.overview() if inside else self._hall.enter(shop)
            return redirect(goes_to, HTTPStatus.SEE_OTHER)
        if inside and not fetched and opening.asks(self._app, self._hall, shop):
            return _ask_for_code(g.admin)
        return self._welcome(
            shop,
            _merchant_code(request.args.get("merchant_code")) if fetched else None,
            lambda wire: tokens.by_session_token(self._app, shop, token, wire, self._clock.now()),
            opening.overview() if inside else None,
        )

    def bounce(self) -> Answer:
        """Have App Bridge come back with a new session token."""
        return opening.bounce(self._app, self._hall)

    def install(self) -> Answer:
        """Ask for the shop's address; with one, send the browser to the shop's grant page.

        A listed app asks nobody for an address and is granted nothing here: a shop it knows is opened in its own admin.
        """
        typed = request.args.get("shop", "")
        shop, code = shop_of(typed), _merchant_code(request.args.get("merchant_code"))
        if self._app.kind == "public":
            known = shop is not None and self._hall.known(shop) is not None
            return redirect(opening.in_admin(self._app, shop)) if shop and known else _through_shopify(code)
        if shop is None:
            return _form(typed, code)
        departure, kept = self._states.depart(shop, code)
        callback = f"{self._hall.public_url}/shopify/callback"
        answer = redirect(grants.grant_url(self._app, shop, callback, departure.state))
        lasts = int(grants.STATE_LASTS.total_seconds())
        answer.set_cookie(
            self._cookie, kept, max_age=lasts, path="/", secure=self._secure, httponly=True, samesite="Lax"
        )
        return answer

    def allow(self) -> Answer:
        """Send a merchant to their shop's page for the optional rights; without a shop, to the form."""
        shop = shop_of(request.args.get("shop", ""))
        return redirect(url_for(".install") if shop is None else grants.allow_url(self._app, shop))

    def callback(self) -> Answer:
        """Take the merchant back from Shopify's grant page."""
        now = self._clock.now()
        try:
            found = grants.check_callback(self._app, request.args.to_dict(flat=False), now)
            shop, kept = found["shop"], request.cookies.get(self._cookie, "")
            departure = self._states.arrive(kept, found.get("state", ""), shop)
        except NotProven as error:
            return _unproven(error)
        code = found.get("code", "")
        answer = self._welcome(
            shop, departure.merchant_code, lambda wire: tokens.by_code(self._app, shop, code, wire, now)
        )
        answer.delete_cookie(self._cookie, path="/", secure=self._secure, httponly=True, samesite="Lax")
        return answer

    def strict(self, answer: Response) -> Response:
        """Tell browsers what these pages may do: no script, no style inside, no address passed on."""
        # The form leads to a redirect; browsers hold its target against form-action too.
        goes_to = self._app.base_url or "https://*.myshopify.com https://admin.shopify.com"
        ancestors = " ".join(g.admin.ancestors) if "admin" in g else "'none'"
        sources = " ".join(("'self'", *g.admin.sources)) if "admin" in g else "'none'"
        answer.headers.setdefault(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
            f"script-src {sources}; connect-src {sources}; "
            f"frame-ancestors {ancestors}; form-action 'self' {goes_to}",
        )
        # Codes and session tokens stand in these addresses.
        answer.headers["Referrer-Policy"] = "no-referrer"
        if request.endpoint != "shopify.static":
            answer.headers["Cache-Control"] = "no-store"
        return answer

    def _welcome(self, shop: str, merchant_code: str | None, road: Road, then: str | None = None) -> Answer:
        """Exchange the proof for tokens, ask the shop who it is, hand it to the house; go on to `then`, or sign in."""
        try:
            installed = _installed(self._app, shop, merchant_code, road)
            welcomed = self._hall.welcome(installed)
            return redirect(then or welcomed.url, HTTPStatus.SEE_OTHER)
        except tokens.BadGrant as error:
            return _sorry(error, "expired", HTTPStatus.UNAUTHORIZED)
        except TryLater as error:
            return _sorry(error, "busy", HTTPStatus.SERVICE_UNAVAILABLE)
        except ShopError as error:
            return _sorry(error, "refused", HTTPStatus.BAD_REQUEST, str(error))


def create_blueprint(app: App, hall: Hall) -> Blueprint:
    """Return the install pages of this app."""
    pages = Blueprint(
        "shopify", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
    )
    porch = Porch(app, hall)
    pages.add_url_rule("/", view_func=porch.opened, endpoint="opened")
    pages.add_url_rule("/install", view_func=porch.install, endpoint="install")
    pages.add_url_rule("/allow", view_func=porch.allow, endpoint="allow")
    pages.add_url_rule("/callback", view_func=porch.callback, endpoint="callback")
    pages.add_url_rule("/settings/<path:room>", view_func=opening.room, endpoint="room")
    pages.add_url_rule("/bounce", view_func=porch.bounce, endpoint="bounce")
    pages.after_request(porch.strict)
    return pages


def shop_of(typed: str) -> str | None:
    """Return the shop's own address for what a person types: a name, an address, a page of the admin; else None."""
    text = typed.strip().lower()
    if admin := _ADMIN_PAGE.fullmatch(text):
        text = admin[1]
    text = re.sub(r"^https?://", "", text).partition("/")[0]
    shop = text if "." in text else f"{text}.myshopify.com"
    return shop if is_shop(shop) else None


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
    # Whoever comes from the house's own pages reads on in the language chosen there.
    if (chosen := session.get("language")) in LANGUAGES:
        return str(chosen)
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


def _through_shopify(merchant_code: str | None) -> Answer:
    language = _language()
    say = phrases(language)
    return make_response(
        render_template("shopify/through.html", language=language, say=say, merchant_code=merchant_code)
    )


def _ask_for_code(framing: Framing) -> Answer:
    language = _language()
    return make_response(
        render_template("shopify/start.html", language=language, say=phrases(language), framing=framing)
    )


def _bearer() -> str | None:
    """Return the session token that App Bridge sent along with a fetch."""
    scheme, _, word = request.headers.get("Authorization", "").partition(" ")
    return word.strip() or None if scheme.lower() == "bearer" else None


def _unproven(error: NotProven) -> Answer:
    answer = _sorry(error, "unproven", HTTPStatus.UNAUTHORIZED)
    # App Bridge reads this and brings a new session token.
    answer.headers["X-Shopify-Retry-Invalid-Session-Request"] = "1"
    return answer


def _sorry(error: Exception, reason: str, status: HTTPStatus, detail: str = "") -> Answer:
    _log.warning("an install ended (%s): %s", reason, error)
    language = _language()
    page = render_template(
        "shopify/sorry.html", language=language, say=phrases(language), reason=reason, detail=detail
    )
    return make_response(page, status)
