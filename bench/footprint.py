"""What an installation takes when nothing happens: memory, the time to start, the room on disk."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import requests

from bench import meter
from bench.accept import end, served
from bench.figures import ROOT, Figure, Ratio, Size, shown
from bench.ground import Ground
from bench.meter import Spread
from connector.demo.ground import free_port

_HOW = (
    "Each started anew on an empty house, and looked at when it answers (the web) or has its first"
    " connection to the queue (the worker)."
    " Memory is what ending the process would give back (USS), with its children. Start-up is until"
    " then, held against a Python that only"
    " imports Flask, SQLAlchemy and psycopg."
)


def measure(ground: Ground, size: Size) -> Figure:
    """Start each kind of process and look at it."""
    database = ground.database()
    sides: dict[str, Callable[[], tuple[float, float]]] = {
        "web (comeback web)": partial(_web, ground, database),
        "web (granian, one worker process)": partial(_granian, ground, database),
        "worker": partial(_worker, ground, database),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    bare: list[float] = []
    for _ in range(size.pick(5, 1)):
        for name, start in sides.items():
            found[name].append(start())
        bare.append(_imports())
    rows = [
        (f"{name}: memory, MB", shown(Spread.of(one for one, _ in kept), 0)) for name, kept in found.items()
    ]
    rows += [
        (f"{name}: seconds to start", shown(Spread.of(one for _, one in kept)))
        for name, kept in found.items()
    ]
    starts = [seconds for _, seconds in found["web (comeback web)"]]
    rows.append(
        (
            "installed, MB: all libraries, a whole PostgreSQL among them",
            f"{_room(Path(sysconfig.get_path('purelib'))):.0f}",
        )
    )
    own = sum(_room(ROOT / name) for name in ("connector", "adapters", "webhooks"))
    rows.append(("installed, MB: Comeback itself, sandboxes and demo histories included", f"{own:.1f}"))
    ratio = Ratio(
        "starting the web: time against importing Flask, SQLAlchemy and psycopg alone",
        meter.ratios(starts, bare),
    )
    return Figure("Footprint", _HOW, (ratio,), tuple(rows))


def _web(ground: Ground, database: str) -> tuple[float, float]:
    port = free_port()
    command = [sys.executable, "-m", "connector.cli", "web", "--port", str(port)]
    return _started(command, ground.env(database, port), lambda: _answers(port))


def _granian(ground: Ground, database: str) -> tuple[float, float]:
    port, begun = free_port(), time.monotonic()
    with served("connector.app:create_app", port, ground.env(database, port)) as process:
        took = time.monotonic() - begun
        return meter.memory(process.pid), took


def _worker(ground: Ground, database: str) -> tuple[float, float]:
    with ground.owner(database) as watch:
        watch.execute("DELETE FROM procrastinate_workers")

        def ready() -> bool:
            row = watch.execute("SELECT EXISTS (SELECT FROM procrastinate_workers)").fetchone()
            return bool(row and row[0])

        return _started([sys.executable, "-m", "connector.cli", "worker"], ground.env(database), ready)


def _started(command: list[str], env: dict[str, str], ready: Callable[[], bool]) -> tuple[float, float]:
    """Start it, wait until it is ready, end it; return megabytes and seconds."""
    begun = time.monotonic()
    process = subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not ready():
            assert process.poll() is None, f"{command} ended"
            time.sleep(0.02)
        return meter.memory(process.pid), time.monotonic() - begun
    finally:
        end(process)


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def _imports() -> float:
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", "import flask, sqlalchemy, psycopg"], check=True)
    return time.monotonic() - begun


def _room(folder: Path) -> float:
    """Megabytes of the files below a folder."""
    return (
        sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        / 1e6
    )
