"""The post office: news of the shop go out as its kind of sender sends them; Magento Open Source itself sends nothing.

Messages may be held, dropped, doubled and shuffled on order. One that is not answered with 2xx is tried again as often
as its sender does, and then counted as failed. Those that are sent while the shopper waits are sent once, at once, and
the shop waits for them.
"""

import random
import secrets
import threading
import time
from typing import Literal

import msgspec
import requests

from adapters.magento.sandbox import events, own_module, shop
from adapters.magento.sandbox.hints import senders, subscribed
from adapters.magento.sandbox.hints.senders import News

Release = Literal["given", "shuffled", "reversed"]
PATIENCE = 5  # seconds


class Weather(msgspec.Struct, frozen=True):
    """How bad the road is: chances between 0 and 1, seconds, and whether messages wait until they are released."""

    seed: int | None = None
    drop: float = 0
    double: float = 0
    shuffle_seconds: float = 0
    hold: bool = False


class Hint(msgspec.Struct, frozen=True):
    """One message that is to go out; a doubled one is about the same news. `to`: whoever subscribed to what happened."""

    news: News
    due: float
    to: subscribed.Outlet | subscribed.Own | None = None


class Hints:
    """The post office of one shop."""

    def __init__(self, where: "shop.Shop") -> None:
        self.shop = where
        self.changed = threading.Condition()
        self.url = ""
        self.secret = ""
        self.kind: senders.Kind = "module"
        self.weather = Weather()
        self.chance = random.Random()  # noqa: S311 - no secret hangs on it
        self.waiting: list[Hint] = []
        self.held: list[Hint] = []
        self.busy = 0
        self.slowest = 0.0  # seconds that a shopper had to wait for the app
        self.counts = dict.fromkeys(("sent", "dropped", "doubled", "failed"), 0)
        self.open = True
        self.thread: threading.Thread | None = None

    def send_to(self, url: str, secret: str, kind: senders.Kind = "module") -> None:
        """Send messages to this address from now on; an empty one stops them."""
        with self.changed:
            self.url, self.secret, self.kind = url, secret, kind
            self._begin()

    def _begin(self) -> None:
        if self.thread is None:
            self.thread = threading.Thread(target=self._work, name="hints", daemon=True)
            self.thread.start()

    def suffer(self, weather: Weather) -> None:
        with self.changed:
            self.weather = weather
            if weather.seed is not None:
                self.chance.seed(weather.seed)

    def note(self, row: shop.Kind, key: int) -> None:
        """Hear that a row changed; a watcher of the shop."""
        with self.changed:
            for event, one in events.happened(self.shop, row, key):
                self._begin()
                self._queue(News(secrets.token_hex(16), row, key), subscribed.Outlet(event, one))
            table = self.shop.orders if row == "order" else self.shop.customers
            news = News(secrets.token_hex(16), row, key, gone=table.get(key) is None)
            address, secret = own_module.settings(self.shop)
            if address:
                self._begin()
                self._queue(news, subscribed.Own(address, secret))
            if not self.url:
                return
            at_once = self.kind in senders.WAITED_FOR and not self.weather.hold
            if not at_once:
                self._queue(news)
                return
            if self._dropped():
                return
        self._while_the_shopper_waits(news)

    def _queue(self, news: News, to: subscribed.Outlet | subscribed.Own | None = None) -> None:
        if self._dropped():
            return
        for _ in range(self._copies()):
            due = time.monotonic() + self.chance.random() * self.weather.shuffle_seconds
            (self.held if self.weather.hold else self.waiting).append(Hint(news, due, to))
        self.changed.notify_all()

    def _dropped(self) -> bool:
        if self.chance.random() < self.weather.drop:
            self.counts["dropped"] += 1
            return True
        return False

    def _copies(self) -> int:
        if self.chance.random() < self.weather.double:
            self.counts["doubled"] += 1
            return 2
        return 1

    def _while_the_shopper_waits(self, news: News) -> None:
        begun = time.monotonic()
        good = self._sent(_line(), Hint(news, 0))
        with self.changed:
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.counts["sent" if good else "failed"] += 1

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
            slowest = int(self.slowest * 1000)
            waiting = len(self.waiting) + len(self.held) + self.busy
            return {**self.counts, "waiting": waiting, "slowest_ms": slowest}

    def close(self) -> None:
        with self.changed:
            self.open = False
            self.changed.notify_all()

    def _work(self) -> None:
        line = _line()
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
        """Send it as often as its sender tries; what the sender has nothing to say of is as good as sent."""
        kind = self._kind(hint)
        for attempt in range(senders.TRIES[kind]):
            url, letter = self._written(hint)
            if letter is None or _delivered(line, url, letter):
                return True
            if attempt + 1 < senders.TRIES[kind]:
                time.sleep(min(0.2 * 2**attempt, 2))
        return False

    def _kind(self, hint: Hint) -> senders.Kind:
        match hint.to:
            case None:
                return self.kind
            case subscribed.Own():
                return "module"
            case subscribed.Outlet():
                return "async_events"

    def _written(self, hint: Hint) -> tuple[str, senders.Letter | None]:
        match hint.to:
            case None:
                return self.url, senders.write(self.kind, self.shop, hint.news, self.secret)
            case subscribed.Own(address, secret):
                return address, senders.write("module", self.shop, hint.news, secret)
            case subscribed.Outlet(to=to) as outlet:
                return to.recipient_url, subscribed.write(self.shop, outlet, hint.news.nonce)


def _line() -> requests.Session:
    line = requests.Session()
    line.trust_env = False
    return line


def _delivered(line: requests.Session, url: str, letter: senders.Letter) -> bool:
    headers = {"Content-Type": "application/json", **letter.headers}
    try:
        answer = line.post(
            url + letter.question, letter.body, headers=headers, timeout=PATIENCE, allow_redirects=False
        )
    except requests.RequestException:
        return False
    return answer.status_code < 300
