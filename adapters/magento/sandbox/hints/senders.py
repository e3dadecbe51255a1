"""What each kind of sender writes about a row that changed: body, headers, and where it proves itself."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from functools import cache
from typing import Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.magento.sandbox import order_bodies, people, shop

Kind = Literal["module", "async_events", "io_events", "commerce", "plain"]
TRIES: dict[Kind, int] = {"module": 10, "async_events": 5, "io_events": 8, "commerce": 1, "plain": 1}
WAITED_FOR: frozenset[Kind] = frozenset({"commerce", "plain"})  # sent while the shopper waits
PROJECT = "5a2d0b1c9e8f47a6b3c4d5e6f7a8b9c0"  # the merchant's client id at Adobe
PATHS = tuple(f"/prod/keys/pub-key-Sand-box_{n}.pem" for n in (1, 2))


class News(msgspec.Struct, frozen=True):
    """A row that changed, or is gone. `nonce` is the same at every try of its message."""

    nonce: str
    row: shop.Kind
    key: int
    gone: bool = False


class Letter(msgspec.Struct, frozen=True):
    """What goes over the wire. `question` stands behind the address."""

    body: bytes
    headers: dict[str, str]
    question: str = ""


Said = dict[str, object]
Writer = Callable[["shop.Shop", News, str], Letter | None]


class Adobe(msgspec.Struct, frozen=True):
    """The keys that events and webhooks of Adobe are signed with: two of Adobe's own, and the shop's."""

    first: RSAPrivateKey
    second: RSAPrivateKey
    webhooks: RSAPrivateKey

    def pem(self, path: str) -> str | None:
        """Return the public key that lies at this path, at Adobe's."""
        keys = dict(zip(PATHS, (self.first, self.second), strict=True))
        return public(keys[path]) if path in keys else None


@cache
def adobe() -> Adobe:
    """Make the keys, once for this process."""
    return Adobe(*(generate_private_key(65537, 2048) for _ in range(3)))


def public(key: RSAPrivateKey) -> str:
    """Return the public half in PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def write(kind: Kind, where: "shop.Shop", news: News, secret: str) -> Letter | None:
    """Write what this sender says now, with the time of this try; None where it says nothing of such news."""
    return _WRITERS[kind](where, news, secret)


def _module(where: "shop.Shop", news: News, secret: str) -> Letter:
    rows = {f"{news.row}s": [news.key]}
    said: Said = {
        "v": 1,
        "orders": [],
        "customers": [],
        "gone": {"orders": [], "customers": []},
        "test": False,
    }
    said |= {"gone": {"orders": [], "customers": [], **rows}} if news.gone else rows
    body, timestamp = msgspec.json.encode(said), str(int(where.clock().timestamp()))
    return Letter(
        body,
        {
            "X-Comeback-Timestamp": timestamp,
            "X-Comeback-Nonce": news.nonce,
            "X-Comeback-Signature": _hmac(secret, f"{timestamp}.{news.nonce}.".encode() + body),
        },
    )


def _async_events(where: "shop.Shop", news: News, secret: str) -> Letter | None:
    # The module reads the thing when it sends: of what is gone by then it sends nothing.
    with where.lock:
        said = _thing(where, news)
    if said is None:
        return None
    body = msgspec.json.encode(said)
    return Letter(body, {"x-magento-signature": _hmac(secret, body)})


def _io_events(where: "shop.Shop", news: News, secret: str) -> Letter:
    name = "sales_order" if news.row == "order" else "customer"
    event = {
        "specversion": "1.0",
        "type": f"com.adobe.commerce.observer.{name}_{'delete' if news.gone else 'save'}_commit_after",
        "data": {"key": news.nonce, "value": _named(where, news)},
    }
    said: Said = {"event_id": str(UUID(news.nonce)), "event": event, "recipient_client_id": PROJECT}
    body, keys = msgspec.json.encode(said), adobe()
    return Letter(
        body,
        {
            "x-adobe-digital-signature-1": _rsa(keys.first, body),
            "x-adobe-public-key1-path": PATHS[0],
            "x-adobe-digital-signature-2": _rsa(keys.second, body),
            "x-adobe-public-key2-path": PATHS[1],
        },
    )


def _commerce(where: "shop.Shop", news: News, secret: str) -> Letter:
    body = msgspec.json.encode({news.row: _named(where, news)})
    signature = _rsa(adobe().webhooks, base64.b64encode(body))
    return Letter(body, {"x-adobe-commerce-webhook-signature": signature})


def _plain(where: "shop.Shop", news: News, secret: str) -> Letter:
    body = msgspec.json.encode({"event": f"{news.row}_saved", f"{news.row}_id": str(news.key)})
    return Letter(body, {"X-Webhook-Id": "1"}, "?" + urlencode({"secret": secret}))


_WRITERS: dict[Kind, Writer] = {
    "module": _module,
    "async_events": _async_events,
    "io_events": _io_events,
    "commerce": _commerce,
    "plain": _plain,
}


def _thing(where: "shop.Shop", news: News) -> Said | None:
    if news.row == "order":
        order = where.orders.get(news.key)
        return None if order is None else dict(order_bodies.order(order))
    customer = where.customers.get(news.key)
    return None if customer is None else people.customer_body(customer)


def _named(where: "shop.Shop", news: News) -> Said:
    # What a subscription names of a thing: its number, and what goes with it.
    beside = "increment_id" if news.row == "order" else "email"
    with where.lock:
        thing = _thing(where, news) or {}
    return {"entity_id": str(news.key), beside: thing.get(beside, "gone")}


def _hmac(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def _rsa(key: RSAPrivateKey, message: bytes) -> str:
    return base64.b64encode(key.sign(message, PKCS1v15(), SHA256())).decode()
