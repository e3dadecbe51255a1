"""OAuth 1.0a as Magento 2.4.4 and later checks it on API calls: HMAC-SHA256 only, over the whole query string.

Strict where versions differ: what only some 2.4.x verify (a plus for a space, an index above nine, a key without
its equals sign, a key sent twice, a raw equals sign in a value) is refused here, so that a client which passes
here passes on all of them.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote, unquote, urlsplit

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


class Proxy(msgspec.Struct, frozen=True):
    """What stands before the shop's web server, and so what the shop takes its own address for when it checks."""

    scheme: str = ""  # another than the client spoke, such as https turned into http
    drops_port: bool = False
    drops_authorization: bool = False  # of calls to the API, as Apache does before CGI and FPM
    host: str = ""  # a name of its own, such as that of a server in the back

    def seen(self, call: Call) -> Call:
        """Return the call as the shop sees it."""
        parts = urlsplit(call.url)
        host = self.host or (parts.hostname if self.drops_port else parts.netloc)
        return msgspec.structs.replace(call, url=f"{self.scheme or parts.scheme}://{host}{parts.path}")


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
        self.admin_token = f"admin.{self.word('admin')}"
        self.proxy = Proxy()

    def renew(self) -> Keys:
        """Give the four keys of a new integration, and let those of the old one die."""
        self.round += 1
        self.active = True
        self.keys = self._keys()
        return self.keys

    def admits(self, call: Call, now: datetime) -> bool:
        """Say whether the integration made the call; raise Problem when its signature is no good.

        A call without OAuth, or from an integration that was switched off, is nobody's: False, not an error. So is one
        with the access token alone, unless the shop's setting takes that.
        """
        scheme, _, rest = ("" if self.proxy.drops_authorization else call.authorization).partition(" ")
        if scheme.lower() == "bearer":
            given_token, token = rest.encode(), self.keys.access_token.encode()
            return self.bearer and self.active and token != b"" and hmac.compare_digest(given_token, token)
        if scheme.lower() != "oauth":
            return False
        given = self.form(call, NEEDED)
        self._check_nonce(given, now)
        if given["oauth_token"] != self.keys.access_token:
            raise Problem(401, "Specified token does not exist")
        self.check(call, given, self.keys.access_token_secret)
        return self.active

    def knows_admin(self, call: Call) -> bool:
        """Say whether the call carries the admin's token, which may do everything."""
        return hmac.compare_digest(call.authorization.encode(), f"Bearer {self.admin_token}".encode())

    def check(self, call: Call, given: Mapping[str, str], token_secret: str) -> None:
        """Raise Problem unless this is the signature made with the consumer's secret and this one."""
        expected = signature(self.proxy.seen(call), given, self.keys.consumer_secret, token_secret)
        if expected is None or not hmac.compare_digest(expected, given["oauth_signature"]):
            raise Problem(401, "The signature is invalid. Verify and try again.")

    def form(self, call: Call, needed: Sequence[str]) -> Mapping[str, str]:
        """Return what the header says, signed by the one way there is, of the consumer that there is; raise Problem."""
        rest = call.authorization.partition(" ")[2]
        given = {name: unquote(value) for name, value in _PAIR.findall(rest)}
        given.pop("realm", None)
        version = given.get("oauth_version", "1.0")
        if version != "1.0":
            raise Problem(400, 'The "%1" Oauth version isn\'t supported.', [version])
        for name in needed:
            if not given.get(name):
                raise required(name)
        if given["oauth_signature_method"] != "HMAC-SHA256":
            raise Problem(400, "Signature method %1 is not supported", [given["oauth_signature_method"]])
        if len(given["oauth_consumer_key"]) != 32:
            raise Problem(401, "Consumer key is not the correct length")
        if given["oauth_consumer_key"] != self.keys.consumer_key:
            raise Problem(401, "A consumer having the specified key does not exist")
        return given

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
        return Keys(*(self.word(name) for name in names))

    def word(self, name: str) -> str:
        """Return a word of 32 characters that follows from the seed, the integration and the name."""
        text = f"{self.seed}/{self.round}/{name}".encode()
        return base64.b32encode(hashlib.sha256(text).digest()).decode().lower()[:32]


def signature(call: Call, given: Mapping[str, str], consumer_secret: str, token_secret: str) -> str | None:
    """Return what the call's signature must be; None when it is spelled so that versions disagree on it."""
    pairs = _query(call.query)
    if pairs is None or "%" in call.url:  # 2.4.6 and 2.4.7 decode such a path before they check
        return None
    pairs += [(quote(k, safe="~"), quote(v, safe="~")) for k, v in given.items() if k != "oauth_signature"]
    normal = "&".join(f"{key}={value}" for key, value in sorted(pairs))
    text = "&".join(quote(part, safe="~") for part in (call.method.upper(), call.url, normal))
    key = f"{quote(consumer_secret, safe='~')}&{quote(token_secret, safe='~')}"
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
