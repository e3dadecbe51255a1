"""What the oracles say: Shopify's own libraries for JavaScript and Python, asked by tests and never used at run time."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from adapters.shopify.settings import App

_HERE = Path(__file__).parent


class Refused(Exception):
    """The library threw: it does not believe what it was shown."""


class Oracle:
    """Shopify's JavaScript library in a process of its own."""

    def __init__(self, node: str, place: str) -> None:
        command = [node, str(_HERE / "speak.mjs"), place]
        self._pipe: Any = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    def asked(self, what: str, app: App, secret: str | None = None, **words: Any) -> Any:
        """Return its answer about an app; `secret` instead of the current one. Raise Refused."""
        whose = {"client_id": app.client_id, "secret": secret or app.secret}
        self._pipe.stdin.write(json.dumps({"what": what, "app": whose, **words}) + "\n")
        self._pipe.stdin.flush()
        answer = json.loads(self._pipe.stdout.readline())
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer.get("said")

    def stop(self) -> None:
        self._pipe.stdin.close()
        self._pipe.wait(60)
        self._pipe.stdout.close()


@pytest.fixture(scope="session")
def oracle(npm: ModuleType) -> Iterator[Oracle]:
    """The library that `make oracles` fetched; where it could not be had, only CI insists."""
    if not npm.found(_HERE):
        why = "Shopify's JavaScript library is not here; `make oracles` fetches it"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    asked = Oracle(str(npm.NODE), str(npm.place(_HERE)))
    yield asked
    asked.stop()


@pytest.fixture(scope="session")
def refused() -> type[Exception]:
    return Refused
