"""A shop's tokens: got by exchange, kept in the vault, renewed five minutes ahead by one process at a time.

An access token lives an hour and its refresh token 90 days; every refresh gives new ones. Shopify accepts the previous
refresh token until the new one is first used, so a refresh whose answer was lost is simply tried again. A merchant's
own app has no refresh token: it asks anew with its credentials, once a day.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from adapters.shopify.settings import SCOPES, App
from adapters.shopify.wire import Clock, NoReply, Reply, Wire, status_error
from connector.port import OpenVault, Refused, TokenVault, TryLater, Unauthorized

AHEAD = timedelta(minutes=5)
HOUR = 3600
PATH = "/admin/oauth/access_token"
# A refresh token that nobody uses for 90 days is dead; a shop looked at every day is so renewed once a week.
IDLE = timedelta(days=6)
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
RECONNECT = "Shopify no longer accepts Comeback's access to this shop. Connect it again."

NOT_RENEWABLE = "Shopify gave no renewable access. Check that the app may use expiring offline tokens."
_BARE = re.compile(rb"shp[a-z]{2}_[0-9a-zA-Z]{8,200}")

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
_LONGEST = 10 * 365 * 86_400  # seconds; more is a mistake
_DIGITS = re.compile(r"[0-9]{1,10}")


class Tokens(msgspec.Struct, frozen=True):
    """What lies in the vault. `expires_at` is None for a token of old, which never ends and is no longer accepted.

    `refresh` is None for such a one, and for a merchant's own app.
    """

    access: _Text
    expires_at: datetime | None
    refresh: _Text | None
    refresh_until: datetime | None
    scope: str

    def fresh(self, now: datetime) -> bool:
        """Tell whether the access token is good for a while yet."""
        return self.expires_at is not None and now < self.expires_at - AHEAD

    def idle(self, now: datetime) -> bool:
        """Tell whether the access token ended so long ago that nobody seems to need the shop."""
        return self.expires_at is None or now > self.expires_at + IDLE


class _Answer(msgspec.Struct, frozen=True):
    """An answer about access. Only the access token must be as agreed: Shopify has already put it in the old one's place.

    The rest has been seen missing, as text, and as a fraction; refusing it would lock the shop out for good.
    """

    access_token: _Text
    scope: object = None
    expires_in: object = None
    refresh_token: object = None
    refresh_token_expires_in: object = None


class _Denial(msgspec.Struct, frozen=True):
    error: str = ""


class BadGrant(Refused):
    """What was to be exchanged (code, session token, refresh token) is not accepted, or no longer."""


def by_code(app: App, shop: str, code: str, wire: Wire, now: datetime) -> Tokens:
    """Exchange an authorization code for the first tokens; raise BadGrant, TryLater or Refused."""
    answer = _ask(app, shop, {"code": code, "expiring": "1"}, wire, now)
    return _first(app, shop, answer, wire, now)


def by_session_token(app: App, shop: str, session_token: str, wire: Wire, now: datetime) -> Tokens:
    """Exchange a session token of the shop's admin for the first tokens; raise BadGrant, TryLater or Refused."""
    fields = {
        "grant_type": _EXCHANGE,
        "subject_token": session_token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "requested_token_type": _OFFLINE,
        "expiring": "1",
    }
    return _first(app, shop, _ask(app, shop, fields, wire, now), wire, now)


def by_client_credentials(app: App, shop: str, wire: Wire, now: datetime) -> Tokens:
    """Ask for a day's access to a shop of the app's own organisation; raise BadGrant, TryLater or Refused.

    Whoever holds the server's secret may ask this: it proves nothing of a visitor.
    """
    answer = _ask(app, shop, {"grant_type": "client_credentials"}, wire, now)
    return Tokens(answer.access_token, _expiry(answer, now), None, None, _scope(answer) or "")


def migrated(app: App, shop: str, access: str, wire: Wire, now: datetime) -> Tokens:
    """Exchange a token that never ends for tokens that do; the old one is dead from then on, and there is no way back.

    Raises BadGrant where Shopify no longer knows the old one: it was exchanged before and the answer was lost.
    """
    fields = {
        "grant_type": _EXCHANGE,
        "subject_token": access,
        "subject_token_type": _OFFLINE,
        "requested_token_type": _OFFLINE,
        "expiring": "1",
    }
    answer = _ask(app, shop, fields, wire, now)
    refresh = _text(answer.refresh_token)
    if refresh is None:
        raise Refused(NOT_RENEWABLE)
    return Tokens(
        answer.access_token, _expiry(answer, now), refresh, _until(answer, now), _scope(answer) or ""
    )


def renewed(app: App, shop: str, old: Tokens, wire: Wire, now: datetime) -> Tokens:
    """Return new tokens for old ones; raise BadGrant when the shop must be connected anew."""
    if app.kind == "own":
        return by_client_credentials(app, shop, wire, now)
    if old.expires_at is None:
        return migrated(app, shop, old.access, wire, now)
    if old.refresh is None:
        raise BadGrant(RECONNECT)
    answer = _ask(app, shop, {"grant_type": "refresh_token", "refresh_token": old.refresh}, wire, now)
    # An answer without a new refresh token leaves the old one good; an empty one in its place would lock us out.
    refresh = _text(answer.refresh_token)
    until = _until(answer, now) if refresh else old.refresh_until
    scope = _scope(answer)
    return Tokens(
        answer.access_token,
        _expiry(answer, now),
        refresh or old.refresh,
        until,
        old.scope if scope is None else scope,
    )


def lacking(scope: str, needed: Sequence[str] = SCOPES) -> tuple[str, ...]:
    """Return the rights needed that were not granted; the right to write holds the right to read."""
    granted = {word.strip() for word in scope.split(",")}
    granted |= {"read_" + word.removeprefix("write_") for word in granted if word.startswith("write_")}
    return tuple(right for right in needed if right not in granted)


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

    def keep_alive(self) -> datetime | None:
        """Renew what nobody used for a week; return until when it can still be renewed, None where it always can."""
        kept = unpack(self._vault.read())
        if kept.idle(self._clock.now()):
            kept = self._known = self._renew(refused=None)
        return kept.refresh_until

    def until(self) -> datetime | None:
        """Return until when the access can still be renewed; None where it always can, or it is not known."""
        return unpack(self._vault.read()).refresh_until

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
    """Read what the vault keeps, be it the bare token of old; raise Unauthorized where it is empty or not ours."""
    if _BARE.fullmatch(kept):
        return Tokens(kept.decode(), None, None, None, "")
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
        if code == "shop_not_permitted":
            return Refused(
                "This shop is not in the organisation that the app belongs to, so it cannot be its own."
            )
        return BadGrant("Shopify does not accept this sign-in any more. Start again from the shop.")
    return status_error(reply, now, changing=False)


def _first(app: App, shop: str, answer: _Answer, wire: Wire, now: datetime) -> Tokens:
    scope = _scope(answer) or ""
    missing = lacking(scope)
    if missing:
        raise Refused(f"Comeback also needs these rights in the shop: {', '.join(missing)}.")
    refresh = _text(answer.refresh_token)
    if refresh is not None:
        return Tokens(answer.access_token, _expiry(answer, now), refresh, _until(answer, now), scope)
    if answer.expires_in is not None:
        raise Refused(NOT_RENEWABLE)
    # A token without an end is no longer accepted by the Admin API; it can be changed for one that has an end.
    return migrated(app, shop, answer.access_token, wire, now)


def _expiry(answer: _Answer, now: datetime) -> datetime:
    return now + timedelta(seconds=_seconds(answer.expires_in) or HOUR)


def _until(answer: _Answer, now: datetime) -> datetime | None:
    seconds = _seconds(answer.refresh_token_expires_in)
    return None if seconds is None else now + timedelta(seconds=seconds)


def _scope(answer: _Answer) -> str | None:
    return answer.scope if isinstance(answer.scope, str) else None


def _text(word: object) -> str | None:
    return word if isinstance(word, str) and 0 < len(word) <= 4096 else None


def _seconds(found: object) -> int | None:
    """Read whole seconds from a number or its digits; None for anything else."""
    match found:
        case bool():
            return None
        case int() | float() if 1 <= found <= _LONGEST:
            return int(found)
        case str() if _DIGITS.fullmatch(found):
            return _seconds(int(found))
        case _:
            return None
