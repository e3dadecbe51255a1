"""How a call says who makes it: OAuth 1.0a with HMAC-SHA256, which every 2.4.x verifies, and a bearer as the last resort.

What is signed begins with the shop's address as the shop itself sees it. A proxy that turns https into http, or a web
server that drops the port, makes that another one than ours; then we sign what the shop sees, and say what is wrong.
"""

import logging
import secrets
from typing import Any, Literal, assert_never
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from requests_oauthlib import OAuth1

# How the shop's address is spelled in what is signed, or no signature at all.
Spelling = Literal["as_is", "other_scheme", "no_port", "other_scheme_no_port", "bearer"]
_SIGNED: tuple[Spelling, ...] = ("as_is", "other_scheme", "no_port", "other_scheme_no_port")

# Both write the signed header and the base string at debug level.
for _name in ("oauthlib", "requests_oauthlib"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Signature(OAuth1):
    """Signs one call; `timestamp` in seconds. The call goes where it was to go, however it is spelled for signing."""

    def __init__(
        self, four: tuple[str, str, str, str], spelling: Spelling, timestamp: int, verifier: str = ""
    ) -> None:
        consumer_key, consumer_secret, token, token_secret = four
        super().__init__(
            consumer_key,
            consumer_secret,
            token or None,
            token_secret or None,
            signature_method="HMAC-SHA256",
            nonce=secrets.token_hex(16),
            timestamp=str(timestamp),
            verifier=verifier or None,
        )
        self._spelling = spelling

    def __call__(self, r: requests.PreparedRequest) -> Any:
        goes_to = r.url or ""
        r.url = respelled(goes_to, self._spelling)
        signed = super().__call__(r)
        signed.url = goes_to
        return signed


class Bearer(AuthBase):
    """Shows the access token itself: what the shop lets whoever overhears it do from then on."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.headers["Authorization"] = f"Bearer {self._token}"
        return r


def respelled(url: str, spelling: Spelling) -> str:
    """Return the address as the shop sees it."""
    parts = urlsplit(url)
    other = "http" if parts.scheme == "https" else "https"
    match spelling:
        case "as_is" | "bearer":
            return url
        case "other_scheme":
            return parts._replace(scheme=other).geturl()
        case "no_port":
            return parts._replace(netloc=parts.hostname or "").geturl()
        case "other_scheme_no_port":
            return parts._replace(scheme=other, netloc=parts.hostname or "").geturl()
        case _:
            assert_never(spelling)


def spellings(address: str) -> tuple[Spelling, ...]:
    """Return the spellings of a signature that differ for this address, the right one first."""
    found: dict[str, Spelling] = {}
    for spelling in _SIGNED:
        found.setdefault(respelled(address, spelling), spelling)
    return tuple(found.values())
