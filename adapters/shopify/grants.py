"""The proofs of an install: the state bound to one browser, the callback's signature, the admin's session token.

Session tokens are checked by Shopify's own library, and so is the callback's signature over the plain query, on a subclass
of ours: the library keeps its settings on the class, which every shop and thread of the process would share.
"""

import hmac
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from itsdangerous import BadSignature, URLSafeTimedSerializer
from shopify import session_token
from shopify.session import Session

from adapters.shopify.settings import OPTIONAL, App, is_shop, scopes

STATE_LASTS = timedelta(minutes=10)
CLOCKS_DIFFER = timedelta(seconds=90)
_CLAIMS = ("exp", "nbf", "iat", "iss", "dest", "aud", "sub", "jti", "sid")


class NotProven(Exception):
    """Who asks could not prove to come from Shopify, or from this browser; the text says which, for the log."""


class Departure(msgspec.Struct, frozen=True):
    """What a browser takes along to Shopify and must bring back: kept in its cookie, signed."""

    state: str
    shop: str
    merchant_code: str | None


class States:
    """Makes states and takes each back once, within ten minutes; `once` remembers for every process which were used."""

    def __init__(self, secret: bytes, once: Callable[[str, timedelta], bool]) -> None:
        # Never the app's own secret: what that signs could be replayed as a webhook.
        self._signer = URLSafeTimedSerializer(secret, salt="shopify install")
        self._once = once

    def depart(self, shop: str, merchant_code: str | None) -> tuple[Departure, str]:
        """Return a new departure and the cookie that keeps it."""
        departure = Departure(secrets.token_urlsafe(24), shop, merchant_code)
        return departure, self._signer.dumps(msgspec.to_builtins(departure))

    def arrive(self, cookie: str, state: str, shop: str) -> Departure:
        """Return the departure this arrival belongs to; raise NotProven."""
        try:
            kept = self._signer.loads(cookie, max_age=int(STATE_LASTS.total_seconds()))
            departure = msgspec.convert(kept, Departure)
        except (BadSignature, msgspec.ValidationError) as error:
            raise NotProven("the state is not this browser's, or too old") from error
        if not hmac.compare_digest(departure.state.encode(), state.encode()) or departure.shop != shop:
            raise NotProven("the state belongs to another browser or shop")
        if not self._once(departure.state, STATE_LASTS):
            raise NotProven("the state was used before")
        return departure


def grant_url(app: App, shop: str, redirect_uri: str, state: str) -> str:
    """Return the shop's page on which the merchant grants our rights."""
    url = str(
        _session(app, app.secret)(shop, app.version).create_permission_url(scopes(app), redirect_uri, state)
    )
    outside = f"https://{shop}"
    assert url.startswith(outside + "/")
    return app.url(shop, url.removeprefix(outside))


def allow_url(app: App, shop: str) -> str:
    """Return the shop's page on which the merchant grants our optional rights as well; Shopify then opens the app."""
    asked = {
        "client_id": app.client_id,
        "scope": ",".join(scopes(app)),
        "optional_scopes": ",".join(OPTIONAL),
    }
    return app.url(shop, f"/admin/oauth/install?{urlencode(asked)}")


def check_callback(app: App, query: Mapping[str, list[str]], now: datetime) -> dict[str, str]:
    """Return the callback's parameters after proof; raise NotProven.

    Each comes once (a repeated one would be signed as one thing and read as another), the signature covers them all,
    and the shop is a shop.
    """
    if any(len(values) != 1 for values in query.values()):
        raise NotProven("a parameter came twice")
    found = {name: values[0] for name, values in query.items()}
    if not is_shop(found.get("shop", "")):
        raise NotProven("the shop is none")
    stamp = found.get("timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        raise NotProven("the time is none")
    if abs(now.timestamp() - int(stamp)) > CLOCKS_DIFFER.total_seconds():
        raise NotProven("the callback is too old")
    if not any(_signed(app, secret, found) for secret in app.secrets):
        raise NotProven("the signature does not fit")
    return found


def _signed(app: App, secret: str, found: Mapping[str, str]) -> bool:
    """Tell whether the signature fits the query plain or encoded: Shopify's libraries differ in which of them they sign."""
    given = found.get("hmac", "").encode()
    made = (hmac.digest(secret.encode(), message.encode(), "sha256").hex() for message in _encoded(found))
    fits = [hmac.compare_digest(given, one.encode()) for one in made]
    return any(fits) or bool(_session(app, secret).validate_params(dict(found)))


def _encoded(found: Mapping[str, str]) -> Iterator[str]:
    pairs = sorted((name, word) for name, word in found.items() if name != "hmac")
    yield urlencode(pairs, quote_via=lambda word, *_: quote(word, safe=""))
    yield urlencode(pairs)  # as a form: a blank is a plus
    # As browsers write a form, but for the blank: so does Shopify's library for JavaScript.
    yield urlencode(pairs, quote_via=lambda word, *_: quote(word, safe="*").replace("~", "%7E"))


class Opened(msgspec.Struct, frozen=True):
    """What a session token proves: the shop, and one browser's sitting in its admin."""

    shop: str
    sitting: str


def shop_of_session_token(app: App, token: str) -> str:
    """Return the shop that a session token of the admin was made for; raise NotProven."""
    return opened_by(app, token).shop


def opened_by(app: App, token: str) -> Opened:
    """Return what a session token of the admin proves; raise NotProven."""
    for secret in app.secrets:
        try:
            claims = session_token.decode_from_header(f"Bearer {token}", app.client_id, secret)
        except (session_token.SessionTokenError, ValueError, TypeError, AttributeError):
            continue
        return Opened(_shop_of(app, claims), str(claims["sid"]))
    raise NotProven("the session token is not good")


def _shop_of(app: App, claims: Mapping[str, object]) -> str:
    # The library asks for fewer claims, takes an audience list that merely holds us, and any host of Shopify's.
    if any(name not in claims for name in _CLAIMS) or claims["aud"] != app.client_id:
        raise NotProven("the session token lacks a claim or is not for this app")
    shop = urlsplit(str(claims["dest"])).netloc
    if not is_shop(shop) or claims["dest"] != f"https://{shop}" or claims["iss"] != f"https://{shop}/admin":
        raise NotProven("the session token names no single shop")
    return shop


def _session(app: App, secret: str) -> type[Session]:
    """Return a session class of this app's own, so that nothing is set on the one everybody shares."""
    return type("AppSession", (Session,), {"api_key": app.client_id, "secret": secret})
