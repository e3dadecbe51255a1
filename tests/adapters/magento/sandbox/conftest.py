"""A sandbox shop on a real port, and an integration that signs its calls with an independent library."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import requests
from requests_oauthlib import OAuth1

from adapters.magento.sandbox import Shop, create_server
from adapters.magento.sandbox.stage import Stage

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Store:
    """The running shop as a client sees it."""

    def __init__(self, shop: Shop, stage: Stage, host: str) -> None:
        self.shop, self.stage, self.host = shop, stage, host
        self.now = NOON
        self.rest = f"http://{host}/rest/V1/"
        self.line = requests.Session()
        self.line.trust_env = False

    def auth(self, **other: Any) -> OAuth1:
        keys = self.shop.desk.keys
        known = {"signature_method": "HMAC-SHA256", "timestamp": str(int(self.now.timestamp()))} | other
        return OAuth1(
            keys.consumer_key, keys.consumer_secret, keys.access_token, keys.access_token_secret, **known
        )

    def call(self, method: str, path: str, body: Any = None, query: str = "") -> requests.Response:
        address = self.rest + path + (f"?{query}" if query else "")
        return self.line.request(method, address, json=body, auth=self.auth(), timeout=60)

    def get(self, path: str, query: str = "") -> Any:
        answer = self.call("GET", path, query=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.call(method, path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method: str, path: str, body: Any = None, query: str = "") -> tuple[int, Any]:
        answer = self.call(method, path, body, query)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()

    def control(self, method: str, path: str, body: Any = None, expect: int = 200) -> Any:
        answer = self.line.request(method, f"http://{self.host}/_sandbox/{path}", json=body, timeout=60)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def sleep(self, **time: float) -> None:
        self.now += timedelta(**time)

    def customer(self, email: str = "ann@example.com", **more: Any) -> int:
        return int(self.control("POST", "customers", {"email": email, "verified": True} | more)["id"])

    def order(self, **more: Any) -> int:
        """Place an order over one thing of 20.00 unless told otherwise; answers its id."""
        thing = {"sku": "MUG", "title": "Mug", "quantity": 2, "price": "10.00"}
        given = {"email": "guest@example.net", "lines": [thing], "shipping": "0"} | more
        return int(self.control("POST", "orders", given)["id"])

    def code(self, code: str = "THANKS", **rule: Any) -> int:
        """Make a rule of ten per cent with one code; answers the rule's id."""
        given = {
            "name": f"Rule of {code}",
            "website_ids": [1],
            "customer_group_ids": [0, 1, 2, 3],
            "is_active": True,
            "coupon_type": "SPECIFIC_COUPON",
            "use_auto_generation": True,
            "simple_action": "by_percent",
            "discount_amount": 10,
        }
        made = self.send("POST", "salesRules", {"rule": given | rule})
        self.send("POST", "coupons", {"coupon": {"rule_id": made["rule_id"], "code": code, "type": 1}})
        return int(made["rule_id"])


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty shop at noon on 1 June 2026; `store.sleep` moves its clock."""
    opened: list[Store] = []
    shop = Shop(clock=lambda: opened[0].now if opened else NOON)
    stage = Stage(shop)
    server = create_server(shop, 0, stage)
    opened.append(Store(shop, stage, f"127.0.0.1:{server.server_port}"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield opened[0]
    server.shutdown()
    server.server_close()
    stage.close()
    opened[0].line.close()


Criteria = Callable[..., str]


@pytest.fixture
def criteria() -> Criteria:
    """Spell a searchCriteria query: criteria(("entity_id", "gt", 5), sort=("entity_id", "ASC"), size=10, page=1)."""

    def spell(
        *filters: tuple[str, str, Any],
        sort: tuple[str, str] | None = None,
        size: int | None = None,
        page: int | None = None,
        fields: str = "",
    ) -> str:
        pairs = [("searchCriteria", "")] if not (filters or sort or size) else []
        for index, (field, condition, value) in enumerate(filters):
            start = f"searchCriteria[filter_groups][{index}][filters][0]"
            pairs += [(f"{start}[field]", field), (f"{start}[value]", value)]
            pairs += [(f"{start}[condition_type]", condition)]
        if sort:
            start = "searchCriteria[sortOrders][0]"
            pairs += [(f"{start}[field]", sort[0]), (f"{start}[direction]", sort[1])]
        if size:
            pairs += [("searchCriteria[pageSize]", size), ("searchCriteria[currentPage]", page or 1)]
        if fields:
            pairs += [("fields", fields)]
        return "&".join(f"{quote(key, safe='')}={quote(str(value), safe='')}" for key, value in pairs)

    return spell
