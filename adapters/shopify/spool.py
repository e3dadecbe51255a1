"""The lines of a bulk file put in order: an order's lines may stand anywhere in it, far from the order.

While a file comes in, its lines are divided over parts by the number of the order they belong to; then one part after
the other is read. So memory holds one part, however long the file is. The parts lie in files without a name, sealed with
a key that only this object knows: what shoppers bought lies open nowhere.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

PART = 4 * 1024 * 1024  # bytes of the file in one part, about
MOST_PARTS = 200  # open files; a longer file has larger parts

# A quote inside a JSON text is escaped, so these find keys and nothing that a shopper wrote. Slashes may be escaped.
_ORDER = rb'"\s*:\s*"gid:\\?/\\?/shopify\\?/Order\\?/(\d+)'
_PARENT, _OWN = re.compile(rb'"__parentId' + _ORDER), re.compile(rb'"id' + _ORDER)


class Stray(Exception):
    """A line that belongs to no order."""


class Part(msgspec.Struct):
    """A file without a name, what seals it, and how many orders (not lines) it holds."""

    file: BinaryIO
    key: bytes
    seal: CipherContext
    orders: int = 0


class Spool:
    """Lines by order. Close it, or use it in a `with` block."""

    def __init__(self, size: int) -> None:
        self._parts = [_part() for _ in range(min(MOST_PARTS, max(1, -(-size // PART))))]

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        for part in self._parts:
            part.file.close()

    def put(self, line: bytes) -> None:
        """Lay a line where its order's other lines are; raise Stray."""
        child = _PARENT.search(line)
        found = child or _OWN.search(line)
        if found is None:
            raise Stray
        part = self._parts[int(found[1]) % len(self._parts)]
        part.orders += child is None
        part.file.write(part.seal.update(line + b"\n"))

    def parts(self, done: int) -> Iterator[tuple[int, list[bytes]]]:
        """Yield the lines of each part, and how many of its orders are among the first `done` of all."""
        for part in self._parts:
            if done < part.orders:
                yield done, _lines(part)
            done = max(0, done - part.orders)


def _part() -> Part:
    key = os.urandom(32)
    return Part(tempfile.TemporaryFile(), key, _cipher(key).encryptor())


def _cipher(key: bytes) -> Cipher[CTR]:
    # Every part has a key of its own, which is used once.
    return Cipher(AES(key), CTR(bytes(16)))


def _lines(part: Part) -> list[bytes]:
    part.file.seek(0)
    return _cipher(part.key).decryptor().update(part.file.read()).split(b"\n")[:-1]
