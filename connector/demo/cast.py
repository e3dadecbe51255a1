"""The demo's processes: each started with its own log, each ended when the demo ends, however it ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec

_PATIENCE = 60.0  # seconds to get ready
_GOODBYE = 15.0  # seconds to end by itself


class DidNotStart(Exception):
    """A process of the demo ended or kept silent; the text shows the end of its log."""


class Player:
    """One `comeback` command as a process of its own; ends with the block it is used in."""

    def __init__(self, name: str, arguments: list[str], env: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._log: IO[bytes] = self.log.open("wb")
        self.process = subprocess.Popen(
            [*_dying_with_us(), sys.executable, "-m", "connector.cli", *arguments],
            env={**env, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            # Ctrl-C reaches the demo alone, which then ends the others in their order.
            start_new_session=True,
        )

    def __enter__(self) -> Player:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def line(self) -> bytes:
        """Wait for the first line it prints; raise DidNotStart."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise DidNotStart(self._last_words())
        return line

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait until it is ready; raise DidNotStart."""
        until = time.monotonic() + _PATIENCE
        while not ready():
            self.check()
            if time.monotonic() > until:
                raise DidNotStart(self._last_words())
            time.sleep(0.1)

    def check(self) -> None:
        """Raise DidNotStart when it has ended."""
        if self.process.poll() is not None:
            raise DidNotStart(self._last_words())

    def end(self) -> None:
        """Ask it to end, wait, and insist."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(_GOODBYE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._log.close()

    def _last_words(self) -> str:
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-12:])
        return f"{self.name} did not start or has ended; the end of {self.log} says:\n{tail}"


class Ready(msgspec.Struct, frozen=True):
    """What a sandbox says when it is ready. `environment` is what Comeback must have set to talk to it."""

    url: str
    address: str
    environment: dict[str, str]
    orders: int
    customers: int


def ready_line(player: Player) -> Ready:
    """Read a sandbox's ready line; raise DidNotStart."""
    line = player.line()
    try:
        return msgspec.json.decode(line, type=Ready)
    except msgspec.MsgspecError as error:
        raise DidNotStart(f"{player.name} said something else than that it is ready: {error}") from error


def _dying_with_us() -> list[str]:
    """The kernel ends the process when the demo is killed and cannot say goodbye; where setpriv is absent it lives on."""
    if os.name == "posix" and shutil.which("setpriv"):
        return ["setpriv", "--pdeathsig", "TERM", "--"]
    return []
