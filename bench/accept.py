"""Accepting a webhook: everything between the shop's request and the 200 that promises it is on disk."""

from __future__ import annotations

import http.client
import itertools
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from bench import meter, plain, stories
from bench.figures import ROOT, Aim, Figure, Ratio, Size, shown
from bench.ground import KEYS, Ground, house, welcome
from bench.meter import Spread
from connector.demo.ground import free_port

AIM = Aim(1.5)
_AT_ONCE = 4
_HOW = (
    "Signed `orders/create` messages of a real shop's history over HTTP, {at_once} connections at a"
    " time, to the server that the"
    " `Procfile` names (granian, one worker process); processor time of the web process and of"
    " PostgreSQL together. Plain is a bare"
    " Flask application on the same server and the same PostgreSQL: HMAC, one INSERT, commit"
    " (`bench/plain.py` says what it leaves"
    " out). Latency is what a sender sees, with fsync."
)


class Door:
    """A web process and the messages sent to it."""

    def __init__(self, name: str, port: int, process: subprocess.Popen[bytes], ground: Ground) -> None:
        self.name, self.port, self.process, self._ground = name, port, process, ground
        self.ours, self.postgres, self.latencies = list[float](), list[float](), list[float]()
        self._numbers = itertools.count()

    def round(self, bodies: Sequence[bytes]) -> float:
        """Send every body once; return milliseconds of processor time for each."""
        letters = [stories.letter("orders/create", body, next(self._numbers)) for body in bodies]
        ours, theirs = meter.of_process(self.process.pid), meter.of_postgres(self._ground.server)
        self.latencies += send(self.port, letters)
        self.ours.append((meter.of_process(self.process.pid) - ours) * 1000 / len(letters))
        self.postgres.append((meter.of_postgres(self._ground.server) - theirs) * 1000 / len(letters))
        return self.ours[-1] + self.postgres[-1]


def measure(ground: Ground, size: Size) -> Figure:
    """Compare the door with a bare application."""
    count = size.pick(1500, 60)
    bodies = list(itertools.islice(itertools.cycle(stories.order_bodies()), count))
    with doors(ground) as (ours, bare):
        for door in (ours, bare):
            door.round(bodies[:200])
            door.latencies.clear()
            door.ours.clear()
            door.postgres.clear()
        above, below = meter.alternate(size.rounds, lambda: ours.round(bodies), lambda: bare.round(bodies))
    rows = [row for door in (ours, bare) for row in _rows(door)]
    ratio = Ratio("accepting a webhook: processor time against bare Flask", meter.ratios(above, below), AIM)
    how = _HOW.format(at_once=_AT_ONCE)
    return Figure(
        "Accepting a webhook", how, (ratio,), (*rows, ("requests per round and side", f"{count:,}"))
    )


def _rows(door: Door) -> Iterator[tuple[str, str]]:
    kept = sorted(door.latencies)
    half, late = kept[len(kept) // 2] * 1000, kept[int(len(kept) * 0.99)] * 1000
    yield f"{door.name}: processor time of the web process, ms", shown(Spread.of(door.ours), 3)
    yield f"{door.name}: processor time of PostgreSQL, ms", shown(Spread.of(door.postgres), 3)
    yield f"{door.name}: latency p50 and p99, ms", f"{half:.1f} and {late:.1f}"


@contextmanager
def doors(ground: Ground) -> Iterator[tuple[Door, Door]]:
    """Comeback's door and the bare one, each served by granian from a process of its own."""
    database, empty = ground.database(), ground.bare()
    url = ground.env(empty)["DATABASE_OWNER_URL"].replace("+psycopg", "")
    with ground.owner(empty) as connection:
        connection.execute(plain.TABLE)
    port, bare_port = free_port(), free_port()
    env = ground.env(database, port)
    with house(env) as opened:
        welcome(opened)
    with (
        served("connector.app:create_app", port, env) as process,
        served("bench.plain:create_app", bare_port, ground.env(empty) | KEYS | {"PLAIN_URL": url}) as bare,
    ):
        yield Door("Comeback", port, process, ground), Door("plain", bare_port, bare, ground)


@contextmanager
def served(factory: str, port: int, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The application under granian, with one worker process."""
    options = (
        f"--interface wsgi --factory --host 127.0.0.1 --port {port} --workers 1 --workers-kill-timeout 5"
    )
    with tempfile.TemporaryFile() as log:
        command = [str(Path(sys.executable).with_name("granian")), *options.split(), factory]
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        try:
            _wait(port, process)
            yield process
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process with all its children."""
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()


def send(port: int, letters: Sequence[stories.Letter]) -> list[float]:
    """Send the letters over a few connections side by side; return the seconds until each answer."""
    waiting, took = iter(letters), list[float]()
    lock = threading.Lock()

    def sender() -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while True:
            with lock:
                letter = next(waiting, None)
            if letter is None:
                break
            begun = time.perf_counter()
            line.request("POST", "/webhooks/shopify", letter.body, letter.headers)
            answer = line.getresponse()
            answer.read()
            took.append(time.perf_counter() - begun)
            assert answer.status == 200, f"answered {answer.status}"
        line.close()

    senders = [threading.Thread(target=sender) for _ in range(_AT_ONCE)]
    for one in senders:
        one.start()
    for one in senders:
        one.join()
    assert len(took) == len(letters), "a message was not answered"
    return took


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        assert process.poll() is None, "the web server ended"
        assert time.monotonic() < until, "the web server does not answer"
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            line.request("GET", "/healthz")
            line.getresponse().read()
            line.close()
            return
        except OSError:
            time.sleep(0.1)
