"""Whether a hint was made by somebody who knows the shop's secret; compared in constant time, and as bytes."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from connector.port import BadSignature

from ..keys import Keys


def said(secret: bytes, keys: Keys, now: datetime) -> bool:
    """Tell whether it is a secret from before the last change; raise BadSignature where it is none of the shop's."""
    return _known(lambda each: hmac.compare_digest(secret, each), keys, now)


def signed(signature: bytes, message: bytes, keys: Keys, now: datetime) -> bool:
    """Tell whether a secret from before made this HMAC-SHA256, in hex or base64; raise BadSignature where none did.

    What Comeback set up itself signs with a token of its own, what the merchant set up with the shop's secret.
    """

    def good(secret: bytes) -> bool:
        digest = hmac.digest(secret, message, hashlib.sha256)
        return hmac.compare_digest(signature, digest.hex().encode()) or hmac.compare_digest(
            signature, base64.b64encode(digest)
        )

    ours = replace(keys, hook_secret=keys.events.token, old_secrets=keys.events.old)
    try:
        return _known(good, ours, now)
    except BadSignature:
        return _known(good, keys, now)


def header(words: str) -> bytes:
    """Return a header as it came: servers hand over each of its bytes as one letter."""
    return words.encode("latin-1", "replace")


def _known(good: Callable[[bytes], bool], keys: Keys, now: datetime) -> bool:
    if keys.hook_secret and good(keys.hook_secret.encode()):
        return False
    if any(good(each.secret.encode()) for each in keys.old_secrets if now.timestamp() < each.until):
        return True
    raise BadSignature("not made with a secret of this shop")
