"""A shop's tokens: got by exchange, kept in the vault, renewed five minutes ahead by one process at a time.

An access token lives an hour and its refresh token 90 days; every refresh gives new ones. Shopify accepts the previous
refresh token until the new one is first used, so a refresh whose answer was lost is simply tried again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from adapters.shopify.settings import SCOPES, App
from adapters.shopify.wire import Clock, NoReply, Reply, Wire, status_error
from connector.port import OpenVault, Refused, TokenVault, TryLater, Unauthorized

AHEAD = timedelta(minutes=5)
HOUR = 3600
PATH = "/admin/oauth/access_token"
RECONNECT = "Shopify no longer accepts Comeback's access to this shop. Connect it again."

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
_Seconds = Annotated[int, msgspec.Meta(gt=0, le=10 * 365 * 86_400)]


class Tokens(msgspec.Struct, frozen=True):
    """What lies in the vault."""

    access: _Text
    expires_at: datetime
    refresh: _Text
    refresh_until: datetime | None
    scope: str

    def fresh(self, now: datetime) -> bool:
        """Tell whether the access token is good for a while yet."""
        return now < self.expires_at - AHEAD


class _Answer(msgspec.Struct, frozen=True):
    access_token: _Text
    scope: str | None = None
    expires_in: _Seconds | None = None
    refresh_token: _Text | None = None
    refresh_token_expires_in: _Seconds | None = None


class _Denial(msgspec.Struct, frozen=True):
    error: str = ""


class BadGrant(Refused):
    """What was to be exchanged (code, session token, refresh token) is not accepted, or no longer."""


def by_code(app: App, shop: str, code: str, wire: Wire, now: datetime) -> Tokens:
    """Exchange an authorization code for the first tokens; raise BadGrant, TryLater or Refused."""
    return _first(_ask(app, shop, {"code": code, "expiring": "1"}, wire, now), now)


def by_session_token(app: App, shop: str, session_token: str, wire: Wire, now: datetime) -> Tokens:
    """Exchange a session token of the shop's admin for the first tokens; raise BadGrant, TryLater or Refused."""
    fields = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": session_token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
        "expiring": "1",
    }
    return _first(_ask(app, shop, fields, wire, now), now)


def renewed(app: App, shop: str, old: Tokens, wire: Wire, now: datetime) -> Tokens:
    """Return new tokens for old ones; raise BadGrant when the shop must be connected anew."""
    answer = _ask(app, shop, {"grant_type": "refresh_token", "refresh_token": old.refresh}, wire, now)
    # An answer without a new refresh token leaves the old one good; an empty one in its place would lock us out.
    refresh = answer.refresh_token or old.refresh
    until = _until(answer, now) if answer.refresh_token else old.refresh_until
    scope = answer.scope if answer.scope is not None else old.scope
    return Tokens(answer.access_token, _expiry(answer, now), refresh, until, scope)


def lacking(scope: str) -> tuple[str, ...]:
    """Return the rights we need that were not granted; the right to write holds the right to read."""
    granted = {word.strip() for word in scope.split(",")}
    granted |= {"read_" + word.removeprefix("write_") for word in granted if word.startswith("write_")}
    return tuple(right for right in SCOPES if right not in granted)


class Keys:
    """One shop's access token, whenever a call needs it. Never shared between shops."""

    def __init__(self, app: App, shop: str, vault: TokenVault, wire: Wire, clock: Clock) -> None:
        self._app, self._shop, self._vault, self._wire, self._clock = app, shop, vault, wire, clock
        self._known: Tokens | None = None

    def access(self) -> str:
        """Return an access token that is good for a while; raise Unauthorized or TryLater."""
        if self._known is None or not self._known.fresh(self._clock.now()):
            self._known = unpack(self._vault.read())
        if not self._known.fresh(self._clock.now()):
            self._known = self._renew(refused=None)
        return self._known.access

    def after_refusal(self, refused: str) -> str:
        """Return another access token than the one just refused; raise Unauthorized or TryLater."""
        self._known = self._renew(refused)
        return self._known.access

    def _renew(self, refused: str | None) -> Tokens:
        with self._vault.locked() as vault:
            tokens = unpack(vault.read())
            # Another process may have renewed them while this one waited for the lock.
            if tokens.fresh(self._clock.now()) and tokens.access != refused:
                return tokens
            return self._swap(vault, tokens)

    def _swap(self, vault: OpenVault, old: Tokens) -> Tokens:
        try:
            new = renewed(self._app, self._shop, old, self._wire, self._clock.now())
        except BadGrant as error:
            raise Unauthorized(RECONNECT) from error
        # Kept before use: from its first use on the old refresh token is dead.
        vault.save(pack(new))
        return new


def pack(tokens: Tokens) -> bytes:
    """Write tokens for the vault."""
    return msgspec.json.encode(tokens)


def unpack(kept: bytes) -> Tokens:
    """Read what the vault keeps; raise Unauthorized where it is empty or not ours."""
    try:
        return msgspec.json.decode(kept, type=Tokens)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unauthorized(RECONNECT) from error


def _ask(app: App, shop: str, fields: Mapping[str, str], wire: Wire, now: datetime) -> _Answer:
    body = {"client_id": app.client_id, "client_secret": app.secret, **fields}
    try:
        reply = wire.post(app.url(shop, PATH), msgspec.json.encode(body))
    except NoReply as error:
        # Whether it was done or not, the same question may be asked again.
        raise TryLater(str(error)) from error
    if reply.status != 200:
        raise _denied(reply, now)
    try:
        return msgspec.json.decode(reply.body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TryLater("Shopify's answer about access is not as agreed.") from error


def _denied(reply: Reply, now: datetime) -> Exception:
    if reply.status in {400, 401, 403}:
        try:
            code = msgspec.json.decode(reply.body, type=_Denial).error
        except (msgspec.DecodeError, UnicodeDecodeError):
            code = ""
        if code in {"invalid_client", "application_cannot_be_found"}:
            return Refused(
                "Shopify does not know this app: check SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRET."
            )
        return BadGrant("Shopify does not accept this sign-in any more. Start again from the shop.")
    return status_error(reply, now, changing=False)


def _first(answer: _Answer, now: datetime) -> Tokens:
    if answer.refresh_token is None:
        # Tokens that never expire are no longer accepted by the Admin API.
        raise Refused("Shopify gave no renewable access. Check that the app may use expiring offline tokens.")
    scope = answer.scope or ""
    missing = lacking(scope)
    if missing:
        raise Refused(f"Comeback also needs these rights in the shop: {', '.join(missing)}.")
    return Tokens(answer.access_token, _expiry(answer, now), answer.refresh_token, _until(answer, now), scope)


def _expiry(answer: _Answer, now: datetime) -> datetime:
    return now + timedelta(seconds=answer.expires_in or HOUR)


def _until(answer: _Answer, now: datetime) -> datetime | None:
    seconds = answer.refresh_token_expires_in
    return None if seconds is None else now + timedelta(seconds=seconds)
