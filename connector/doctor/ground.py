"""What Comeback stands on: the database and its clock, the disk, the workers, and what lies waiting."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta

from connector.doctor.findings import Finding, skew
from connector.house import House
from connector.store import gauges, health, shops, tallies

_SIGN = timedelta(seconds=12)  # a worker shows itself every ten
_OLD = timedelta(minutes=15)
_LEAST_DISK = 1024**3  # bytes
_MEGABYTE = 1024**2


def database(house: House) -> Iterator[Finding]:
    """Look at the database: its version, its size, its clock."""
    own = "Comeback's own PostgreSQL" if house.server else "the PostgreSQL of DATABASE_URL"
    with house.database.everyone() as connection:
        said = health.introduce(connection)
    size = f"{said.bytes // _MEGABYTE} MB"
    yield Finding(
        "database",
        "database",
        True,
        f"{own} answers: version {said.version}, {size}, as a role that sees one merchant at a time",
    )
    yield Finding("migrations", "tables", True, f"those of this version ({said.tables})")
    yield skew("clock", "database", said.now - house.now())


def disk(house: House) -> Iterator[Finding]:
    """Look at the disk, where the database is on it."""
    if house.server is None:
        return
    free = shutil.disk_usage(house.settings.home).free
    says = f"{free // _MEGABYTE} MB free where Comeback's own PostgreSQL keeps its files"
    if free < _LEAST_DISK:
        yield Finding(
            "disk",
            "disk",
            False,
            says,
            "Make room: a PostgreSQL whose disk is full stops, and webhooks are turned away.",
        )
    else:
        yield Finding("disk", "disk", True, says)


def workers(house: House) -> Iterator[Finding]:
    """Look for a sign of life of a worker."""
    with house.database.everyone() as connection:
        known = [one for one in tallies.alive(connection) if one.kind == "worker"]
        needed = any(shop.state == "connected" for shop in shops.everywhere(connection))
    running = [one for one in known if _runs(house, one)]
    seen = max((one.seen_at for one in running or known), default=None)
    start = "Start one: `comeback worker`, or `comeback serve`; it finds what lies waiting by itself."
    silent = int((house.now() - seen).total_seconds()) if seen is not None else 0
    if running:
        yield Finding("worker", "workers", True, f"{len(running)} running, last seen {silent} seconds ago")
    elif seen is not None:
        yield Finding("worker", "workers", False, f"none has been seen for {silent} seconds", start)
    elif needed:
        yield Finding("worker", "workers", False, "none runs, and shops are connected", start)
    else:
        yield Finding("worker", "workers", True, "none runs; none is needed before a shop is connected")


def _runs(house: House, worker: tallies.Process) -> bool:
    """Tell whether a worker that showed itself lately is there still: one that was killed holds its lock no more."""
    now = house.now()
    if not worker.runs(now) or now - worker.seen_at <= _SIGN:
        return worker.runs(now)
    with house.database.alone(worker.lock, 0) as free:
        return not free


def messages(house: House) -> Iterator[Finding]:
    """Look at what waits and what was put aside."""
    now = house.now()
    with house.database.everyone() as connection:
        found = gauges.read(connection, (), now)
    parked = found.parked_inbox + sum(found.parked_outbox.values())
    waits = found.inbox.count + found.outbox.count
    if parked:
        yield Finding(
            "parked",
            "put aside",
            False,
            f"{parked} messages or changes need a look",
            "The merchant's activity page says why, and tries them again.",
        )
    else:
        yield Finding("parked", "put aside", True, "nothing")
    oldest = min((one.since for one in (found.inbox, found.outbox) if one.since), default=None)
    if oldest is not None and now - oldest > _OLD:
        minutes = int((now - oldest) / timedelta(minutes=1))
        yield Finding(
            "waiting",
            "waiting",
            False,
            f"{waits} messages or changes wait, the oldest for {minutes} minutes",
            "Is a worker running, and do the shops below answer? More workers help when it is the number.",
        )
    else:
        yield Finding("waiting", "waiting", True, f"{waits} messages or changes" if waits else "nothing")
