"""Connecting by an integration's callback and identity link: Magento posts the keys, the merchant's browser follows.

The post is unsigned, so nothing it says is believed before the shop itself was called back: it has to exchange tokens for
that key and secret. Whatever the shop gives is kept before the next step, so that a step that breaks is taken up again.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from urllib.parse import parse_qs, urlsplit

import msgspec

from connector.port import Hall, Installed, Refused, ShopError, Unauthorized

from . import address, install, keys
from .answers import Answer, NotMagento, Redirected, judge
from .client import Client
from .keys import Keys
from .signing import Spelling, spellings

WINDOW = timedelta(
    seconds=300
)  # so long after its post the shop gives a request token, unless it is set otherwise
LASTS = timedelta(minutes=15)
# Without its request token a half-done exchange can never be ended, nor begun again: the shop waits for it for ever.
HALF_DONE_LASTS = timedelta(days=1)
MOST = 2  # posts about one key that are kept, and whose shops are called: anybody can post
FOR_ACCESS = (
    20.0  # seconds kept back for the access token, which a shop gives once only: an answer cut off is lost
)
LONGEST = 200
_WORD = re.compile(r"[A-Za-z0-9]{32}")
_FIELDS = ("oauth_consumer_key", "oauth_consumer_secret", "oauth_verifier", "store_base_url")


class Claim(msgspec.Struct, frozen=True):
    """What somebody posted, who may be the shop; `at` in Unix time."""

    address: str
    consumer_key: str
    consumer_secret: str
    verifier: str
    at: float

    def same(self, other: "Claim") -> bool:
        """Tell whether they say the same, whenever they came."""
        return msgspec.structs.replace(self, at=other.at) == other

    def __repr__(self) -> str:
        return "Claim(...)"  # a traceback that shows its locals must not show these


class Exchange(msgspec.Struct, frozen=True):
    """How far the exchange is that the shop agreed to. `browser` is a digest of the word that the merchant's browser holds.

    `address`: where the shop did, which may be shorter than it says. `done`: a shop that was here before has its new tokens.
    """

    claim: Claim
    address: str
    browser: str
    spelling: Spelling
    request_token: str
    request_secret: str
    token: str = ""
    token_secret: str = ""
    done: bool = False

    def __repr__(self) -> str:
        return "Exchange(...)"


class Halt(Enum):
    """Why the exchange does not go on, to be said in the merchant's language."""

    UNKNOWN = "unknown"
    TOO_LATE = "too_late"
    REFUSED = "refused"
    OTHER_BROWSER = "other_browser"
    SPENT = "spent"


class Halted(Exception):
    """The exchange does not go on by itself."""

    def __init__(self, halt: Halt) -> None:
        super().__init__(halt.value)
        self.halt = halt


def posted(form: Mapping[str, Sequence[str]], hall: Hall, now: datetime) -> bool:
    """Keep what came to the callback, where it could be a shop's; nobody is called yet. Tell whether it could."""
    values = [form.get(name, ()) for name in _FIELDS]
    if any(len(each) != 1 for each in values):
        return False
    key, secret, verifier, base = (each[0] for each in values)
    if not all(_WORD.fullmatch(word) for word in (key, secret, verifier)) or len(base) > LONGEST:
        return False
    try:
        claim = Claim(address.normalised(base), key, secret, verifier, now.timestamp())
    except address.NotAnAddress:
        return False
    others = [one for one in _claims(hall, key) if not one.same(claim)]
    hall.keep(f"claims {key}", msgspec.json.encode([claim, *others][:MOST]), LASTS)
    return True


def is_heard_of(key: str, hall: Hall) -> bool:
    """Tell whether somebody posted this key; for any other nobody is called."""
    return _WORD.fullmatch(key) is not None and (bool(_claims(hall, key)) or _begun(hall, key) is not None)


def exchanged(
    key: str, success: str, browser: str, hall: Hall, allowed: frozenset[str], now: datetime, ends: float
) -> Exchange:
    """Exchange tokens for a key that was posted, or take up where it broke off; raise Halted and the port's errors.

    `ends` as of a Client.
    """
    begun, claims = _begun(hall, key), _claims(hall, key)
    news = [claim for claim in claims if begun is None or not claim.same(begun.claim)]
    # The admin whose browser this is belongs to one of them: theirs first, and else the newest. How old one may be is the
    # shop's to say: its setting may allow more than is usual.
    news.sort(key=lambda claim: _host(claim.address) != _host(success))
    for claim in news:
        asked = _request(claim, browser, hall, allowed, ends - FOR_ACCESS)
        if asked is not None:
            begun = asked
            _keep(hall, begun)
            break
    else:
        # The page may be open twice, and the other one have been quicker.
        begun = _begun(hall, key)
        if begun is not None and (after := _posted_after(begun, news)):
            raise Halted(_why_not(after, now))
    if begun is None:
        raise Halted(_why_not(claims, now))
    if not hmac.compare_digest(begun.browser, digest(browser)):
        raise Halted(Halt.OTHER_BROWSER)
    if not begun.token:
        begun = _access(begun, hall, allowed, ends)
        _keep(hall, begun)
    return begun


def finished(exchange: Exchange, hall: Hall, allowed: frozenset[str], ends: float) -> install.Tried:
    """Try the shop out with its new tokens; raise NotConnected and the port's errors."""
    claim = exchange.claim
    four = install.Four(claim.consumer_key, claim.consumer_secret, exchange.token, exchange.token_secret)
    known = hall.known(exchange.address) is not None
    return install.try_out(hall.guard(exchange.address), four, allowed, ends, known=known)


def reconnect(exchange: Exchange, tried: install.Tried, hall: Hall, now: datetime) -> Exchange:
    """Give a shop that was here before its tokens at once: the old ones died when the merchant clicked Reauthorize."""
    hall.reconnect(Installed(tried.facts, keys.packed(install.settled(tried, hall, now).keys)))
    done = msgspec.structs.replace(exchange, done=True)
    _keep(hall, done)
    return done


def reopened(exchange: Exchange, hall: Hall) -> Exchange:
    """Begin as with a new shop: the one that was here before was erased meanwhile."""
    new = msgspec.structs.replace(exchange, done=False)
    _keep(hall, new)
    return new


def held(key: str, browser: str, hall: Hall) -> Exchange:
    """Return the exchange that this browser brought to its end; raise Halted."""
    begun = _begun(hall, key) if _WORD.fullmatch(key) else None
    if begun is None or not begun.token:
        raise Halted(Halt.UNKNOWN)
    if not hmac.compare_digest(begun.browser, digest(browser)):
        raise Halted(Halt.OTHER_BROWSER)
    return begun


def spend(exchange: Exchange, hall: Hall) -> None:
    """Use the exchange up: it signs in once; raise Halted where it did."""
    key = exchange.claim.consumer_key
    if not hall.once(f"exchange {key} {exchange.token}", LASTS):
        raise Halted(Halt.SPENT)
    hall.drop(f"claims {key}")
    hall.drop(f"exchange {key}")


def back(success: str, shop: str) -> str:
    """Return the address in the admin that the merchant goes back to; empty where it is not the shop's own."""
    parts, own = urlsplit(success), urlsplit(shop)
    odd = any(ord(sign) <= 32 or sign in "\\@" for sign in success)
    ours = (parts.scheme, parts.netloc.lower()) == (own.scheme, own.netloc.lower())
    return success if ours and not odd and len(success) <= 1000 else ""


def digest(word: str) -> str:
    """Return what is kept of the word that a browser holds."""
    return hashlib.sha256(word.encode()).hexdigest()


def _posted_after(begun: Exchange, claims: list[Claim]) -> list[Claim]:
    """Return what the shop itself, as nobody else knows the secret, posted after it gave tokens: Reauthorize ended those."""
    old = begun.claim
    newer = [claim for claim in claims if claim.at > old.at and not claim.same(old)]
    return [claim for claim in newer if begun.token and claim.consumer_secret == old.consumer_secret]


def _why_not(claims: list[Claim], now: datetime) -> Halt:
    if not claims:
        return Halt.UNKNOWN
    late = all(now.timestamp() - claim.at > WINDOW.total_seconds() for claim in claims)
    return Halt.TOO_LATE if late else Halt.REFUSED


def _request(claim: Claim, browser: str, hall: Hall, allowed: frozenset[str], ends: float) -> Exchange | None:
    """Ask for a request token wherever the shop may be; None where it gives none for this key and secret."""
    wrong: ShopError | None = None
    refused = False
    for base in address.bases(claim.address):
        try:
            found = _asked(claim, _guarded(base, hall), digest(browser), allowed, ends)
        except (Refused, NotMagento) as error:
            wrong = error
            continue
        if found is not None:
            return found
        refused = True
    if wrong is None or refused or not isinstance(wrong, (NotMagento, Redirected)):
        return None
    raise wrong


def _asked(claim: Claim, base: str, browser: str, allowed: frozenset[str], ends: float) -> Exchange | None:
    """Ask there, signed in each way there is."""
    for spelling in spellings(base):
        line = Client(base, _signed(claim, spelling), allowed, ends=ends)
        given = _given(line.ask_token("request"))
        if given is not None:
            return Exchange(claim, base, browser, spelling, *given)
    return None


def _access(begun: Exchange, hall: Hall, allowed: frozenset[str], ends: float) -> Exchange:
    claim = begun.claim
    line = Client(hall.guard(begun.address), _signed(claim, begun.spelling), allowed, ends=ends)
    given = _given(line.ask_token("access", begun.request_token, begun.request_secret, claim.verifier))
    if given is None:
        # The shop gives it only once: to the same page, open twice; or before, and the answer was lost.
        again = _begun(hall, claim.consumer_key)
        if again is not None and again.token and again.request_token == begun.request_token:
            return again
        raise Halted(Halt.REFUSED)
    return msgspec.structs.replace(begun, token=given[0], token_secret=given[1])


def _given(answer: Answer) -> tuple[str, str] | None:
    """Read a token and its secret; None where the shop says no. The answer is a form, whatever it calls itself."""
    if answer.status == 200:
        said = parse_qs(answer.body[:1000].decode("latin-1"))
        token, secret = said.get("oauth_token", [""])[0], said.get("oauth_token_secret", [""])[0]
        if _WORD.fullmatch(token) and _WORD.fullmatch(secret):
            return token, secret
        raise NotMagento("The shop's answer is not understood: no token.")
    if answer.status in (400, 401):
        return None
    try:
        judge(answer, False, datetime.now(UTC))
    except Unauthorized:
        return None
    raise NotMagento("The shop's answer is not understood: no token.")


def _guarded(base: str, hall: Hall) -> str:
    """Return the shop's address where it may be called; raise Refused. Magento may name its address without the s."""
    try:
        return hall.guard(base)
    except Refused:
        return hall.guard(re.sub("^http:", "https:", base))


def _signed(claim: Claim, spelling: Spelling) -> Keys:
    return Keys(claim.consumer_key, claim.consumer_secret, "", "", "", spelling=spelling)


def _claims(hall: Hall, key: str) -> list[Claim]:
    found = hall.kept(f"claims {key}")
    return [] if found is None else msgspec.json.decode(found, type=list[Claim])


def _begun(hall: Hall, key: str) -> Exchange | None:
    found = hall.kept(f"exchange {key}")
    return None if found is None else msgspec.json.decode(found, type=Exchange)


def _keep(hall: Hall, exchange: Exchange) -> None:
    lasts = LASTS if exchange.token else HALF_DONE_LASTS
    hall.keep(f"exchange {exchange.claim.consumer_key}", msgspec.json.encode(exchange), lasts)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
