"""The token desk: codes, access tokens and refresh tokens of the one app that is installed here."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import jwt
import msgspec

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105
_OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
ACCESS_SECONDS = 3600
OWN_SECONDS = 86_400
REFRESH_SECONDS = 7_776_000
_FIRST_USED_LASTS = timedelta(days=30)
_CODE_LIFE = timedelta(minutes=10)


class Access(msgspec.Struct):
    """An access token. `until` is None for one that never expires, which the API refuses."""

    scopes: str
    until: datetime | None


class Refresh(msgspec.Struct):
    """A refresh token; used once, it stays good until the one that replaced it is used, at most 30 days."""

    scopes: str
    until: datetime
    replaces: str | None = None
    first_used_at: datetime | None = None

    def good(self, now: datetime) -> bool:
        """Tell whether it may still be used."""
        used = self.first_used_at
        return now < self.until and (used is None or now < used + _FIRST_USED_LASTS)


class Code(msgspec.Struct):
    """An authorization code, good once."""

    scopes: str
    until: datetime


class TokenRefusal(Exception):
    """The desk says no, in the words of OAuth."""


class Desk(msgspec.Struct):
    """All that was given out, by its own text. `own`: the app belongs to the shop's own organisation."""

    codes: dict[str, Code] = {}
    access: dict[str, Access] = {}
    refresh: dict[str, Refresh] = {}
    own: bool = False

    def code(self, scopes: str, now: datetime) -> str:
        """Return a new authorization code."""
        text = secrets.token_hex(16)
        self.codes[text] = Code(scopes, now + _CODE_LIFE)
        return text

    def scopes(self, token: str, now: datetime) -> frozenset[str] | None:
        """Return what a live access token may do; None for any other text."""
        found = self.access.get(token)
        if found is None or (found.until is not None and found.until <= now):
            return None
        return frozenset(found.scopes.split(","))

    def forget_all(self) -> None:
        self.codes, self.access, self.refresh = {}, {}, {}


def answer(
    desk: Desk, app: tuple[str, str], asked: dict[str, Any], scopes: str, now: datetime
) -> dict[str, object]:
    """Answer one call of the token address; `app` is the client id and secret. Raise TokenRefusal."""
    if asked.get("client_id") != app[0] or not _same(asked.get("client_secret"), app[1]):
        raise TokenRefusal("invalid_client")
    grant = asked.get("grant_type")
    if grant is None and asked.get("code"):
        return _issue(desk, _spend(desk, str(asked["code"]), now), _expiring(asked), now)
    if grant == "refresh_token":
        return _renew(desk, str(asked.get("refresh_token", "")), now)
    if grant == "client_credentials":
        return _own(desk, scopes, now)
    if grant != _EXCHANGE:
        raise TokenRefusal("unsupported_grant_type")
    if asked.get("requested_token_type") != _OFFLINE:
        raise TokenRefusal("invalid_request")
    subject = str(asked.get("subject_token", ""))
    if asked.get("subject_token_type") == _OFFLINE:
        return _migrate(desk, subject, now)
    if asked.get("subject_token_type") != _ID_TOKEN or not _genuine(subject, app):
        raise TokenRefusal("invalid_subject_token")
    return _issue(desk, scopes, _expiring(asked), now)


def id_token(app: tuple[str, str], domain: str, now: datetime, sitting: str = "") -> str:
    """Return what the platform hands the app when a merchant opens it: good for a minute. `sitting`: one browser's."""
    at = int(now.timestamp())
    claims = {
        "iss": f"https://{domain}/admin",
        "dest": f"https://{domain}",
        "aud": app[0],
        "sub": "42",
        "exp": at + 60,
        "nbf": at - 5,
        "iat": at - 5,
        "jti": secrets.token_hex(8),
        "sid": sitting or secrets.token_hex(16),
    }
    return jwt.encode(claims, app[1], algorithm="HS256")


def signed(secret: str, query: dict[str, str]) -> dict[str, str]:
    """Return the query with the signature the platform puts on every address it opens at the app."""
    message = "&".join(f"{quote(key, safe='')}={quote(query[key], safe='')}" for key in sorted(query))
    return {**query, "hmac": hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()}


def host_of(domain: str) -> str:
    """Return the parameter that names the shop's admin."""
    place = f"admin.shopify.com/store/{domain.partition('.')[0]}"
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _same(given: object, secret: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), secret.encode())


def _expiring(asked: dict[str, Any]) -> bool:
    return str(asked.get("expiring", "0")).lower() in ("1", "true")


def _spend(desk: Desk, text: str, now: datetime) -> str:
    found = desk.codes.pop(text, None)
    if found is None or found.until <= now:
        raise TokenRefusal("invalid_request")
    return found.scopes


def _genuine(subject: str, app: tuple[str, str]) -> bool:
    try:
        jwt.decode(subject, app[1], algorithms=["HS256"], audience=app[0], leeway=10)
    except jwt.PyJWTError:
        return False
    return True


def _migrate(desk: Desk, subject: str, now: datetime) -> dict[str, object]:
    """Change a token that never expires into one that does; the old one is dead at once."""
    old = desk.access.pop(subject, None)
    if old is None or old.until is not None:
        raise TokenRefusal("invalid_subject_token")
    return _issue(desk, old.scopes, True, now)


def _own(desk: Desk, scopes: str, now: datetime) -> dict[str, object]:
    """Give a day's access to a shop of the app's own organisation; there is nothing to refresh it with."""
    if not desk.own:
        raise TokenRefusal("shop_not_permitted")
    token = "shpua_" + secrets.token_hex(16)
    desk.access[token] = Access(scopes, now + timedelta(seconds=OWN_SECONDS))
    return {"access_token": token, "scope": scopes, "expires_in": OWN_SECONDS - 1}


def _renew(desk: Desk, text: str, now: datetime) -> dict[str, object]:
    found = desk.refresh.get(text)
    if found is None or not found.good(now):
        raise TokenRefusal("invalid_grant")
    found.first_used_at = found.first_used_at or now
    if found.replaces is not None:
        # Using the replacement proves that it arrived; only now its predecessor dies.
        desk.refresh.pop(found.replaces, None)
    for other in [key for key, it in desk.refresh.items() if it.replaces == text]:
        del desk.refresh[other]
    return _issue(desk, found.scopes, True, now, replaces=text)


def _issue(
    desk: Desk, scopes: str, expiring: bool, now: datetime, replaces: str | None = None
) -> dict[str, object]:
    token = "shpua_" + secrets.token_hex(16)
    desk.access[token] = Access(scopes, now + timedelta(seconds=ACCESS_SECONDS) if expiring else None)
    told: dict[str, object] = {"access_token": token, "scope": scopes}
    if not expiring:
        return told
    if replaces is None:
        # An app has one refreshable token in a shop: who comes in anew ends what was there.
        desk.refresh.clear()
    refresh = "shprt_" + secrets.token_hex(16)
    desk.refresh[refresh] = Refresh(scopes, now + timedelta(seconds=REFRESH_SECONDS), replaces)
    return {
        **told,
        "expires_in": ACCESS_SECONDS,
        "refresh_token": refresh,
        "refresh_token_expires_in": REFRESH_SECONDS,
    }
