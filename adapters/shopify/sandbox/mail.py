"""Webhooks on their way: signed, retried with the payload they had, and disturbed on demand."""

import base64
import hashlib
import heapq
import hmac
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING

import msgspec
import requests

if TYPE_CHECKING:
    from adapters.shopify.sandbox.state import Shop

TRIES = 9  # the first and eight more
CONNECT_SECONDS, TOTAL_SECONDS = 1.0, 5.0
_SENDERS = 4
_PAUSES = (1, 2, 4, 8, 15, 30, 60, 120)  # seconds at a retry scale of 1; the platform takes four hours
# Topics an app declares in its configuration file; without one they go to the app itself, whatever the API says.
PRIVACY = frozenset({"CUSTOMERS_DATA_REQUEST", "CUSTOMERS_REDACT", "SHOP_REDACT"})
_DECLARED = {"APP_UNINSTALLED", *PRIVACY}
_ODD = {"CUSTOMER_TAGS_ADDED": "customer.tags_added", "CUSTOMER_TAGS_REMOVED": "customer.tags_removed"}
_GROUPS = (
    "BULK_OPERATIONS",
    "ORDER_TRANSACTIONS",
    "CUSTOMERS",
    "DISCOUNTS",
    "FULFILLMENTS",
    "ORDERS",
    "REFUNDS",
)


class Letter(msgspec.Struct):
    """One delivery. Every try carries the same id and the same bytes."""

    id: str
    event_id: str
    topic: str
    uri: str
    body: bytes
    triggered_at: str
    subscription: int | None
    name: str | None
    tries: int = 0


class Faults(msgspec.Struct):
    """How deliveries are disturbed: shares from 0 to 1, a longest delay in seconds, all held back."""

    drop: float = 0.0
    double: float = 0.0
    shuffle_seconds: float = 0.0
    hold: bool = False


def spelled(topic: str) -> str:
    """Return a topic as headers spell it: ORDERS_CREATE -> orders/create."""
    if topic in _ODD:
        return _ODD[topic]
    group = next((it for it in _GROUPS if topic.startswith(it + "_")), topic.partition("_")[0])
    return f"{group.lower()}/{topic[len(group) + 1 :].lower()}"


class Mail:
    """Sends webhooks in threads of its own, so that the shop never waits for the app."""

    def __init__(self, shop: "Shop", retry_scale: float = 1.0) -> None:
        self.faults = Faults()
        self.chance = random.Random(1)  # noqa: S311
        self.counts: Counter[str] = Counter()
        self.held: list[Letter] = []
        self._shop, self._scale = shop, retry_scale
        self._waiting: list[tuple[float, int, Letter]] = []
        self._number = 0
        self._flying = 0
        self._closed = False
        self._bell = threading.Condition()
        for place in range(_SENDERS):
            threading.Thread(target=self._send_forever, name=f"sender-{place}", daemon=True).start()

    def post(self, topic: str, body: Callable[[], dict[str, object]]) -> None:
        """Write a letter to everybody who wants this topic; the body is made once, now."""
        targets = self._targets(topic)
        if not targets:
            return
        made, event = body(), str(uuid.uuid4())
        at = self._shop.clock().astimezone(UTC).isoformat().replace("+00:00", "Z")
        for uri, number, name, only in targets:
            shown = {key: value for key, value in made.items() if not only or key in only}
            letter = Letter(
                str(uuid.uuid4()), event, spelled(topic), uri, msgspec.json.encode(shown), at, number, name
            )
            self._take(letter)

    def change(self, faults: Faults, seed: int | None) -> None:
        """Disturb deliveries from now on; what was held goes out when holding ends."""
        with self._bell:
            self.faults = faults
            if seed is not None:
                self.chance.seed(seed)
        if not faults.hold:
            self.release("given")

    def release(self, order: str, seed: int | None = None) -> None:
        """Send what is held: in the order given, reversed (both one after the other) or shuffled."""
        with self._bell:
            letters, self.held = self.held, []
        if order == "shuffled":
            random.Random(seed).shuffle(letters)  # noqa: S311
            for letter in letters:
                self._queue(letter, 0)
            return
        for letter in reversed(letters) if order == "reversed" else letters:
            with self._bell:
                self._flying += 1
            self._try(letter, _session())

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is on its way (held letters aside); False when time ran out."""
        until = time.monotonic() + seconds
        with self._bell:
            while self._waiting or self._flying:
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._bell.wait(left)
        return True

    def tally(self) -> dict[str, int]:
        """Return the counts: sent, failed, retried, dropped, doubled, and what is waiting or held."""
        with self._bell:
            known = ("sent", "failed", "retried", "dropped", "doubled")
            return {
                **{name: self.counts[name] for name in known},
                "waiting": len(self._waiting) + self._flying,
                "held": len(self.held),
            }

    def close(self) -> None:
        with self._bell:
            self._closed = True
            self._bell.notify_all()

    def _targets(self, topic: str) -> list[tuple[str, int | None, str | None, list[str]]]:
        wanted: list[tuple[str, int | None, str | None, list[str]]] = [
            (it.uri, it.id, it.name, it.include_fields)
            for it in self._shop.subscriptions.values()
            if it.topic == topic
        ]
        return [*wanted, *((uri, None, None, []) for uri in self._declared(topic))]

    def _declared(self, topic: str) -> list[str]:
        shop = self._shop
        if shop.declared is None:
            declares = topic in _DECLARED and shop.public_url
            return [f"{shop.public_url}/webhooks/shopify"] if declares else []
        # Of a shop that has not the app only the privacy topics are told.
        installed = bool(shop.desk.access or shop.desk.refresh)
        return shop.declared.get(topic, []) if installed or topic in PRIVACY else []

    def _take(self, letter: Letter) -> None:
        with self._bell:
            faults = self.faults
            if self.chance.random() < faults.drop:
                self.counts["dropped"] += 1
                return
            copies = [letter]
            if self.chance.random() < faults.double:
                self.counts["doubled"] += 1
                copies.append(msgspec.structs.replace(letter))
            if faults.hold:
                self.held.extend(copies)
                return
            delays = [self.chance.random() * faults.shuffle_seconds for _ in copies]
        for copy, delay in zip(copies, delays, strict=True):
            self._queue(copy, delay)

    def _queue(self, letter: Letter, delay: float) -> None:
        with self._bell:
            self._number += 1
            heapq.heappush(self._waiting, (time.monotonic() + delay, self._number, letter))
            self._bell.notify()

    def _send_forever(self) -> None:
        session = _session()
        while (letter := self._next()) is not None:
            self._try(letter, session)

    def _next(self) -> Letter | None:
        with self._bell:
            while not self._closed:
                if self._waiting and self._waiting[0][0] <= time.monotonic():
                    self._flying += 1
                    return heapq.heappop(self._waiting)[2]
                self._bell.wait(self._waiting[0][0] - time.monotonic() if self._waiting else None)
        return None

    def _try(self, letter: Letter, session: requests.Session) -> None:
        good = self._deliver(letter, session)
        letter.tries += 1
        with self._bell:
            if good:
                self.counts["sent"] += 1
                self.counts[f"sent {letter.topic}"] += 1
            elif letter.tries < TRIES:
                self.counts["retried"] += 1
                self._number += 1
                due = time.monotonic() + _PAUSES[letter.tries - 1] * self._scale
                heapq.heappush(self._waiting, (due, self._number, letter))
            else:
                self.counts["failed"] += 1
            self._flying -= 1
            self._bell.notify_all()
        if not good and letter.tries >= TRIES and letter.subscription is not None:
            # A subscription made through the API does not outlive its eighth retry; declared ones stay.
            with self._shop.lock:
                self._shop.subscriptions.pop(letter.subscription, None)

    def _deliver(self, letter: Letter, session: requests.Session) -> bool:
        secret = self._shop.client_secret.encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": letter.topic,
            "X-Shopify-Hmac-Sha256": base64.b64encode(
                hmac.new(secret, letter.body, hashlib.sha256).digest()
            ).decode(),
            "X-Shopify-Shop-Domain": self._shop.domain,
            "X-Shopify-API-Version": self._shop.api_version,
            "X-Shopify-Webhook-Id": letter.id,
            "X-Shopify-Event-Id": letter.event_id,
            "X-Shopify-Triggered-At": letter.triggered_at,
        }
        if letter.name:
            headers["X-Shopify-Name"] = letter.name
        try:
            answer = session.post(
                letter.uri,
                data=letter.body,
                headers=headers,
                timeout=(CONNECT_SECONDS, TOTAL_SECONDS),
                allow_redirects=False,
            )
        except requests.RequestException:
            return False
        return 200 <= answer.status_code < 300


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session
