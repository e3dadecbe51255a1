"""OAuth 1.0a as Magento 2.4.4 and later checks it on API calls: HMAC-SHA256 only, over the whole query string.

Strict where versions differ: what only some 2.4.x verify (a plus for a space, an index above nine, a key without
its equals sign, a key sent twice, a raw equals sign in a value) is refused here, so that a client which passes
here passes on all of them.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, unquote

import msgspec

from adapters.magento.sandbox.problems import Problem, required

NEEDED = ("oauth_consumer_key", "oauth_token", "oauth_signature_method", "oauth_signature", "oauth_timestamp",
          "oauth_nonce")  # fmt: skip
FUTURE = 600
_NONCES_KEPT = 200_000
_PAIR = re.compile(r'\s*([A-Za-z_]+)="([^"]*)"\s*')
_INDEX_ABOVE_NINE = re.compile(r"\[\d{2,}\]")


class Keys(msgspec.Struct, frozen=True):
    """The four values that an integration shows in the admin, 32 characters each."""

    consumer_key: str
    consumer_secret: str
    access_token: str
    access_token_secret: str


class Call(msgspec.Struct, frozen=True):
    """What is signed of a request: the address as the client named it, and the raw query string."""

    method: str
    url: str  # scheme, host with its port, path; no query
    query: str
    authorization: str


class Desk:
    """The counter where signatures are checked. It remembers nonces, and gives out keys."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.round = 1
        self.active = True
        self.keys = self._keys()
        self.nonces: dict[str, None] = {}
        # The shop's setting oauth/consumer/enable_integration_as_bearer, off since 2.4.4.
        self.bearer = False
        self.admin_token = f"admin.{self._word('admin')}"

    def renew(self) -> Keys:
        """Give new keys and let the old ones die, as Reauthorize does."""
        self.round += 1
        self.active = True
        self.keys = self._keys()
        return self.keys

    def admits(self, call: Call, now: datetime) -> bool:
        """Say whether the integration signed the call; raise Problem when the signature is no good.

        A call without OAuth, or from an integration that was switched off, is nobody's: False, not an error.
        """
        scheme, _, rest = call.authorization.partition(" ")
        if scheme.lower() == "bearer":
            return (
                self.bearer
                and self.active
                and hmac.compare_digest(rest.encode(), self.keys.access_token.encode())
            )
        if scheme.lower() != "oauth":
            return False
        given = {name: unquote(value) for name, value in _PAIR.findall(rest)}
        given.pop("realm", None)
        self._check_form(given)
        self._check_nonce(given, now)
        if given["oauth_token"] != self.keys.access_token:
            raise Problem(401, "Specified token does not exist")
        expected = signature(call, given, self.keys)
        if expected is None or not hmac.compare_digest(expected, given["oauth_signature"]):
            raise Problem(401, "The signature is invalid. Verify and try again.")
        return self.active

    def knows_admin(self, call: Call) -> bool:
        """Say whether the call carries the admin's token, which may do everything."""
        return hmac.compare_digest(call.authorization.encode(), f"Bearer {self.admin_token}".encode())

    def _check_form(self, given: Mapping[str, str]) -> None:
        version = given.get("oauth_version", "1.0")
        if version != "1.0":
            raise Problem(400, 'The "%1" Oauth version isn\'t supported.', [version])
        for name in NEEDED:
            if not given.get(name):
                raise required(name)
        if given["oauth_signature_method"] != "HMAC-SHA256":
            raise Problem(400, "Signature method %1 is not supported", [given["oauth_signature_method"]])
        if len(given["oauth_consumer_key"]) != 32:
            raise Problem(401, "Consumer key is not the correct length")
        if given["oauth_consumer_key"] != self.keys.consumer_key:
            raise Problem(401, "A consumer having the specified key does not exist")

    def _check_nonce(self, given: Mapping[str, str], now: datetime) -> None:
        stamp = given["oauth_timestamp"]
        if not stamp.isdigit() or int(stamp) <= 0 or int(stamp) > now.timestamp() + FUTURE:
            raise Problem(401, "An error occurred validating the nonce")
        nonce = given["oauth_nonce"]
        if nonce in self.nonces:
            # The timestamp does not matter: the same nonce is refused with a new one, too.
            raise Problem(401, "The nonce is already being used by the consumer with ID %1", [self.round])
        self.nonces[nonce] = None
        if len(self.nonces) > _NONCES_KEPT:
            self.nonces.pop(next(iter(self.nonces)))

    def _keys(self) -> Keys:
        names = ("consumer-key", "consumer-secret", "token", "token-secret")
        return Keys(*(self._word(name) for name in names))

    def _word(self, name: str) -> str:
        text = f"{self.seed}/{self.round}/{name}".encode()
        return base64.b32encode(hashlib.sha256(text).digest()).decode().lower()[:32]


def signature(call: Call, given: Mapping[str, str], keys: Keys) -> str | None:
    """Return what the call's signature must be; None when the query is spelled so that versions disagree on it."""
    pairs = _query(call.query)
    if pairs is None:
        return None
    pairs += [(quote(k, safe="~"), quote(v, safe="~")) for k, v in given.items() if k != "oauth_signature"]
    normal = "&".join(f"{key}={value}" for key, value in sorted(pairs))
    text = "&".join(quote(part, safe="~") for part in (call.method.upper(), call.url, normal))
    key = f"{quote(keys.consumer_secret, safe='~')}&{quote(keys.access_token_secret, safe='~')}"
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha256")).decode()


def _query(raw: str) -> list[tuple[str, str]] | None:
    pairs: list[tuple[str, str]] = []
    for part in raw.split("&") if raw else []:
        key, equals, value = part.partition("=")
        plain = unquote(key)
        if not equals or "=" in value or "+" in part or _INDEX_ABOVE_NINE.search(plain):
            return None
        pairs.append((quote(plain, safe="~"), quote(unquote(value), safe="~")))
    return pairs if len({key for key, _ in pairs}) == len(pairs) else None
