"""The two calls by which a shop gives the tokens of an integration: a request token first, and an access token for it."""

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs

from connector.port import Hall, Refused, ShopError, Unauthorized

from . import address
from .answers import Answer, NotMagento, Redirected, judge
from .client import Client
from .exchanges import WORD, Claim, Exchange, digest
from .keys import Keys
from .signing import Spelling, spellings


def request(claim: Claim, browser: str, hall: Hall, allowed: frozenset[str], ends: float) -> Exchange | None:
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


def access(begun: Exchange, hall: Hall, allowed: frozenset[str], ends: float) -> tuple[str, str] | None:
    """Ask for the access token and its secret, which the shop gives once only; None where it says no."""
    claim = begun.claim
    line = Client(hall.guard(begun.address), _signed(claim, begun.spelling), allowed, ends=ends)
    return given(line.ask_token("access", begun.request_token, begun.request_secret, claim.verifier))


def given(answer: Answer) -> tuple[str, str] | None:
    """Read a token and its secret; None where the shop says no. The answer is a form, whatever it calls itself."""
    if answer.status == 200:
        said = parse_qs(answer.body[:1000].decode("latin-1"))
        token, secret = said.get("oauth_token", [""])[0], said.get("oauth_token_secret", [""])[0]
        if WORD.fullmatch(token) and WORD.fullmatch(secret):
            return token, secret
        raise NotMagento("The shop's answer is not understood: no token.")
    if answer.status in (400, 401):
        return None
    try:
        judge(answer, False, datetime.now(UTC))
    except Unauthorized:
        return None
    raise NotMagento("The shop's answer is not understood: no token.")


def _asked(claim: Claim, base: str, browser: str, allowed: frozenset[str], ends: float) -> Exchange | None:
    """Ask there, signed in each way there is."""
    for spelling in spellings(base):
        line = Client(base, _signed(claim, spelling), allowed, ends=ends)
        told = given(line.ask_token("request"))
        if told is not None:
            return Exchange(claim, base, browser, spelling, *told)
    return None


def _guarded(base: str, hall: Hall) -> str:
    """Return the shop's address where it may be called; raise Refused. Magento may name its address without the s."""
    try:
        return hall.guard(base)
    except Refused:
        return hall.guard(re.sub("^http:", "https:", base))


def _signed(claim: Claim, spelling: Spelling) -> Keys:
    return Keys(claim.consumer_key, claim.consumer_secret, "", "", "", spelling=spelling)
