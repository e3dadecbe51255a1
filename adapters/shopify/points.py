"""A shop's points as all lines of this process know them: what the shop stated last, less what is under way.

Every line sees only its own answers; two that go by them alone would spend the same points twice. Who reads history in the
background leaves half of the bucket to live work, but not for ever.
"""

import threading
from datetime import datetime, timedelta

from adapters.shopify.answers import Bucket, ThrottleStatus
from connector.port import Pace

SHARE = 0.5  # of the bucket that the background leaves alone
STARVED = timedelta(seconds=30)  # after which the background goes like anybody else


class Points:
    """One shop's bucket. Shared by its lines, never between shops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bucket: Bucket | None = None
        self._under_way = 0.0
        self._costs: dict[str, int] = {}

    def cost(self, document: str) -> int:
        """Return what this document cost last time; nothing where it was never sent."""
        return self._costs.get(document, 0)

    def take(self, points: float, pace: Pace, now: datetime, waited: timedelta) -> timedelta:
        """Take points for a call and return no time; or take none, and return how long to wait before asking again."""
        with self._lock:
            wait = timedelta(0)
            if self._bucket is not None:
                wait = self._bucket.wait_for(self._wanted(points, pace, waited), now)
            if wait <= timedelta(0):
                self._under_way += points
            return wait

    def give_back(self, points: float) -> None:
        """Note that the call has ended, whatever came of it: the shop states what is left, or it was never spent."""
        with self._lock:
            self._under_way = max(0.0, self._under_way - points)

    def stated(self, document: str, cost: int, status: ThrottleStatus | None, now: datetime) -> None:
        """Note what an answer says of its cost and of the bucket."""
        with self._lock:
            self._costs[document] = cost
            if status is not None:
                self._bucket = Bucket.of(status, now)

    def _wanted(self, points: float, pace: Pace, waited: timedelta) -> float:
        assert self._bucket is not None
        wanted = self._under_way + points
        if pace == "backfill" and waited < STARVED:
            wanted += SHARE * self._bucket.maximum
        return wanted


class Shops:
    """The points of every shop that this process talks with."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Points] = {}

    def of(self, shop: str) -> Points:
        """Return the shop's points, the same for all its lines."""
        with self._lock:
            return self._known.setdefault(shop, Points())
