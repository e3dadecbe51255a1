"""Counting what work costs: processor time of processes, and how samples of it spread."""

from __future__ import annotations

import gc
import math
import multiprocessing
import re
import resource
import statistics
from collections.abc import Callable, Iterable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec
import psutil

from connector.store.postgres import Server

_MEGABYTE = 1024 * 1024


class Spread(msgspec.Struct, frozen=True):
    """Samples of one thing: their median, and the smallest and largest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: Iterable[float]) -> Spread:
        """Return the spread of at least one sample."""
        kept = sorted(samples)
        return cls(statistics.median(kept), kept[0], kept[-1])


class Cost(msgspec.Struct, frozen=True):
    """Seconds of processor time: in our own processes, and in PostgreSQL's."""

    ours: float
    postgres: float

    @property
    def whole(self) -> float:
        return self.ours + self.postgres

    def each(self, count: int) -> float:
        """Milliseconds for one of so many."""
        return self.whole * 1000 / count


def here() -> float:
    """Seconds of processor time that this process has used so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def of_process(root: int) -> float:
    """Seconds of processor time of a process and all its children so far."""
    try:
        process = psutil.Process(root)
        return sum(_used(one) for one in (process, *process.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0.0


def of_postgres(server: Server) -> float:
    """Seconds of processor time of PostgreSQL and its backends so far; backends that ended are counted with their parent."""
    number = int((server.folder / "cluster" / "postmaster.pid").read_text().partition("\n")[0])
    process = psutil.Process(number)
    times = process.cpu_times()
    ended = times.children_user + times.children_system
    return ended + sum(_used(one) for one in (process, *process.children(recursive=True)))


def memory(root: int) -> float:
    """Megabytes that a process and its children hold for themselves: what ending them would give back."""
    process = psutil.Process(root)
    return sum(one.memory_full_info().uss for one in (process, *process.children(recursive=True))) / _MEGABYTE


def peak() -> float:
    """Megabytes that this process held at most so far (Linux).

    Not what getrusage says: that begins with what the parent held when it started this process.
    """
    found = re.search(r"^VmHWM:\s+([0-9]+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found, "the kernel does not tell a process's high-water mark"
    return int(found[1]) / 1024


def costs(work: Callable[[], object], server: Server) -> Cost:
    """Do the work in this process, and say what it cost here and in PostgreSQL."""
    gc.collect()
    ours, theirs = here(), of_postgres(server)
    work()
    return Cost(here() - ours, of_postgres(server) - theirs)


def alternate(rounds: int, *sides: Callable[[], float]) -> tuple[tuple[float, ...], ...]:
    """Let every side run once per round, each round beginning with another one; return the samples per side.

    What else the machine does falls on all sides alike, so that the ratio within a round means something.
    """
    found: list[list[float]] = [[] for _ in sides]
    for number in range(rounds):
        for step in range(len(sides)):
            place = (number + step) % len(sides)
            found[place].append(sides[place]())
    return tuple(map(tuple, found))


def ratios(above: Sequence[float], below: Sequence[float]) -> Spread:
    """Return the spread of the ratios of two sides, round by round."""
    return Spread.of(one / other for one, other in zip(above, below, strict=True))


def exponent(orders: Sequence[int], costs: Sequence[float]) -> float:
    """The slope of costs over orders, both as logarithms, by least squares."""
    across, up = [math.log(one) for one in orders], [math.log(one) for one in costs]
    middle, height = sum(across) / len(across), sum(up) / len(up)
    rise = sum((x - middle) * (y - height) for x, y in zip(across, up, strict=True))
    return rise / sum((x - middle) ** 2 for x in across)


def apart(work: Callable[..., Any], *words: Any) -> Any:
    """Do the work in a fresh process and return what it returns; its memory and its time are its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_inside, args=(theirs, work, words))
    process.start()
    theirs.close()
    try:
        answer = ours.recv()
    except EOFError as error:
        raise RuntimeError(f"{work.__name__} ended without an answer") from error
    finally:
        process.join()
    return answer


def _inside(answers: Connection, work: Callable[..., Any], words: tuple[Any, ...]) -> None:
    answers.send(work(*words))
    answers.close()


def _used(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
