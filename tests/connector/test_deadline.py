"""An exchange has an end, to the moment, and its connection is left alone where it keeps to it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from connector.deadline import cut_off_after, hears


def _listen(line: socket.socket, after: float = 0) -> None:
    time.sleep(after)
    hears(line)
    assert line.recv(1) == b""


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_what_is_listened_to_is_cut_off_at_the_end_and_no_sooner(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, _ = pair
    began = time.monotonic()
    with pytest.raises(TimeoutError), cut_off_after(0.1):
        _listen(ours)
    assert time.monotonic() - began >= 0.1


def test_who_begins_to_listen_after_the_end_hears_nothing(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    with pytest.raises(TimeoutError), cut_off_after(0.01):
        _listen(ours, after=0.05)
    assert theirs.recv(1) == b""


def test_an_exchange_that_ended_in_time_leaves_its_connection_alone(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    with cut_off_after(1):
        hears(ours)
    time.sleep(1.2)
    theirs.send(b"x")
    assert ours.recv(1) == b"x"


def test_a_fault_before_the_end_stays_what_it_is_and_no_clock_goes_on() -> None:
    before = threading.active_count()
    with pytest.raises(KeyError), cut_off_after(60):
        raise KeyError
    for _ in range(6000):
        if threading.active_count() == before:
            return
        time.sleep(0.01)
    pytest.fail("the clock goes on")


def test_threads_have_ends_of_their_own(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    heard: list[bytes] = []

    def longer() -> None:
        with cut_off_after(60):
            hears(ours)
            heard.append(ours.recv(1))

    other = threading.Thread(target=longer)
    other.start()
    with pytest.raises(TimeoutError), cut_off_after(0.05):
        time.sleep(0.1)
    theirs.send(b"x")
    other.join()
    assert heard == [b"x"]
