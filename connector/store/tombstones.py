"""Who was forgotten, in a file beside the database: a restore brings back what was erased since the backup.

Shops ask once to forget somebody. The file is only ever added to, and holds nothing personal: keyed hashes and moments.
"""

import errno
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec


class Tombstone(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was forgotten at a moment: people by their keyed hashes, or all of a shop, or a shop's tokens."""

    at: datetime
    merchant_id: int
    shop_id: int
    words: tuple[bytes, ...] = ()
    whole_shop: bool = False
    removed: bool = False


_BEGINS = b'{"at":'


class Unreadable(Exception):
    """The file cannot be read; the text names the line."""


def write(path: Path, stones: Iterable[Tombstone]) -> None:
    """Add to the file, lasting when this returns; raise OSError, so that nothing is forgotten that is not remembered so."""
    lines = b"".join(msgspec.json.encode(stone) + b"\n" for stone in stones)
    if not lines:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        # A process that died in the middle of a line must not spoil the next one.
        said = lines if _ends_whole(path) else b"\n" + lines
        # A disk that fills up takes the first part of what is written and says so only by its length.
        if os.write(file, said) != len(said):
            raise OSError(errno.ENOSPC, "the list of the forgotten could not be written whole", str(path))
        os.fsync(file)
    finally:
        os.close(file)


def read(path: Path) -> list[Tombstone]:
    """Return what the file holds, first come first; nothing where there is no file. Raises Unreadable.

    A line that a dying process began and did not end is passed over: what it was about was not forgotten either.
    """
    if not path.exists():
        return []
    found = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if line.strip():
            try:
                found.append(msgspec.json.decode(line, type=Tombstone))
            except msgspec.DecodeError as error:
                begun = line.startswith(_BEGINS) or _BEGINS.startswith(line)
                if not begun or line.endswith(b"}"):
                    why = f"{path}: line {number} is no line of a list of the forgotten. Put the right list back."
                    raise Unreadable(why) from error
    return found


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
