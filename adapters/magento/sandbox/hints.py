"""Signed hints, as the Mage-OS asynchronous events module sends them; Magento Open Source itself sends nothing.

A hint names what changed and nothing else. It may be held, dropped, doubled and shuffled on order. A hint that is not
answered with 2xx is tried again a few times and then counted as failed.
"""

import hashlib
import hmac
import random
import threading
import time
from typing import Literal

import msgspec
import requests

from adapters.magento.sandbox.shop import Kind

Release = Literal["given", "shuffled", "reversed"]
TRIES = 3


class Weather(msgspec.Struct, frozen=True):
    """How bad the road is: chances between 0 and 1, seconds, and whether hints wait until they are released."""

    seed: int | None = None
    drop: float = 0
    double: float = 0
    shuffle_seconds: float = 0
    hold: bool = False


class Hint(msgspec.Struct, frozen=True):
    """One message, ready to go; a doubled one keeps its id."""

    id: str
    event: str
    body: bytes
    due: float


class Hints:
    """The post office of one shop: it sends in a thread of its own, so nothing in the shop waits for the app."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.url = ""
        self.secret = ""
        self.weather = Weather()
        self.chance = random.Random()  # noqa: S311 - no secret hangs on it
        self.waiting: list[Hint] = []
        self.held: list[Hint] = []
        self.busy = 0
        self.number = 0
        self.counts = dict.fromkeys(("sent", "dropped", "doubled", "failed"), 0)
        self.open = True
        self.thread: threading.Thread | None = None

    def send_to(self, url: str, secret: str) -> None:
        """Send hints to this address from now on; an empty one stops them."""
        with self.changed:
            self.url, self.secret = url, secret
            if self.thread is None:
                self.thread = threading.Thread(target=self._work, name="hints", daemon=True)
                self.thread.start()

    def suffer(self, weather: Weather) -> None:
        with self.changed:
            self.weather = weather
            if weather.seed is not None:
                self.chance.seed(weather.seed)

    def note(self, kind: Kind, key: int) -> None:
        """Write a hint about a row; a watcher of the shop."""
        with self.changed:
            if not self.url:
                return
            self.number += 1
            event = "sales.order.updated" if kind == "order" else "customer.updated"
            body = msgspec.json.encode({"event": event, f"{kind}_id": key})
            if self.chance.random() < self.weather.drop:
                self.counts["dropped"] += 1
                return
            for _ in range(self._copies()):
                due = time.monotonic() + self.chance.random() * self.weather.shuffle_seconds
                hint = Hint(f"hint-{self.number}", event, body, due)
                (self.held if self.weather.hold else self.waiting).append(hint)
            self.changed.notify_all()

    def _copies(self) -> int:
        if self.chance.random() < self.weather.double:
            self.counts["doubled"] += 1
            return 2
        return 1

    def release(self, order: Release, seed: int | None = None) -> bool:
        """Let go what is held, in that order, and wait until it is out; False when that took too long."""
        with self.changed:
            freed, self.held = self.held, []
            match order:
                case "reversed":
                    freed.reverse()
                case "shuffled":
                    random.Random(seed).shuffle(freed)  # noqa: S311 - no secret hangs on it
                case "given":
                    pass
            self.waiting += [msgspec.structs.replace(hint, due=0.0) for hint in freed]
            self.changed.notify_all()
        return self.settle()

    def settle(self, seconds: float = 60) -> bool:
        """Wait until nothing is on its way; False when that took too long."""
        with self.changed:
            return self.changed.wait_for(lambda: not self.waiting and not self.busy, seconds)

    def tally(self) -> dict[str, int]:
        with self.changed:
            return {**self.counts, "waiting": len(self.waiting) + len(self.held) + self.busy}

    def close(self) -> None:
        with self.changed:
            self.open = False
            self.changed.notify_all()

    def _work(self) -> None:
        line = requests.Session()
        line.trust_env = False
        while (hint := self._next()) is not None:
            good = self._sent(line, hint)
            with self.changed:
                self.counts["sent" if good else "failed"] += 1
                self.busy -= 1
                self.changed.notify_all()

    def _next(self) -> Hint | None:
        with self.changed:
            while self.open:
                now = time.monotonic()
                ready = next((hint for hint in self.waiting if hint.due <= now), None)
                if ready is not None:
                    self.waiting.remove(ready)
                    self.busy += 1
                    return ready
                self.changed.wait(min((hint.due - now for hint in self.waiting), default=60))
        return None

    def _sent(self, line: requests.Session, hint: Hint) -> bool:
        signature = hmac.new(self.secret.encode(), hint.body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "x-magento-signature": signature,
            "x-magento-event": hint.event,
            "x-magento-delivery-id": hint.id,
        }
        for attempt in range(TRIES):
            try:
                answer = line.post(self.url, hint.body, headers=headers, timeout=5, allow_redirects=False)
            except requests.RequestException:
                answer = None
            if answer is not None and answer.status_code < 300:
                return True
            time.sleep(0.2 * 2**attempt)
        return False
