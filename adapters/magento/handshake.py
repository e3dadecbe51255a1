"""Connecting by an integration's callback and identity link: Magento posts the keys, the merchant's browser follows.

The post is unsigned, so nothing it says is believed before the shop itself was called back: it has to exchange tokens for
that key and secret. Whatever the shop gives is kept before the next step, so that a step that breaks is taken up again.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from urllib.parse import urlsplit

import msgspec

from connector.port import Hall

from . import address, exchanges, install, keys, tokens
from .exchanges import LASTS, WORD, Claim, Exchange, digest

# So long after its post the shop gives a request token, unless it is set otherwise.
WINDOW = timedelta(seconds=300)
# Seconds kept back for the access token, which a shop gives once only: an answer cut off is lost.
FOR_ACCESS = 20.0
LONGEST = 200
_FIELDS = ("oauth_consumer_key", "oauth_consumer_secret", "oauth_verifier", "store_base_url")


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
    if not all(WORD.fullmatch(word) for word in (key, secret, verifier)) or len(base) > LONGEST:
        return False
    try:
        claim = Claim(address.normalised(base), key, secret, verifier, now.timestamp())
    except address.NotAnAddress:
        return False
    exchanges.claim(hall, claim)
    return True


def is_heard_of(key: str, hall: Hall) -> bool:
    """Tell whether somebody posted this key; for any other nobody is called."""
    return WORD.fullmatch(key) is not None and (
        bool(exchanges.claims(hall, key)) or exchanges.begun(hall, key) is not None
    )


def exchanged(
    key: str, success: str, browser: str, hall: Hall, allowed: frozenset[str], now: datetime, ends: float
) -> Exchange:
    """Exchange tokens for a key that was posted, or take up where it broke off; raise Halted and the port's errors.

    `ends` as of a Client.
    """
    begun, claims = exchanges.begun(hall, key), exchanges.claims(hall, key)
    news = [claim for claim in claims if begun is None or not claim.same(begun.claim)]
    # The admin whose browser this is belongs to one of them: theirs first, and else the newest. How old one may be is the
    # shop's to say: its setting may allow more than is usual.
    news.sort(key=lambda claim: _host(claim.address) != _host(success))
    for claim in news:
        asked = tokens.request(claim, browser, hall, allowed, ends - FOR_ACCESS)
        if asked is not None:
            begun = asked
            exchanges.keep(hall, begun)
            break
    else:
        # The page may be open twice, and the other one have been quicker.
        begun = exchanges.begun(hall, key)
        if begun is not None and (after := _posted_after(begun, news)):
            raise Halted(_why_not(after, now))
    if begun is None:
        raise Halted(_why_not(claims, now))
    if not hmac.compare_digest(begun.browser, digest(browser)):
        raise Halted(Halt.OTHER_BROWSER)
    if not begun.token:
        begun = _access(begun, hall, allowed, ends)
        exchanges.keep(hall, begun)
    return begun


def finished(
    exchange: Exchange, hall: Hall, allowed: frozenset[str], ends: float, merchant_code: str = ""
) -> install.Tried:
    """Try the shop out with its new tokens; raise NotConnected and the port's errors."""
    claim = exchange.claim
    four = install.Four(claim.consumer_key, claim.consumer_secret, exchange.token, exchange.token_secret)
    known = is_known(exchange, hall)
    tried = install.try_out(hall.guard(exchange.address), four, allowed, ends, known=known)
    return install.insist_moved(tried, hall, allowed, ends, merchant_code)


def is_known(exchange: Exchange, hall: Hall) -> bool:
    """Tell whether the shop was here before, at this address or at another."""
    claim = exchange.claim
    sign = keys.sign(claim.consumer_key, claim.consumer_secret)
    return hall.known(exchange.address) is not None or bool(hall.elsewhere(exchange.address, sign))


def reconnect(exchange: Exchange, tried: install.Tried, hall: Hall, now: datetime) -> Exchange:
    """Give a shop that was here before its tokens at once: the old ones died when the merchant clicked Reauthorize."""
    hall.reconnect(install.installed(install.settled(tried, hall, now)))
    done = msgspec.structs.replace(exchange, done=True)
    exchanges.keep(hall, done)
    return done


def reopened(exchange: Exchange, hall: Hall) -> Exchange:
    """Begin as with a new shop: the one that was here before was erased meanwhile."""
    new = msgspec.structs.replace(exchange, done=False)
    exchanges.keep(hall, new)
    return new


def held(key: str, browser: str, hall: Hall) -> Exchange:
    """Return the exchange that this browser brought to its end; raise Halted."""
    begun = exchanges.begun(hall, key) if WORD.fullmatch(key) else None
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
    exchanges.drop(hall, key)


def back(success: str, shop: str) -> str:
    """Return the address in the admin that the merchant goes back to; empty where it is not the shop's own."""
    parts, own = urlsplit(success), urlsplit(shop)
    odd = any(ord(sign) <= 32 or sign in "\\@" for sign in success)
    ours = (parts.scheme, parts.netloc.lower()) == (own.scheme, own.netloc.lower())
    return success if ours and not odd and len(success) <= 1000 else ""


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


def _access(begun: Exchange, hall: Hall, allowed: frozenset[str], ends: float) -> Exchange:
    given = tokens.access(begun, hall, allowed, ends)
    if given is None:
        # The shop gives it only once: to the same page, open twice; or before, and the answer was lost.
        again = exchanges.begun(hall, begun.claim.consumer_key)
        if again is not None and again.token and again.request_token == begun.request_token:
            return again
        raise Halted(Halt.REFUSED)
    return msgspec.structs.replace(begun, token=given[0], token_secret=given[1])


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
