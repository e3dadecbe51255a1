"""A sandbox shop seen from outside, by its control routes; and settings for a Comeback of a test's own."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import requests

from connector import config


class Refused(Exception):
    """The shop would not do it, by its own rules."""


class Keeper:
    """Whoever stands in the shop: does things there, and knows what is true there."""

    def __init__(self, name: str, url: str, address: str) -> None:
        self.name, self.url, self.address = name, url, address
        self.platform = name.partition("-")[0]  # of two shops of a platform the second is called magento-2
        self._session = requests.Session()
        self._session.trust_env = False

    def does(self, path: str, method: str = "POST", seconds: float = 60, **words: Any) -> dict[str, Any]:
        """Do something through a control route; raise Refused where the shop's rules forbid it."""
        answer = self._session.request(
            method, f"{self.url}/_sandbox/{path}", json=words, timeout=(3, seconds)
        )
        if answer.status_code in (404, 422):
            raise Refused(f"{self.name} {path}: {answer.text[:300]}")
        assert answer.status_code < 400, f"{self.name} {path}: {answer.status_code} {answer.text[:600]}"
        return dict(answer.json())

    def all(self, what: str) -> list[dict[str, Any]]:
        """Everything of a kind, as the shop itself knows it: orders or customers."""
        found: list[dict[str, Any]] = []
        while True:
            after = found[-1]["id"] if found else ""
            page = self._session.get(
                f"{self.url}/_sandbox/{what}", params={"after": after, "limit": 1000}, timeout=60
            )
            rows = page.json()[what]
            if not rows:
                return found
            found += rows

    def gifts(self) -> list[dict[str, Any]]:
        """Every gift card and store credit; a shop that gives neither says none."""
        return [] if self.platform == "magento" else list(self.does("gifts", "GET")["gifts"])

    def coupons(self) -> list[dict[str, Any]]:
        """Every code in the shop."""
        return list(self._session.get(f"{self.url}/_sandbox/coupons", timeout=60).json()["coupons"])


def settings(database: Any, port: int, environments: Iterable[dict[str, str]]) -> dict[str, str]:
    """A whole environment; nothing of the caller's own installation leaks in."""
    kept = {name: word for name, word in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    env = kept | dict.fromkeys(config.OWN, "") | config.fresh_secrets()
    urls, allowed = [], []
    for one in environments:
        env |= one
        allowed += one.get("ALLOW_PRIVATE_HOSTS", "").split(",")
        urls += [word for name, word in one.items() if name.endswith("_URL")]
    hosts = {urlsplit(url).netloc for url in urls} | set(filter(None, allowed))
    return env | {
        "DATABASE_URL": database.url,
        "DATABASE_OWNER_URL": database.owner_url,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "ALLOW_PRIVATE_HOSTS": ",".join(sorted(hosts)),
    }
