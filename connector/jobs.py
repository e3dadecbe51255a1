"""The queue's tasks, and the worker that runs them. A job only says where to look; our tables are the truth."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from psycopg import AsyncConnection

from connector import rounds, trail, turn
from connector.flow import clearing
from connector.house import House
from connector.pulse import Pulse
from connector.store import inbox, outbox, people, queue, rates, runs, shops, visits
from connector.store.database import Connection
from connector.store.health import GONE

AT_ONCE = 24  # jobs side by side in one worker; most of them wait for a shop's answer
DRAINS = 1  # that compute: a second one would only wait here, while another worker may be free
AT_ONCE_PER_SHOP = (
    2  # of those that read it, write to it or set up its webhooks: one that hangs must not take every place
)
LONG = 5.0  # seconds after which a drain that is not through counts as one that waits, whatever for
AT_MOST = 1000  # deliveries of one shop, about a second, before it is another shop's turn
TRY_AGAIN = 2.0  # seconds until a worker whose database went away looks for it again
COME_BACK = timedelta(seconds=5)  # for who found no place
SWEEP = "* * * * * */15"  # the sixth field is seconds
WINDOW_EVERY = timedelta(minutes=15)
POLL_EVERY = timedelta(seconds=30)
NIGHT = 3  # the hour, on the shop's own clock, at which all of it is read again
FULL_AT_NIGHT = timedelta(hours=20)  # so long after the last time, when it is night
FULL_AT_LATEST = timedelta(hours=36)  # and whatever the hour, where nobody worked at night
KEEP_BODIES = timedelta(days=7)
KEEP_ROWS = timedelta(days=35)  # longer than any shop repeats a message
KEEP_WINDOWS = timedelta(days=2)
STALLED = 60.0  # seconds without a sign of life; well above the ten-second heartbeat

_GRACE = 30.0  # seconds for what has begun to come to a good end

_log = structlog.get_logger()


def run_worker(house: House, stop: threading.Event) -> None:
    """Work until `stop` is set; what has begun is brought to a good end. A database that goes away is waited for."""
    pulse = Pulse(house, "worker")
    while not stop.is_set():
        try:
            asyncio.run(_work(house, stop, pulse))
            if not stop.is_set():
                _log.warning("the worker ended by itself; it begins again")
                stop.wait(TRY_AGAIN)
        except (ConnectorException, *GONE) as error:
            _log.warning("the database is away", error=type(error).__name__)
            stop.wait(TRY_AGAIN)
    pulse.stop()


async def _work(house: House, stop: threading.Event, pulse: Pulse) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(AT_ONCE + 4, "job"))
    drains = Drains()
    app = _app(house, stop, drains)
    others = sorted({task.queue for task in app.tasks.values()} - {"apply"})
    async with app.open_async():
        sweep(house)
        running = {
            asyncio.create_task(_run(app, ["apply"], DRAINS)),
            asyncio.create_task(_run(app, others, AT_ONCE)),
        }
        while not stop.is_set() and not any(one.done() for one in running):
            await asyncio.sleep(0.2)
            if pulse.due():
                await asyncio.to_thread(pulse.beat)
        for one in running:
            one.cancel()
        ends = await asyncio.gather(*running, return_exceptions=True)
        await drains.end()
        for error in ends:
            if isinstance(error, Exception):
                raise error
        _log.info("worker stopped")


async def _run(app: App, queues: list[str], at_once: int) -> None:
    await app.run_worker_async(
        queues=queues,
        concurrency=at_once,
        install_signal_handlers=False,
        delete_jobs="always",
        fetch_job_polling_interval=2.0,
        shutdown_graceful_timeout=_GRACE,
    )


def _app(house: House, stop: threading.Event, drains: Drains) -> App:
    conninfo = house.database_url.replace("postgresql+psycopg://", "postgresql://")
    app = App(connector=PsycopgConnector(conninfo=conninfo, min_size=1, max_size=4, configure=_at_once))

    @app.task(name="apply", queue="apply")
    async def apply(merchant_id: int, shop_id: int) -> None:
        await drains.run(trail.numbered(rounds.apply), house, merchant_id, shop_id, stop, AT_MOST)

    @app.task(name="settle", queue="settle")
    @trail.numbered
    def settle(merchant_id: int) -> None:
        rounds.settle(house, merchant_id, stop)

    places = Places()

    @app.task(name="push", queue="push")
    @trail.numbered
    def push(merchant_id: int, shop_id: int) -> None:
        with places.take(shop_id) as free:
            if free:
                rounds.push(house, merchant_id, shop_id, stop)

    @app.task(name="import_history", queue="import_history")
    @trail.numbered
    def import_history(merchant_id: int, shop_id: int) -> None:
        with places.take(shop_id) as free:
            if free:
                rounds.import_history(house, merchant_id, shop_id, stop)

    @app.task(name="subscribe", queue="subscribe")
    @trail.numbered
    def subscribe(merchant_id: int, shop_id: int) -> None:
        with places.take(shop_id) as free:
            if free:
                rounds.subscribe(house, merchant_id, shop_id)
            else:
                subscribe_later(house, merchant_id, shop_id)

    @app.task(name="keep_alive", queue="keep_alive")
    @trail.numbered
    def keep_alive(merchant_id: int, shop_id: int) -> None:
        rounds.keep_alive(house, merchant_id, shop_id)

    @app.task(name="reconcile", queue="reconcile")
    @trail.numbered
    def reconcile(merchant_id: int, shop_id: int, kind: runs.RunKind) -> None:
        with places.take(shop_id) as free:
            if free:
                rounds.reconcile(house, merchant_id, shop_id, kind, stop)
            else:
                come_back(house, merchant_id, shop_id, kind)

    @app.periodic(cron=SWEEP)
    @app.task(name="sweep", queue="sweep", queueing_lock="sweep")
    async def sweep_now(timestamp: int) -> None:
        await asyncio.to_thread(trail.numbered(sweep), house)
        await _bury_stalled(app)

    @app.periodic(cron="17 4 * * *")
    @app.task(name="tidy", queue="tidy", queueing_lock="tidy")
    @trail.numbered
    def tidy_now(timestamp: int) -> None:
        tidy(house)

    return app


async def _at_once(connection: AsyncConnection) -> None:
    """Let every statement be its own transaction: what is asked about a job is a single one, and so costs one round trip."""
    await connection.set_autocommit(True)


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
            await asyncio.wait(self._on, timeout=_GRACE)
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


def come_back(house: House, merchant_id: int, shop_id: int, kind: runs.RunKind) -> None:
    """Have the shop read a little later: who asked knows of something new, and the sweep does not."""
    with house.database.merchant(merchant_id) as tx:
        queue.reconcile(tx.connection, merchant_id, shop_id, kind, house.now() + COME_BACK)


def subscribe_later(house: House, merchant_id: int, shop_id: int) -> None:
    """Have the shop told where to send its webhooks, a little later."""
    with house.database.merchant(merchant_id) as tx:
        queue.subscribe(tx.connection, merchant_id, shop_id, house.now() + COME_BACK)


def sweep(house: House) -> None:
    """Look everywhere for work that nobody was woken for: a lost job must cost seconds, never a message."""
    now = house.now()
    with house.database.everyone() as connection:
        for merchant_id in people.merchants_due(connection, now):
            queue.settle(connection, merchant_id)
        for merchant_id, shop_id in inbox.shops_waiting(connection, now):
            queue.apply(connection, merchant_id, shop_id)
        for merchant_id, shop_id in outbox.shops_waiting(connection, now):
            queue.push(connection, merchant_id, shop_id)
        for shop in shops.everywhere(connection):
            if shop.state == "connected" and shop.alone_until(now) is None:
                _wake_shop(house, connection, shop)


def _wake_shop(house: House, connection: Connection, shop: shops.Shop) -> None:
    now = house.now()
    platform = house.platforms.get(shop.platform)
    if platform is None:
        return
    imported = runs.newest(connection, shop.merchant_id, shop.id, "import")
    if imported is None or imported.state != "done":
        if imported is not None and imported.state in ("waiting", "running"):
            queue.import_history(connection, shop.merchant_id, shop.id)
        return
    every = POLL_EVERY if platform.polled else WINDOW_EVERY
    if shop.seen_until is None or shop.seen_until + every <= now:
        queue.reconcile(connection, shop.merchant_id, shop.id, "window")
    full = runs.newest(connection, shop.merchant_id, shop.id, "full")
    if shop.restored_from is not None or wants_all((full or imported).started_at, shop.timezone, now):
        queue.reconcile(connection, shop.merchant_id, shop.id, "full")


def wants_all(last: datetime, zone: str, now: datetime) -> bool:
    """Tell whether a shop last read in full at `last` is to be read so again."""
    night = _clock(zone, now).hour == NIGHT
    return last + (FULL_AT_NIGHT if night else FULL_AT_LATEST) <= now


def _clock(zone: str, now: datetime) -> datetime:
    """Return the time on a shop's own clock; UTC where this machine does not know its zone (a shop names any)."""
    try:
        return now.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return now


def tidy(house: House) -> None:
    """Erase what is kept longer than anybody needs it; have every shop's subscriptions and our access to it looked over."""
    with house.database.everyone() as connection:
        for shop in shops.everywhere(connection):
            queue.subscribe(connection, shop.merchant_id, shop.id)
            queue.keep_alive(connection, shop.merchant_id, shop.id)
        rates.drop_old(connection, house.now())
    for merchant_id in house.merchants():
        with house.database.merchant(merchant_id) as tx:
            inbox.drop_old(tx, house.now(), KEEP_BODIES, KEEP_ROWS)
            outbox.drop_old(tx, house.now(), KEEP_ROWS)
            runs.drop_old(tx, house.now(), KEEP_WINDOWS)
            visits.drop_old(tx, house.now())
            for shop in shops.of_merchant(tx):
                if shop.state == "connected":
                    clearing.clear_away(tx, shop.id, house.now())


async def _bury_stalled(app: App) -> None:
    """Forget jobs of workers that were killed. Nothing is lost: the sweep has just woken a new one where there is work."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
        await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
