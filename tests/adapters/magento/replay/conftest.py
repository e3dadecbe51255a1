"""The recorded shop's likeness, opened once, and every recorded request sent to it in turn."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from requests_oauthlib import OAuth1

from adapters.magento.sandbox import Shop, create_server, promotions, routes_admin

sys.path[:0] = [str(Path(__file__).parent)]


class Answer(msgspec.Struct, frozen=True):
    """What the sandbox said to one recorded request."""

    status: int
    body: Any


class Replay:
    """Sends recorded requests as they were recorded: path, raw query, body; signed, or as the admin."""

    def __init__(self, shop: Shop, host: str) -> None:
        self.shop, self.host = shop, host
        self.line = requests.Session()
        self.line.trust_env = False
        self.words: dict[str, str] = {
            "<password>": routes_admin.PASSWORD
        }  # what our shop calls what theirs called so

    def send(self, case: dict[str, Any]) -> Answer:
        self._before(case)
        asked = case["request"]
        body = asked["body"]
        sent = body if isinstance(body, str) else None if body is None else msgspec.json.encode(body).decode()
        for theirs, ours in self.words.items():
            sent = sent and sent.replace(theirs, ours)
        headers = {name: value for name, value in asked["headers"].items() if name == "Content-Type"}
        path = asked["path"]
        for theirs, ours in self.words.items():
            path = path.replace(theirs, ours)
        address = f"http://{self.host}{path}" + (f"?{asked['query']}" if asked["query"] else "")
        signs = asked["headers"].get("Authorization", "")
        answer = self.line.request(
            asked["method"], address, data=sent, headers=headers | self._bearer(signs), timeout=60,
            auth=self._oauth() if signs.startswith("OAuth") else None,
        )  # fmt: skip
        said = Answer(answer.status_code, answer.json())
        self._after(case, said)
        return said

    def _oauth(self) -> OAuth1:
        keys = self.shop.desk.keys
        stamp = str(int(self.shop.clock().timestamp()))
        pairs = (keys.consumer_key, keys.consumer_secret, keys.access_token, keys.access_token_secret)
        return OAuth1(*pairs, signature_method="HMAC-SHA256", timestamp=stamp)

    def _bearer(self, signs: str) -> dict[str, str]:
        if "admin" in signs:
            return {"Authorization": f"Bearer {self.shop.desk.admin_token}"}
        return {"Authorization": signs} if signs.startswith("Bearer") else {}

    def _before(self, case: dict[str, Any]) -> None:
        """What happened in the recorded shop between two recorded requests."""
        limited = case["file"] == "limits"
        self.shop.maximum_page_size, self.shop.default_page_size = (300, 20) if limited else (None, None)
        match case["name"]:
            case "coupon_create_on_auto_rule":
                promotions.remove_coupon(
                    self.shop, promotions.save_coupon(self.shop, {"rule_id": 3, "code": "X"}).id
                )
            case "coupons_generate":
                for more in (
                    {"code": "BEN-9Q2Z", "expiration_date": "2026-11-30 23:59:59"},
                    {},
                    {"code": "L" * 255},
                ):
                    promotions.save_coupon(self.shop, {"rule_id": 4, "type": 1, **more})
            case "coupons_search_rule":
                wanted = 563 - len(self.shop.coupons.where("rule_id", 4))
                promotions.generate(self.shop, {"rule_id": 4, "quantity": wanted, "length": 10})

    def _after(self, case: dict[str, Any], said: Answer) -> None:
        """Codes and numbers made at random: which of ours stands for which of theirs."""
        if case["name"] == "coupons_generate":
            self.words |= dict(zip(case["response"]["body"], said.body, strict=True))
        if case["name"] == "async_bulk_customers_put":
            self.words[case["response"]["body"]["bulk_uuid"]] = said.body["bulk_uuid"]


@pytest.fixture(scope="session")
def recordings(shared: Path) -> list[dict[str, Any]]:
    """Every recorded exchange."""
    import likeness

    return likeness.cases(shared / "magento")


@pytest.fixture(scope="module")
def replayed(recordings: list[dict[str, Any]]) -> Iterator[dict[str, Answer]]:
    """What the sandbox answers to each of them, by the case's name."""
    import likeness

    shop, _ = likeness.shop(recordings)
    server = create_server(shop)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    replay = Replay(shop, f"127.0.0.1:{server.server_port}")
    yield {case["name"]: replay.send(case) for case in recordings}
    replay.line.close()
    server.shutdown()
    server.server_close()
