"""Shoppers: a storefront forwards an address under `/apps/...` to us, and signs its query.

The signature covers the names and values joined without anything between them. So a visitor can have Shopify sign one
parameter whose value spells others, and send those to us, with the borders moved. Hence every name is one of a list, comes
once, and no value spells a name. The body of a POST is not signed at all.
"""

import hmac
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import unquote_to_bytes

from adapters.shopify.grants import CLOCKS_DIFFER
from adapters.shopify.settings import App, is_shop
from connector.port import BadSignature, Shopper

NEEDED = frozenset({"shop", "logged_in_customer_id", "path_prefix", "timestamp", "signature"})
ALLOWED = NEEDED | {"page"}
_SPELLS = re.compile("|".join(f"{name}=" for name in sorted(ALLOWED)))
_PERCENT = re.compile(rb"%(?![0-9a-fA-F]{2})")
_SHAPES = {
    "logged_in_customer_id": re.compile(r"[0-9]{0,20}"),
    "path_prefix": re.compile(r"(/[a-z0-9][a-z0-9_-]{0,63}){2,3}"),
    "timestamp": re.compile(r"[0-9]{1,11}"),
    "signature": re.compile(r"[0-9a-f]{64}"),
    "page": re.compile(r"[1-9][0-9]{0,3}"),
}
# Shopify sets the answer into the shop's own page; it would run what stands in braces.
MIMETYPE = "application/liquid"


def shopper(app: App, query: bytes, now: datetime) -> Shopper:
    """Return who asks, by the raw query of the request; raise BadSignature."""
    found = _once_each(_pairs(query))
    if not is_shop(found["shop"]) or any(
        not _SHAPES[name].fullmatch(found[name]) for name in found.keys() & _SHAPES
    ):
        raise BadSignature("a value is not of its shape")
    if abs(now.timestamp() - int(found["timestamp"])) > CLOCKS_DIFFER.total_seconds():
        raise BadSignature("too old")
    given = found["signature"].encode()
    pairs = [(name, word) for name, word in found.items() if name != "signature"]
    made = [one for secret in app.secrets for one in digests(secret, pairs)]
    if not any(hmac.compare_digest(given, one.encode()) for one in made):
        raise BadSignature("the signature does not fit")
    return Shopper(
        address=found["shop"],
        customer_id=found["logged_in_customer_id"] or None,
        place=found["path_prefix"],
        page=int(found.get("page") or 1),
        proof=found["signature"],
        mimetype=MIMETYPE,
    )


def digests(secret: str, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the signatures of a query: sorted by name, and by the whole `name=value`, as Shopify's own examples differ.

    The values of a repeated name are joined by commas.
    """
    values: dict[str, list[str]] = {}
    for name, word in pairs:
        values.setdefault(name, []).append(word)
    texts = [(name, f"{name}={','.join(words)}") for name, words in values.items()]
    for message in ("".join(text for _, text in sorted(texts)), "".join(sorted(text for _, text in texts))):
        yield hmac.digest(secret.encode(), message.encode(), "sha256").hex()


def _pairs(query: bytes) -> Iterator[tuple[str, str]]:
    """Read the raw query strictly: nothing is guessed, so that nobody reads it in another way than we do."""
    for part in query.split(b"&"):
        name, equals, word = part.partition(b"=")
        if not equals or _PERCENT.search(part):
            raise BadSignature("the query cannot be read")
        try:
            yield _text(name), _text(word)
        except UnicodeDecodeError as error:
            raise BadSignature("the query cannot be read") from error


def _text(word: bytes) -> str:
    return unquote_to_bytes(word.replace(b"+", b" ")).decode()


def _once_each(pairs: Iterator[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, word in pairs:
        if name in found or name not in ALLOWED or _SPELLS.search(word):
            raise BadSignature("the query has what nobody would ask for")
        found[name] = word
    if not found.keys() >= NEEDED:
        raise BadSignature("the query lacks something")
    return found
