"""The whole application at its port: what Shopify's library signs gets in, whatever is broken gets a 4xx and never a 5xx.

Headers are written byte by byte, because a client library would mend half of what is broken here.
"""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
import pytest
import requests
from sqlalchemy import func, select

from adapters.shopify import sandbox
from adapters.shopify.platform import platform
from adapters.shopify.sandbox import tokens
from adapters.shopify.settings import SCOPES, App
from connector import config
from connector.app import create_app
from connector.demo.ground import free_port
from connector.house import furnish
from connector.serving import Web
from connector.store import tables

BODY = b'{"id": 820982911946154508, "note": "cr\xc3\xa8me"}'
OTHER = "another-shop.myshopify.com"


class Site:
    """Comeback on a port, connected to one sandbox shop; nobody works, so that what is kept stays as it came."""

    def __init__(self, database: Any) -> None:
        self.gifts = sandbox.Shop("site-gifts.myshopify.com", client_secret="shpss_" + "0123456789abcdef" * 4)
        self.server = sandbox.create_server(self.gifts)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.house = furnish(
            dict.fromkeys(config.OWN, "")
            | config.fresh_secrets()
            | requests.get(f"{self.gifts.own_url}/_sandbox/ready", timeout=60).json()["environment"]
            | {
                "DATABASE_URL": database.url,
                "DATABASE_OWNER_URL": database.owner_url,
                "PUBLIC_URL": self.url,
                "ALLOW_PRIVATE_HOSTS": urlsplit(self.gifts.own_url).netloc,
            },
            {"shopify": platform},
        )
        self.web = Web(create_app(self.house), "127.0.0.1", self.port)
        self.app = App(self.gifts.client_id, (self.gifts.client_secret,))

    def close(self) -> None:
        self.web.stop()
        self.house.close()
        self.server.shutdown()
        self.server.server_close()

    def says(self, *lines: bytes, body: bytes = b"") -> tuple[int, bytes]:
        """Send these lines of a request as they are; return the status and the whole answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as line:
            line.sendall(
                b"\r\n".join([*lines, b"Host: 127.0.0.1", b"Connection: close"]) + b"\r\n\r\n" + body
            )
            answer = b""
            while piece := line.recv(65536):
                answer += piece
        return int(answer.split(b" ", 2)[1]), answer

    def posts(self, headers: list[tuple[str, bytes]], body: bytes = BODY) -> int:
        lines = [name.encode() + b": " + word for name, word in headers]
        length = f"Content-Length: {len(body)}".encode()
        return self.says(b"POST /webhooks/shopify HTTP/1.1", length, *lines, body=body)[0]

    def gets(self, path: str, query: bytes, cookie: str = "") -> tuple[int, bytes]:
        more = [b"Cookie: " + cookie.encode()] if cookie else []
        return self.says(b"GET " + path.encode() + b"?" + query + b" HTTP/1.1", *more)

    def installs(self) -> None:
        url = f"{self.gifts.own_url}/_sandbox/install"
        assert requests.post(url, json={"public_url": self.url}, timeout=60).ok

    def counted(self, table: Any) -> int:
        with self.house.database.everyone() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.fixture
def site(database: Any) -> Iterator[Site]:
    made = Site(database)
    yield made
    made.close()


def test_of_webhooks_only_those_the_library_signed_are_kept(site: Site, oracle: Any) -> None:
    site.installs()
    hmac = oracle.asked("signWebhook", site.app, body=BODY.decode()).encode()
    good = {
        "X-Shopify-Hmac-Sha256": hmac,
        "X-Shopify-Topic": b"orders/create",
        "X-Shopify-Shop-Domain": site.gifts.domain.encode(),
        "X-Shopify-Webhook-Id": b"b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "X-Shopify-API-Version": b"2026-10",
        "X-Shopify-Triggered-At": b"2026-11-21T11:59:58.123456Z",
    }
    broken = {}
    for name, word in good.items():
        rest = [(other, it) for other, it in good.items() if other != name]
        broken |= {
            f"{name} missing": rest,
            f"{name} empty": [*rest, (name, b"")],
            f"{name} doubled": [*rest, (name, word), (name, word)],
            f"{name} not ASCII": [*rest, (name, b"\xe9" + word[1:])],
            f"{name} half an UTF-8 sign": [*rest, (name, word[:-1] + b"\xc3")],
            f"{name} truncated": [*rest, (name, word[:-3])],
            f"{name} with a NUL": [*rest, (name, word + b"\0")],
            f"{name} very long": [*rest, (name, word * 90)],
        }
    found = {how: site.posts(list(headers)) for how, headers in broken.items()}
    kept = site.counted(tables.inbox)
    assert {how: status for how, status in found.items() if status >= 500} == {}
    believed = {how for how, status in found.items() if status < 400}
    # These three are not signed and need not be there; a topic cut short is one we do not use.
    unneeded = ("X-Shopify-Webhook-Id", "X-Shopify-API-Version", "X-Shopify-Triggered-At")
    named = tuple(how for how in believed if not how.startswith(unneeded))
    assert named == ("X-Shopify-Topic truncated",)
    assert {found[how] for how in found if how.startswith("X-Shopify-Hmac")} <= {400, 401}
    assert kept <= len(believed)
    # Stale, and of another shop: the id is the same, and who is not known keeps nothing.
    assert site.posts(list(good.items())) == 200
    kept = site.counted(tables.inbox)
    assert site.posts(list(good.items())) == 200
    assert site.posts(list({**good, "X-Shopify-Shop-Domain": OTHER.encode()}.items())) == 200
    assert site.counted(tables.inbox) == kept
    # The border between body and what follows it is part of what is signed.
    assert {site.posts(list(good.items()), body) for body in (BODY[:-1], BODY + b" ", b"")} == {401}


def test_of_callbacks_only_the_one_the_library_signed_ends_in_a_sign_in(site: Site, oracle: Any) -> None:
    start = requests.get(
        f"{site.url}/shopify/install",
        params={"shop": site.gifts.domain},
        allow_redirects=False,
        timeout=60,
    )
    cookie = "; ".join(f"{name}={word}" for name, word in start.cookies.get_dict().items())
    state = dict(part.split("=", 1) for part in urlsplit(start.headers["Location"]).query.split("&"))["state"]
    now = int(time.time())
    query = {
        "code": site.gifts.desk.code(",".join(SCOPES), site.gifts.now()),
        "host": tokens.host_of(site.gifts.domain),
        "shop": site.gifts.domain,
        "state": state,
        "timestamp": str(now),
    }

    def signed(words: dict[str, str]) -> list[tuple[str, str]]:
        hmac = oracle.asked("signQuery", site.app, query=words, signator="admin")
        return [*words.items(), ("hmac", hmac)]

    good = signed(query)
    broken: dict[str, bytes] = {
        "stale": urlencode(signed(query | {"timestamp": str(now - 3600)})).encode(),
        "from tomorrow": urlencode(signed(query | {"timestamp": str(now + 86400)})).encode(),
        "a time in words": urlencode(signed(query | {"timestamp": "soon"})).encode(),
        "another shop, signed": urlencode(signed(query | {"shop": OTHER})).encode(),
        "no shop, signed": urlencode(signed(query | {"shop": "evil.example"})).encode(),
        "borders moved": urlencode(
            [
                ("code", f"{query['code']}&host={query['host']}"),
                *[it for it in good if it[0] not in ("code", "host")],
            ]
        ).encode(),
        "a state of nobody, signed": urlencode(signed(query | {"state": "x" * 32})).encode(),
    }
    for place, (name, word) in enumerate(good):
        rest = [it for it in good if it[0] != name]
        broken |= {
            f"{name} missing": urlencode(rest).encode(),
            f"{name} empty": urlencode([*rest, (name, "")]).encode(),
            f"{name} doubled": urlencode([*good, (name, word)]).encode(),
            f"{name} doubled with another": urlencode([*good[:place], (name, "x"), *good[place:]]).encode(),
            f"{name} not ASCII": urlencode([*rest, (name, "é" + word)]).encode(),
            f"{name} no UTF-8": urlencode(rest).encode() + f"&{name}=%ff%fe".encode(),
            f"{name} with a NUL": urlencode([*rest, (name, word + "\0")]).encode(),
            f"{name} truncated": urlencode([*rest, (name, word[:-1])]).encode(),
        }
    found = {how: site.gets("/shopify/callback", sent, cookie)[0] for how, sent in broken.items()}
    assert {how: status for how, status in found.items() if not 400 <= status < 500} == {}
    assert site.gets("/shopify/callback", urlencode(good).encode())[0] == 401, "another browser's"
    assert site.counted(tables.shops) == 0
    status, answer = site.gets("/shopify/callback", urlencode(good).encode(), cookie)
    assert (status, b"/signin/" in answer, site.counted(tables.shops)) == (303, True, 1)
    assert site.gets("/shopify/callback", urlencode(good).encode(), cookie)[0] == 401, "used before"


def test_of_session_tokens_only_the_one_the_library_signed_opens_the_shop(site: Site, oracle: Any) -> None:
    now, domain = int(time.time()), site.gifts.domain
    claims = {
        "iss": f"https://{domain}/admin",
        "dest": f"https://{domain}",
        "aud": site.app.client_id,
        "sub": "42",
        "exp": now + 60,
        "nbf": now - 5,
        "iat": now - 5,
        "jti": "f8912129",
        "sid": "aaea182f",
    }

    def signed(**changed: Any) -> str:
        return str(oracle.asked("makeToken", site.app, shop=domain, claims=claims | changed))

    def resigned(words: dict[str, Any], secret: str = site.app.secret, algorithm: str = "HS256") -> str:
        return jwt.encode(words, secret, algorithm=algorithm)

    good = signed()
    head, body, seal = good.split(".")
    broken: dict[str, str | bytes] = {
        "empty": "",
        "one word": "token",
        "truncated": good[:-2],
        "unsigned": jwt.encode(claims, None, algorithm="none"),
        "no seal": f"{head}.{body}.",
        "borders moved": f"{head}.{body}{seal[0]}.{seal[1:]}",
        "not ASCII": "é" + good,
        "no UTF-8": b"%ff" + good.encode(),
        "NUL": good + "\0",
        "two": f"{good} {good}",
        "another secret": resigned(claims, "another-secret-" * 5),
        "another algorithm": resigned(claims, algorithm="HS512"),
        "stale": signed(exp=now - 60),
        "not yet": signed(nbf=now + 60),
        "another app": signed(aud="client-2"),
        "a list of apps": signed(aud=[site.app.client_id, "x"]),
        "another shop": signed(dest=f"https://{OTHER}"),
        "another issuer": signed(iss=f"https://{OTHER}/admin"),
        "no shop": signed(dest="https://evil.example", iss="https://evil.example/admin"),
        "a number for a shop": signed(dest=1, iss=2),
        "a time in words": resigned(claims | {"exp": "soon"}),
        "a body that is a list": f"{head}.{base64.urlsafe_b64encode(b'[]').decode()}.{seal}",
        **{f"without {name}": resigned({k: v for k, v in claims.items() if k != name}) for name in claims},
    }

    def opened(token: str | bytes, shop: str = domain) -> int:
        word = token if isinstance(token, bytes) else quote(token).encode()
        status, answer = site.gets("/shopify/", b"embedded=1&shop=" + shop.encode() + b"&id_token=" + word)
        # Whoever is not believed may fetch a fresh token from the admin, and is shown nothing until then.
        return 401 if status == 302 and b"/bounce" in answer else status

    found = {how: opened(token) for how, token in broken.items()}
    assert {how: status for how, status in found.items() if not 400 <= status < 500} == {}
    assert 400 <= opened(good, OTHER) < 500
    assert site.counted(tables.shops) == 0
    assert opened(good) in (200, 302, 303)
    assert site.counted(tables.shops) == 1
