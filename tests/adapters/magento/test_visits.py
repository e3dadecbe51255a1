"""Whoever connects a shop comes only so often, and shops that dawdle hold no more than a few threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import flask
import pytest
from werkzeug.exceptions import TooManyRequests

from adapters.magento import visits


class Step:
    """A hall that counts."""

    def __init__(self, wait: timedelta | None = None) -> None:
        self.wait, self.callers = wait, list[str]()

    def visits(self, caller: str) -> timedelta | None:
        self.callers.append(caller)
        return self.wait


@contextmanager
def _from(address: str) -> Iterator[None]:
    with flask.Flask("house").test_request_context(environ_base={"REMOTE_ADDR": address}):
        yield


@pytest.fixture(autouse=True)
def asked() -> Any:
    with _from("192.0.2.7"):
        yield


def _enter(held: ExitStack, step: Step, address: str) -> None:
    with _from(address):
        held.enter_context(visits.place(step))  # type: ignore[arg-type]


def _wait(step: Step) -> Any:
    with pytest.raises(TooManyRequests) as raised, visits.place(step):  # type: ignore[arg-type]
        pass
    return raised.value.retry_after


def test_a_visitor_who_comes_too_often_is_told_when_to_come_again() -> None:
    step = Step(timedelta(seconds=31.5))
    assert (_wait(step), step.callers) == (32, ["192.0.2.7"])


def test_only_so_many_shops_are_called_at_once_and_a_place_is_given_back_after_a_fault() -> None:
    step = Step()
    with ExitStack() as held:
        for number in range(visits.AT_ONCE):
            _enter(held, step, f"198.51.{number}.100")
        assert _wait(step) == 10
    with pytest.raises(KeyError), visits.place(step):  # type: ignore[arg-type]
        raise KeyError
    with ExitStack() as held:
        for number in range(visits.AT_ONCE):
            _enter(held, step, f"192.0.{number}.7")


def test_one_network_leaves_a_place_to_the_others() -> None:
    step = Step()
    with ExitStack() as held:
        for number in (1, 2):
            _enter(held, step, f"192.0.2.{100 + number}")
        assert _wait(step) == 10
        _enter(held, step, "198.51.100.1")


def test_one_household_has_one_place_so_that_its_shop_that_dawdles_keeps_nobody_else_out() -> None:
    step = Step()
    with ExitStack() as held:
        _enter(held, step, "2001:db8:1:2::1")
        with pytest.raises(TooManyRequests), _from("2001:db8:1:2::2"), visits.place(step):  # type: ignore[arg-type]
            pass
        _enter(held, step, "2001:db8:1:3::1")
    with ExitStack() as held:
        _enter(held, step, "2001:db8:1:2::2")
