"""What a reading has seen, by the hundred thousand: kept on the disk, given back in order, compared with what is known."""

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import groupby
from typing import IO

AT_ONCE = 50_000  # ids in memory; as many again lie sorted in each file


class Seen:
    """Ids, each once and in the order of their letters, however often and in whatever order they came.

    They lie in files without a name, which go with the `with` block.
    """

    def __init__(self) -> None:
        self._now = set[str]()
        self._files: list[IO[str]] = []
        self._open = ExitStack()

    def __enter__(self) -> "Seen":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, ids: Iterable[str]) -> None:
        """Note these ids."""
        self._now.update(ids)
        if len(self._now) >= AT_ONCE:
            opened = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")  # noqa: SIM115
            file = self._open.enter_context(opened)
            file.writelines(f"{one}\n" for one in sorted(self._now))
            self._files.append(file)
            self._now.clear()

    def __iter__(self) -> Iterator[str]:
        for file in self._files:
            file.seek(0)
        laid = [map(_id, file) for file in self._files]
        return (one for one, _ in groupby(heapq.merge(*laid, sorted(self._now))))

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(1 for _ in self)


def _id(line: str) -> str:
    return line[:-1]
