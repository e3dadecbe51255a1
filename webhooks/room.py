"""Whether there is room for another message: looked at every few seconds, so that a storm pays for it no more often."""

from __future__ import annotations

import shutil
import threading
from datetime import datetime, timedelta

from connector.house import House
from connector.store import inbox, queue

LOOK_EVERY = timedelta(seconds=5)
LEAST_FREE = (
    5  # per cent of the disk under our own PostgreSQL; below it PostgreSQL keeps what is left for itself
)


class Room:
    """What was seen the last time, for one process."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._lock = threading.Lock()
        self._looked_at: datetime | None = None
        self._problem: str | None = None

    def problem(self) -> str | None:
        """Return why no message can be taken now, with what to do; None while there is room. Raises health.GONE."""
        now = self._house.now()
        with self._lock:
            if self._looked_at is None or not now - LOOK_EVERY < self._looked_at <= now:
                self._problem = _disk(self._house) or _inbox(self._house)
                self._looked_at = now
            return self._problem


def _disk(house: House) -> str | None:
    if house.server is None:
        return None
    disk = shutil.disk_usage(house.server.folder)
    if disk.free * 100 >= disk.total * LEAST_FREE:
        return None
    return f"Less than {LEAST_FREE} % of the disk under {house.server.folder} is free; make room there."


def _inbox(house: House) -> str | None:
    limit = house.settings.inbox_limit
    with house.database.everyone() as connection:
        queue.hurry(connection)
        if not inbox.more_wait_than(connection, limit):
            return None
    return f"More than {limit} messages wait to be applied; look whether the workers run, or set INBOX_LIMIT."
