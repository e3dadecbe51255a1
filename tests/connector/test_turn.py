"""One thread computes at a time; whoever waits for a shop lets another."""

import threading
import time
from collections import deque

import pytest

from connector.turn import Turn


def test_nobody_else_has_it_meanwhile() -> None:
    turn, inside, most = Turn(), list[int](), list[int]()

    def work() -> None:
        for _ in range(200):
            with turn:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(most) == 800
    assert max(most) == 1


def test_another_has_it_while_one_stands_aside_and_it_is_had_again_after() -> None:
    turn, there, done = Turn(), threading.Event(), threading.Event()

    def other() -> None:
        there.set()
        with turn:
            done.set()

    with turn:
        thread = threading.Thread(target=other)
        thread.start()
        assert there.wait(60)
        assert not done.wait(0.2)
        with turn.aside():
            assert done.wait(60)
        thread.join(60)


def test_whoever_came_first_is_served_first_also_beside_one_that_never_ends() -> None:
    turn, over, rounds, queued = Turn(), threading.Event(), list[int](), list[int]()

    class Queue(deque[threading.Lock]):
        def append(self, lock: threading.Lock) -> None:
            queued.append(len(rounds))
            super().append(lock)

    # From the moment on in which one stands in it, not from the moment in which its thread was last heard of.
    turn._queue = Queue()

    def never_ends() -> None:
        while not over.is_set():
            with turn:
                rounds.append(1)
                time.sleep(0.002)

    thread = threading.Thread(target=never_ends)
    thread.start()
    try:
        for _ in range(20):
            queued.clear()
            with turn:
                assert all(len(rounds) - before <= 2 for before in queued[:1])
            time.sleep(0.005)
    finally:
        over.set()
        thread.join(60)


def test_a_fault_inside_gives_it_back() -> None:
    turn, had = Turn(), threading.Event()
    for _ in range(2):
        with pytest.raises(ValueError, match="inside"), turn, turn.aside():
            raise ValueError("inside")

    def other() -> None:
        with turn:
            had.set()

    threading.Thread(target=other, daemon=True).start()
    assert had.wait(60)
