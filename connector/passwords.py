"""Passwords: kept as argon2id only, refused where they would be guessed, no more tried at once than there is memory for."""

import os
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

SHORTEST, LONGEST = 12, 128
Weakness = Literal["short", "long", "easy"]

_SALT, _LENGTH = 16, 32  # bytes
_PASSES, _LANES, _KIBIBYTES = 3, 1, 64 * 1024
_AT_ONCE = threading.BoundedSemaphore(2)  # each takes its 64 MiB
_WAIT = 2.0  # seconds for a place
_ENOUGH = 3  # of zxcvbn's 4: more than a hundred million guesses
_LOOKED_AT = 64  # characters; zxcvbn takes ever longer with more
# Compared with where there is no password: who asks must not learn from the time it takes that nobody has this name.
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=1$bm9ib2R5cyBzYWx0ISEhIQ$UUtH9GQ9d0nVFZYNlN2s3Jc6DhoCjmK1GpYVvF2qkJ0"


class Busy(Exception):
    """So many passwords are being tried at this moment that another one must wait."""


def hashed(password: str) -> str:
    """Return what may be kept of a password; raise Busy."""
    with _place():
        return _argon2(os.urandom(_SALT)).derive_phc_encoded(_plain(password))


def fits(kept: str | None, password: str) -> bool:
    """Tell whether this is the password of which that was kept; takes as long where there is none. Raises Busy."""
    with _place():
        try:
            Argon2id.verify_phc_encoded(_plain(password), kept or _NOBODYS)
        except InvalidKey:
            return False
    return kept is not None


def weakness(password: str, known: str) -> Weakness | None:
    """Say what is wrong with a new password; `known`: words about its owner that anybody would try."""
    from zxcvbn import zxcvbn  # its lists of words take a while to load, and few visits need them

    if len(password) < SHORTEST:
        return "short"
    if len(password) > LONGEST:
        return "long"
    about = [part for part in {known, *known.replace("@", " ").replace(".", " ").split()} if len(part) > 2]
    found = zxcvbn(password[:_LOOKED_AT], user_inputs=[*about, "comeback"])
    return "easy" if found["score"] < _ENOUGH or password.casefold() == known.casefold() else None


def _argon2(salt: bytes) -> Argon2id:
    return Argon2id(salt=salt, length=_LENGTH, iterations=_PASSES, lanes=_LANES, memory_cost=_KIBIBYTES)


def _plain(password: str) -> bytes:
    # Keyboards spell the same letter in several ways. What is longer than any password is not read to its end.
    return unicodedata.normalize("NFKC", password[: LONGEST + 1]).encode()


@contextmanager
def _place() -> Iterator[None]:
    if not _AT_ONCE.acquire(timeout=_WAIT):
        raise Busy
    try:
        yield
    finally:
        _AT_ONCE.release()
