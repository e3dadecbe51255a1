"""Canaries in the ordinary fixtures: whatever the whole run writes to its log is searched for them at its end.

Planted are every secret that `config.fresh_secrets` makes, and the words of people and secrets that fixtures use over
and over. Searched are the logs of this process and of every `comeback` that a test starts beside it;
`tests/road/test_canary.py` searches everything else on one whole road.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog

from connector import config, logs
from connector.demo.cast import Player

# The person of the corner shop, everybody's addresses, the secret of the platform on paper.
_SET_UP, _FRESH, _END = logs.set_up, config.fresh_secrets, Player.end
PEOPLE = ("Kwikstaart", "@example.nl", "paper secret of the app")


class Record:
    """Everything that was written to a log, and the words that must not be in it."""

    def __init__(self) -> None:
        self._written = io.StringIO()
        self._planted = set(PEOPLE)

    def plant(self, word: str) -> None:
        """Search for this word too."""
        self._planted |= {word, *(part for part in word.split(":") if len(part) > 20)}

    def write(self, words: str) -> None:
        """Remember what was written."""
        self._written.write(words)

    def leaks(self) -> list[str]:
        """The lines in which a planted word stands."""
        lines = self._written.getvalue().splitlines()
        return [line for line in lines if any(word in line for word in self._planted)]


class _Tee(io.TextIOBase):
    def __init__(self, record: Record, out: Any) -> None:
        self._record, self._out = record, out

    def write(self, words: str) -> int:
        self._record.write(words)
        return int(self._out.write(words)) if self._out is not None else len(words)

    def flush(self) -> None:
        if self._out is not None:
            self._out.flush()


@contextmanager
def listening() -> Iterator[Record]:
    """Have every log of this process remembered, as the product itself would write it."""
    record = Record()

    def heard(stream: Any = None, **level: int) -> None:
        _SET_UP(_Tee(record, stream or sys.stderr), **level)

    def planted() -> dict[str, str]:
        made = _FRESH()
        for word in made.values():
            record.plant(word)
        return made

    def quiet() -> None:
        _SET_UP(_Tee(record, None))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logs, "set_up", heard)
        patch.setattr(config, "fresh_secrets", planted)
        # Unset, structlog would print in its own way, past all of this.
        patch.setattr(structlog, "reset_defaults", quiet)

        def ended(player: Player) -> None:
            _END(player)
            if player.log.exists():
                record.write(player.log.read_text(errors="replace"))

        patch.setattr(Player, "end", ended)
        quiet()
        yield record


@pytest.fixture(scope="session", autouse=True)
def _nothing_planted_is_logged() -> Iterator[None]:
    """Fail the run (each of its processes) where a planted word was logged."""
    with listening() as record:
        yield
    assert record.leaks() == [], "a secret or a person stands in the log"
