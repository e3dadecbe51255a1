"""Everything secret in one place: sealed words, keyed hashes, random words and coupon codes.

Sealing is AES-256-GCM with a random 96-bit nonce; the sealed bytes start with the key's id, and they are bound to the
place they are kept in (table, column, row), so that a sealed word moved to another row does not open.
"""

import base64
import hashlib
import hmac
import os
import secrets
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 12  # 60 bits: a million codes clash with a chance of 0.00004 %


class CannotOpen(Exception):
    """Sealed with a key we do not have, or kept in another place than it was sealed for, or changed since."""


class KeyMissing(CannotOpen):
    """Sealed with a key that is not listed: it opens as soon as that key is back."""


class KeyRing:
    """The encryption keys, newest first: the newest seals, all open. Hashes use a word derived from `pepper`."""

    def __init__(self, keys: dict[str, bytes], pepper: bytes) -> None:
        if not keys:
            raise ValueError("at least one encryption key is needed")
        self._sealers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._newest = next(iter(keys))
        self._pepper = derive(pepper, "matching")

    @property
    def mark(self) -> bytes:
        """How everything begins that the newest key has sealed."""
        return bytes([len(self._newest)]) + self._newest.encode()

    def seal(self, word: bytes, place: str) -> bytes:
        """Encrypt for one place, such as "shops.tokens:17"."""
        nonce = os.urandom(12)
        return (
            self.mark + nonce + self._sealers[self._newest].encrypt(nonce, word, _bound(place, self._newest))
        )

    def open(self, sealed: bytes, place: str) -> bytes:
        """Decrypt what was sealed for this very place; raise CannotOpen, KeyMissing where only the key is wanting."""
        key_id = key_of(sealed)
        size = len(key_id)
        sealer = self._sealers.get(key_id)
        if not key_id:
            raise CannotOpen(f"is no sealed word, as {place.partition(':')[0]}")
        if sealer is None:
            raise KeyMissing(
                f"sealed with key {key_id!r}, which ENCRYPTION_KEYS does not list; add it at the end"
            )
        nonce, rest = sealed[1 + size : 13 + size], sealed[13 + size :]
        try:
            return sealer.decrypt(nonce, rest, _bound(place, key_id))
        except (InvalidTag, ValueError) as error:  # the library's ValueError: cut off before the nonce ends
            raise CannotOpen(f"does not open as {place.partition(':')[0]}") from error

    def seal_text(self, word: str | None, place: str) -> bytes | None:
        """Seal a text; None stays None."""
        return None if word is None else self.seal(word.encode(), place)

    def open_text(self, sealed: bytes | None, place: str) -> str | None:
        """Open a sealed text; None stays None."""
        return None if sealed is None else self.open(sealed, place).decode()

    def email_hash(self, merchant_id: int, email: str | None) -> bytes | None:
        """Return the keyed hash by which an address is found again; case and outer blanks do not matter."""
        if email is None or not email.strip():
            return None
        return self.word_hash(f"email:{merchant_id}", email.strip().casefold())

    def word_hash(self, purpose: str, word: str) -> bytes:
        """Return a keyed 32-byte hash of the word for one purpose."""
        return hmac.digest(self._pepper, f"{purpose}\0{word}".encode(), "sha256")


def key_of(sealed: bytes | None) -> str:
    """Return the id of the key that sealed this; empty where it does not begin with one."""
    key_id = sealed[1 : 1 + sealed[0]].decode("ascii", "replace") if sealed else ""
    return key_id if _is_id(key_id) else ""


def derive(secret: bytes, purpose: str) -> bytes:
    """Return a 32-byte key for one purpose, so that no two uses of a secret ever share a key."""
    return hmac.digest(secret, b"comeback " + purpose.encode(), "sha256")


def random_word(size: int = 24) -> str:
    """Return an unguessable word safe in URLs, of `size` random bytes."""
    return secrets.token_urlsafe(size)


def coupon_code(code_secret: bytes, shop_id: int, source: str, reward_key: str, attempt: int) -> str:
    """Return the code of one coupon: the same key gives the same code, and nobody can guess one."""
    key = f"{shop_id}\0{source}\0{reward_key}\0{attempt}".encode()
    number = int.from_bytes(hmac.digest(code_secret, key, "sha256")[:8])
    return "".join(CROCKFORD[(number >> (5 * place)) & 31] for place in range(CODE_LENGTH))


def parse_keys(text: str) -> dict[str, bytes]:
    """Read ENCRYPTION_KEYS, "id:base64,id:base64" with the newest first; raise ValueError that says what to do."""
    keys: dict[str, bytes] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key_id, colon, encoded = part.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if not (colon and _is_id(key_id)) or len(key) != 32:
            raise ValueError("must be id:key[,id:key...], each key 32 bytes in base64")
        if key_id in keys:
            raise ValueError(f"names the key id {key_id!r} twice")
        keys[key_id] = key
    if not keys:
        raise ValueError("must hold at least one id:key, the key 32 bytes in base64")
    return keys


def fingerprint(*parts: bytes) -> bytes:
    """Return a 16-byte digest of the parts; for comparing, not for secrets."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(struct.pack(">Q", len(part)) + part)
    return digest.digest()


def _is_id(word: str) -> bool:
    return word.isascii() and word.isalnum() and len(word) < 32


def _bound(place: str, key_id: str) -> bytes:
    return f"{place}|{key_id}".encode()
