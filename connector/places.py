"""Places: how the work of many shops shares one worker, so that none that hangs keeps the others from their turn."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import Any

import structlog

from connector import turn

AT_ONCE = 24  # jobs side by side in one worker; most of them wait for a shop's answer
FULL_AT_ONCE = (
    AT_ONCE // 4
)  # further ones that read a shop from end to end: each may wait for hours until the shop is ready
AT_ONCE_PER_SHOP = (
    2  # of those that read it, write to it or set up its webhooks: one that hangs must not take every place
)
LONG = 5.0  # seconds after which a drain that is not through counts as one that waits, whatever for
GRACE = 30.0  # seconds for what has begun to come to a good end

_log = structlog.get_logger()


class Drains:
    """The inboxes that are being drained. For the queue a drain is over when it is through, or when it waits for its shop
    or for anything else: one that gets no answer must not keep the others from their turn. Then it goes on by itself, and
    should the process end meanwhile, the sweep finds what it left.
    """

    def __init__(self) -> None:
        # Threads of their own: however many shops keep silent, there is one for every push and every import.
        self._threads = ThreadPoolExecutor(AT_ONCE, "drain")
        self._on: set[asyncio.Future[Any]] = set()

    async def run(self, drain: Callable[..., Any], *words: object) -> None:
        """Begin a drain in a thread; return when it is through or waits."""
        loop, waits = asyncio.get_running_loop(), asyncio.Event()

        def aside() -> None:
            # A shop may answer when nobody here listens any more.
            if not loop.is_closed():
                loop.call_soon_threadsafe(waits.set)

        turn.tell_when_aside(aside)
        task: asyncio.Future[Any] = loop.run_in_executor(
            self._threads, copy_context().run, partial(drain, *words)
        )
        self._on.add(task)
        task.add_done_callback(self._on.discard)
        waiting = asyncio.create_task(waits.wait())
        await asyncio.wait({task, waiting}, timeout=LONG, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if task.done():
            task.result()
        else:
            task.add_done_callback(_told)

    async def end(self) -> None:
        """Wait for those that go on by themselves."""
        if self._on:
            await asyncio.wait(self._on, timeout=GRACE)
        self._threads.shutdown(wait=False, cancel_futures=True)


def _told(drain: asyncio.Future[Any]) -> None:
    if not drain.cancelled() and (error := drain.exception()) is not None:
        _log.error("a drain broke off", exc_info=error)


class Places:
    """How many jobs of this worker talk with each shop. Whoever finds no place goes, and comes back."""

    def __init__(self) -> None:
        self._taken: Counter[int] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def take(self, shop_id: int) -> Iterator[bool]:
        """Yield whether there is a place for one more."""
        with self._lock:
            free = self._taken[shop_id] < AT_ONCE_PER_SHOP
            self._taken[shop_id] += free
        try:
            yield free
        finally:
            with self._lock:
                self._taken[shop_id] -= free
