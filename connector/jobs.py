"""The queue's tasks, and the worker that runs them. A job only says where to look; our tables are the truth."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from psycopg import AsyncConnection

from connector import rounds, trail
from connector.house import House
from connector.places import AT_ONCE, FULL_AT_ONCE, GRACE, Drains, Places
from connector.pulse import Pulse
from connector.rounds.upkeep import sweep, tidy
from connector.store import queue, runs
from connector.store.health import GONE

DRAINS = 1  # that compute: a second one would only wait here, while another worker may be free
AT_MOST = 1000  # deliveries of one shop, about a second, before it is another shop's turn
TRY_AGAIN = 2.0  # seconds until a worker whose database went away looks for it again
COME_BACK = timedelta(seconds=5)  # for who found no place
SWEEP = "* * * * * */15"  # the sixth field is seconds
STALLED = 60.0  # seconds without a sign of life; well above the ten-second heartbeat

_log = structlog.get_logger()


def run_worker(house: House, stop: threading.Event) -> None:
    """Work until `stop` is set; what has begun is brought to a good end. A database that goes away is waited for."""
    pulse = Pulse(house, "worker")
    while not stop.is_set():
        try:
            with house.database.alone(pulse.lock, 0):
                asyncio.run(_work(house, stop, pulse))
            if not stop.is_set():
                _log.warning("the worker ended by itself; it begins again")
                stop.wait(TRY_AGAIN)
        except (ConnectorException, *GONE) as error:
            _log.warning("the database is away", error=type(error).__name__)
            stop.wait(TRY_AGAIN)
    pulse.stop()


async def _work(house: House, stop: threading.Event, pulse: Pulse) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(AT_ONCE + FULL_AT_ONCE + 4, "job"))
    drains = Drains()
    app = _app(house, stop, drains)
    others = sorted({task.queue for task in app.tasks.values()} - {"apply", queue.FULL})
    async with app.open_async():
        sweep(house)
        running = {
            asyncio.create_task(_run(app, ["apply"], DRAINS)),
            asyncio.create_task(_run(app, others, AT_ONCE)),
            asyncio.create_task(_run(app, [queue.FULL], FULL_AT_ONCE)),
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
        shutdown_graceful_timeout=GRACE,
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

    @app.task(name="learn", queue="learn")
    @trail.numbered
    def learn(merchant_id: int, shop_id: int, name: str) -> None:
        rounds.learn(house, merchant_id, shop_id, name)

    @app.task(name="look_again", queue="look_again")
    @trail.numbered
    def look_again(merchant_id: int, shop_id: int) -> None:
        rounds.look_again(house, merchant_id, shop_id, stop)

    @app.task(name="reconcile", queue="reconcile")
    @trail.numbered
    def reconcile(merchant_id: int, shop_id: int, kind: runs.RunKind) -> None:
        with places.take(shop_id) as free:
            if free:
                rounds.reconcile(house, merchant_id, shop_id, kind, stop)
            else:
                come_back(house, merchant_id, shop_id, kind)

    @app.task(name=queue.FULL, queue=queue.FULL)
    @trail.numbered
    def reconcile_full(merchant_id: int, shop_id: int, kind: runs.RunKind) -> None:
        # Of a shop there is one at a time (rounds.reconcile), and it takes none of the shop's places while it waits.
        rounds.reconcile(house, merchant_id, shop_id, kind, stop)

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


def come_back(house: House, merchant_id: int, shop_id: int, kind: runs.RunKind) -> None:
    """Have the shop read a little later: who asked knows of something new, and the sweep does not."""
    with house.database.merchant(merchant_id) as tx:
        queue.reconcile(tx.connection, merchant_id, shop_id, kind, house.now() + COME_BACK)


def subscribe_later(house: House, merchant_id: int, shop_id: int) -> None:
    """Have the shop told where to send its webhooks, a little later."""
    with house.database.merchant(merchant_id) as tx:
        queue.subscribe(tx.connection, merchant_id, shop_id, house.now() + COME_BACK)


async def _bury_stalled(app: App) -> None:
    """Forget jobs of workers that were killed. Nothing is lost: the sweep has just woken a new one where there is work."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
        await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
