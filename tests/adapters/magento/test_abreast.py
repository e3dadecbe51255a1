"""Two calls at a time: a page is read while the details of the last one are, in order, and never three at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.magento import walk
from connector import trail
from connector.port import Refused, TryLater

SLOW = 0.05  # seconds that the shop takes for an answer


class Busy:
    """Counts the calls that a shop answers at the same time, each slowly."""

    def __init__(self, app: Any) -> None:
        self.app, self.lock = app, threading.Lock()
        self.now = self.most = self.together = 0

    def __call__(self, environ: Any, start: Any) -> Any:
        with self.lock:
            self.now += 1
            self.most, self.together = max(self.most, self.now), self.together + (self.now == 2)
        time.sleep(SLOW)
        try:
            return self.app(environ, start)
        finally:
            with self.lock:
                self.now -= 1


@pytest.fixture
def busy(sandbox: Any) -> Busy:
    """A shop of 28 orders, invoiced and sent, four to a page."""
    customer = sandbox.customer("ann")
    for _ in range(28):
        sandbox.later(minutes=1)
        sandbox.order(customer, sent=True)
    sandbox.shop.maximum_page_size = 4
    app = sandbox._server.app = Busy(sandbox._server.app)
    return app


def test_the_shop_answers_two_calls_at_a_time_and_never_three(
    sandbox: Any, busy: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read() -> tuple[int, list[str]]:
        busy.most, busy.together = 0, 0
        orders = [order.id for batch in sandbox.line().history(None) for order in batch.orders]
        return busy.most, orders

    most, orders = read()
    together = busy.together
    monkeypatch.setattr(walk, "ahead", lambda pages: pages)
    only_one, same = read()
    assert (most, only_one) == (2, 1)
    assert orders == same == [str(number) for number in range(1, 29)]
    assert together >= 6, "of seven pages all but the first can be read beside the details of another"


def test_what_fails_while_reading_ahead_is_raised_where_that_page_would_have_come() -> None:
    def pages() -> Iterator[int]:
        yield 1
        yield 2
        raise TryLater("The shop is out of order for a while (503).")

    read = walk.ahead(pages())
    assert (next(read), next(read)) == (1, 2)
    with pytest.raises(TryLater, match="503"):
        next(read)


def test_whoever_stops_half_way_leaves_no_call_behind() -> None:
    running = threading.Event()

    def pages() -> Iterator[int]:
        yield 1
        running.set()
        time.sleep(0.1)
        running.clear()
        yield 2

    def work() -> None:
        for _ in walk.ahead(pages()):
            assert running.wait(60)
            raise Refused("something with the details")

    with pytest.raises(Refused):
        work()
    assert not running.is_set()
    assert not [one for one in threading.enumerate() if one.name.startswith("page")]


def test_a_page_that_is_read_ahead_is_asked_for_on_the_same_request() -> None:
    def numbers() -> Iterator[str]:
        yield from (trail.current() or "none" for _ in range(3))

    with trail.on("trail-of-this-test"):
        assert list(walk.ahead(numbers())) == ["trail-of-this-test"] * 3
