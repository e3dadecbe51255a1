"""The road: from a message that lies in the inbox to the member settled, with one worker and with two."""

from __future__ import annotations

import multiprocessing
import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from typing import Any

import msgspec
import psycopg

from bench import meter, stories
from bench.figures import Aim, Figure, Ratio, Size, shown
from bench.ground import Ground, house, now, start_programme, welcome
from bench.meter import Spread
from connector import jobs
from connector.flow import applying, asking
from connector.flow.desk import Desk
from connector.house import House
from connector.port import Delivery
from connector.rounds import messages
from connector.store import inbox, intake, queue, shops
from connector.store.shops import Shop

AIM = Aim(0.9, at_least=True)
_BATCH = messages.BATCH
_WARM = 20
_HOW = (
    "`orders/create` messages of a real shop's history wait in the inboxes of {shops} shops of different"
    " merchants; customers are known,"
    " the programme runs. Both sides have applied {warm} messages of each shop when the clock starts. Counted is the time"
    " until the last one is applied and its member settled, all written. Plain is a loop that takes"
    " {batch} rows of one shop with `FOR UPDATE SKIP LOCKED` and calls the same flow functions in one"
    " transaction: no queue, no jobs, no"
    " looking ahead at what must be asked, no second look at what came meanwhile. Both end with the same points (checked)."
)
_TAKE = """
SELECT id FROM inbox WHERE merchant_id = %s AND shop_id = %s AND state = 'waiting'
ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
_SOME = """
UPDATE inbox SET state = 'waiting' FROM (
  SELECT id, row_number() OVER (PARTITION BY shop_id ORDER BY id) AS place FROM inbox
) there
WHERE inbox.id = there.id AND place <= %s
"""


class Crew(msgspec.Struct, frozen=True):
    """Processes that wait for `go`."""

    go: Event
    processes: list[SpawnProcess]

    @property
    def alive(self) -> bool:
        return all(process.is_alive() for process in self.processes)

    def used(self) -> float:
        """Seconds of processor time so far."""
        return sum(meter.of_process(process.pid or 0) for process in self.processes)


def measure(ground: Ground, size: Size) -> Figure:
    """Compare workers with plain drains, one and two of each."""
    shop_count, each = size.pick(6, 2), _WARM + size.pick(1500, 10)
    origin = _filled(ground, shop_count, each)
    events, rounds = shop_count * (each - _WARM), size.pick(5, 1)
    ratios, rows, points = [], [], set[int]()
    rates: dict[tuple[str, int], tuple[float, ...]] = {}
    counts = (1,) if size.quick else (1, 2)
    for count in counts:
        ours, theirs = list[float](), list[float]()
        runs = [
            partial(_run, ground, origin, work, count, events, points, kept)
            for work, kept in ((_work, ours), (_drain, theirs))
        ]
        rates["Comeback", count], rates["plain", count] = meter.alternate(rounds, *runs)
        name = f"the road with {'one worker' if count == 1 else 'two workers'}: events per second against a plain drain"
        ratios.append(Ratio(name, meter.ratios(rates["Comeback", count], rates["plain", count]), AIM))
        rows += [
            (f"{who}, {count} of them: processor time of an event, ms", shown(Spread.of(kept)))
            for who, kept in (("Comeback", ours), ("plain", theirs))
        ]
    assert len(points) == 1, f"the two sides booked different points: {points}"
    for (name, count), rate in rates.items():
        rows.append((f"{name}, {count} of them: events per second", shown(Spread.of(rate), 0)))
    for name in ("Comeback", "plain") if 2 in counts else ():
        gain = meter.ratios(rates[name, 2], rates[name, 1])
        rows.append((f"{name}: two against one", shown(gain)))
    rows.append(("events per round and side", f"{events:,}"))
    return Figure(
        "The road", _HOW.format(shops=shop_count, batch=_BATCH, warm=_WARM), tuple(ratios), tuple(rows)
    )


def _filled(ground: Ground, shop_count: int, each: int) -> str:
    """A database to copy: shops with customers, a programme and messages that nobody may apply yet."""
    database = ground.database()
    with house(ground.env(database)) as opened:
        for number in range(1, shop_count + 1):
            shop = welcome(opened, number)
            start_programme(opened, shop.merchant_id)
            with opened.database.merchant(shop.merchant_id) as tx:
                intake.take_customers(tx, shop.id, stories.customers(), now())
                # Nothing goes out: there is no shop to push to.
                shops.needs_reconnect(tx, shop.id)
                for place, body in enumerate(stories.orders(each)):
                    inbox.keep(
                        tx,
                        shop.id,
                        Delivery(str(uuid.UUID(int=place)), "orders/create", body),
                        "found",
                        now(),
                    )
    with ground.owner(database) as connection:
        connection.execute("UPDATE inbox SET way = 'webhook', state = 'held'")
        connection.execute("DELETE FROM procrastinate_jobs")
        connection.execute("UPDATE members SET due_at = NULL")
        connection.execute("VACUUM ANALYZE")
    return database


def _run(
    ground: Ground,
    origin: str,
    work: Callable[..., None],
    count: int,
    events: int,
    points: set[int],
    costs: list[float],
) -> float:
    """Let so many processes drain a copy; return events per second."""
    with _copy(ground, origin) as database, ground.owner(database) as watch:
        with _processes(work, count, ground.env(database)) as crew:
            _wait_for(watch, crew, "SELECT (SELECT count(*) FROM bench_ready) = %s", count)
            crew.go.set()
            # What a process learns once (plans, connections, code) is the footprint's figure, not the road's.
            watch.execute(_SOME, (_WARM,))
            _drained(ground.env(database), watch, crew)
            watch.execute("UPDATE inbox SET state = 'waiting' WHERE state = 'held'")
            used = crew.used() + meter.of_postgres(ground.server)
            begun = time.perf_counter()
            _drained(ground.env(database), watch, crew)
            took = time.perf_counter() - begun
            used = crew.used() + meter.of_postgres(ground.server) - used
        row = watch.execute("SELECT coalesce(sum(points), 0)::bigint FROM entries").fetchone()
        assert row is not None
        points.add(int(str(row[0])))
    costs.append(used * 1000 / events)
    return events / took


@contextmanager
def _copy(ground: Ground, origin: str) -> Iterator[str]:
    name = ground.copy(origin)
    with ground.owner(name) as connection:
        connection.execute("CREATE TABLE bench_ready (at timestamptz)")
        connection.execute("GRANT INSERT ON bench_ready TO PUBLIC")
    try:
        yield name
    finally:
        ground.drop(name)


@contextmanager
def _processes(work: Callable[..., None], count: int, env: dict[str, str]) -> Iterator[Crew]:
    context = multiprocessing.get_context("spawn")
    go, stop = context.Event(), context.Event()
    processes = [context.Process(target=work, args=(env, go, stop)) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        yield Crew(go, processes)
    finally:
        stop.set()
        for process in processes:
            process.join(20)
            if process.is_alive():
                process.kill()
                process.join()


def _work(env: dict[str, str], go: Event, stop: Any) -> None:
    """A worker, as `comeback worker` runs it."""
    with house(env) as opened:
        _ready(opened)
        jobs.run_worker(opened, stop)


def _drain(env: dict[str, str], go: Event, stop: Event) -> None:
    """The plain side."""
    with house(env) as opened:
        with opened.database.everyone() as connection:
            there = list(shops.everywhere(connection))
        _ready(opened)
        go.wait()
        while not stop.is_set():
            # Each drain begins elsewhere; whoever comes second to a shop finds its rows locked and takes the next.
            random.shuffle(there)
            if sum(_drain_some(opened, shop) for shop in there) == 0:
                time.sleep(0.005)


def _drain_some(house: House, shop: Shop) -> int:
    """Apply a batch of one shop's messages, in one transaction; return how many."""
    with house.database.merchant(shop.merchant_id) as tx:
        words = (shop.merchant_id, shop.id, _BATCH)
        taken = set(tx.connection.exec_driver_sql(_TAKE, words).scalars())
        if taken:
            # The other drain may hold as many before ours.
            waiting = inbox.waiting(tx, shop.id, now(), 2 * _BATCH)
            reads = [applying.read(house.platforms[shop.platform], one) for one in waiting if one.id in taken]
            applying.apply(Desk(tx, shop.id, now()), shop, reads, asking.Fetched())
    return len(taken)


def _ready(house: House) -> None:
    with house.database.everyone() as connection:
        connection.exec_driver_sql("INSERT INTO bench_ready VALUES (now())")


def _drained(env: dict[str, str], watch: psycopg.Connection[Any], crew: Crew) -> None:
    """Enqueue a drain for every shop, as its first webhook would, and wait until nothing waits."""
    with house(env) as opened, opened.database.everyone() as connection:
        for merchant_id, shop_id in watch.execute("SELECT merchant_id, id FROM shops").fetchall():
            queue.apply(connection, merchant_id, shop_id)
    _wait_for(watch, crew, "SELECT NOT EXISTS (SELECT FROM inbox WHERE state = 'waiting')")


def _wait_for(watch: psycopg.Connection[Any], crew: Crew, question: str, *words: int) -> None:
    until = time.monotonic() + 300
    while True:
        row = watch.execute(question.encode(), words or None).fetchone()
        if row is not None and row[0]:
            return
        assert crew.alive, "a process that should work has ended"
        assert time.monotonic() < until, f"not within five minutes: {question}"
        time.sleep(0.02)
