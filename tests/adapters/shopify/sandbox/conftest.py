"""A sandbox shop served for real on loopback, a letter box for its webhooks, and an app's token."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest
import requests

from adapters.shopify.sandbox import Shop, create_server
from adapters.shopify.sandbox.state import ALL_SCOPES

SCOPES = ALL_SCOPES


class Got(msgspec.Struct, frozen=True):
    """One webhook as it arrived; header names in lower case."""

    headers: dict[str, str]
    body: bytes

    @property
    def topic(self) -> str:
        return self.headers["x-shopify-topic"]

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Box:
    """A letter box: keeps what comes and answers with the statuses it was given, then 200."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.statuses: list[int] = []
        self.free = threading.Event()
        self.free.set()
        box = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                box.free.wait(60)
                box.got.append(Got({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(box.statuses.pop(0) if box.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def topics(self) -> list[str]:
        return [it.topic for it in self.got]


class Stand:
    """The shop from outside."""

    def __init__(self, retry_scale: float = 0.02) -> None:
        self.shop = Shop()
        self.server = create_server(self.shop, retry_scale=retry_scale)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = self.shop.own_url
        self.http = requests.Session()
        self.http.trust_env = False
        self.token = self.grant(SCOPES)

    def grant(self, scopes: str) -> str:
        """Return an access token with these scopes, by an authorization code."""
        code = self.shop.desk.code(scopes, self.shop.clock())
        return str(self.ask_token(code=code, expiring=1).json()["access_token"])

    def ask_token(self, **fields: object) -> requests.Response:
        app = {"client_id": self.shop.client_id, "client_secret": self.shop.client_secret}
        return self.http.post(f"{self.url}/admin/oauth/access_token", json={**app, **fields}, timeout=60)

    def post(
        self, query: str, variables: object = None, token: str | None = None, version: str = "2026-10"
    ) -> requests.Response:
        return self.http.post(
            f"{self.url}/admin/api/{version}/graphql.json",
            json={"query": query, "variables": variables},
            headers={"X-Shopify-Access-Token": self.token if token is None else token},
            timeout=60,
        )

    def ask(self, query: str, variables: object = None, token: str | None = None) -> Any:
        """Return the answer's JSON, whatever it says."""
        return self.post(query, variables, token).json()

    def data(self, query: str, variables: object = None) -> Any:
        answer = self.ask(query, variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def control(self, path: str, body: object = None, method: str = "POST", status: int = 200) -> Any:
        answer = self.http.request(method, f"{self.url}/_sandbox/{path}", json=body or {}, timeout=60)
        assert answer.status_code in (status, 201) if status == 200 else answer.status_code == status, (
            answer.text
        )
        return answer.json()

    def customer(self, name: str = "ada", **more: object) -> str:
        wish = {"email": f"{name}@example.com", "first_name": name.title(), "last_name": "Elm"}
        return str(self.control("customers", {**wish, "at": "2026-11-01T09:00:00Z", **more})["id"])

    def order(self, price: str = "10.00", quantity: int = 1, **more: object) -> str:
        lines = [{"sku": "MUG", "title": "Mug", "quantity": quantity, "price": price}]
        wish = {"at": "2026-11-02T10:00:00Z", "lines": lines, "paid": True, **more}
        return str(self.control("orders", wish)["id"])

    def act(self, order: str, what: str, **more: object) -> Any:
        return self.control(f"orders/{order}/{what}", {"at": "2026-11-03T10:00:00Z", **more})

    def truth(self, order: str) -> Any:
        return next(it for it in self.control("orders", method="GET")["orders"] if it["id"] == order)

    def subscribe(self, topic: str, url: str) -> None:
        answer = self.data(
            "mutation S($topic: WebhookSubscriptionTopic!, $uri: String!)"
            "{ webhookSubscriptionCreate(topic: $topic, webhookSubscription: {uri: $uri}) { userErrors { message } } }",
            {"topic": topic, "uri": url},
        )
        assert answer["webhookSubscriptionCreate"]["userErrors"] == []

    def settle(self) -> Any:
        """Wait until every webhook is out."""
        return self.control("quiet")


@pytest.fixture
def stand() -> Iterator[Stand]:
    made = Stand()
    yield made
    made.server.shutdown()
    made.server.server_close()
    made.http.close()
    assert made.shop.mail is not None
    made.shop.mail.close()


@pytest.fixture
def box() -> Iterator[Box]:
    made = Box()
    yield made
    made.server.shutdown()
    made.server.server_close()
