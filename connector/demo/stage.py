"""A sandbox shop seen from outside: its ready line, and the words by which it is told what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from connector.demo.cast import Ready


class RoadBroke(Exception):
    """A sandbox could not do what it was told; the text is its own."""


class Stand:
    """One sandbox shop. `name` is its platform's."""

    def __init__(self, name: str, ready: Ready) -> None:
        self.name = name
        self.ready = ready
        self._session = requests.Session()
        self._session.trust_env = False

    def install(self, public_url: str, merchant_code: str | None = None) -> None:
        """Have the merchant's browser install Comeback by the same road as in a real shop; raise RoadBroke."""
        words = {"public_url": public_url}
        if merchant_code is not None:
            words["merchant_code"] = merchant_code
        self._tell("install", words, seconds=120)

    def told(self, files: Mapping[str, str]) -> None:
        """Tell the platform of us, as whoever runs Comeback does before anybody installs it; raise RoadBroke."""
        if files:
            self._tell("files", {"files": dict(files)})

    def live(self, per_second: float) -> None:
        """Let invented shoppers in."""
        self._tell("live", {"per_second": per_second})

    def quiet(self) -> None:
        """Send the shoppers home; answers when the webhooks are out."""
        self._tell("quiet", {}, seconds=30)

    def _tell(self, what: str, words: dict[str, Any], seconds: float = 15) -> None:
        try:
            answer = self._session.post(f"{self.ready.url}/_sandbox/{what}", json=words, timeout=(3, seconds))
        except requests.RequestException as error:
            raise RoadBroke(f"{self.name}: {what}: {type(error).__name__}") from error
        if answer.status_code >= 400:
            raise RoadBroke(f"{self.name}: {what} answered {answer.status_code}: {answer.text[:600]}")
