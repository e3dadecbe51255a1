"""What shops call while they are being connected: without a session, for nobody knows them yet, and so only so often."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

import structlog
from flask import Blueprint, Flask, Response, g, request

from connector.addresses import household, neighbourhood
from connector.hall import DoorStep
from connector.house import House
from connector.store import rates
from connector.store.rates import Limit

LARGEST = 64 * 1024  # bytes of one call
CALLER = 20  # calls a minute of one household
NETWORK, ALL = 100, 300  # and of one neighbourhood, and all together, that anything was kept of
_OF_ALL = "callbacks"
_log = structlog.get_logger()


class _Step(DoorStep):
    """The doorstep of a callback, which notes that something was kept."""

    def keep(self, word: str, what: bytes, lasts: timedelta) -> None:
        super().keep(word, what, lasts)
        g.callback = "kept"


def mount(app: Flask, house: House) -> Iterator[Blueprint]:
    """Add every platform's callbacks to the application under `/callbacks/<name>`, and yield them."""
    for platform in house.platforms.values():
        blueprint = platform.callbacks(house.settings.environment, _Step(house, platform))
        if blueprint is not None:
            blueprint.before_request(lambda: _turned_away(house))
            blueprint.after_request(lambda answer: _let_off(house, answer))
            app.register_blueprint(blueprint, url_prefix=f"/callbacks/{platform.name}")
            yield blueprint


def _turned_away(house: House) -> Response | None:
    """Answer what is too large, or comes too often."""
    if request.content_length is None or request.content_length > LARGEST:
        return Response(status=411 if request.content_length is None else 413)
    caller = Limit(f"callbacks of {household(request.remote_addr or '')}", CALLER)
    limits = caller, Limit(_of_network(), NETWORK), Limit(_OF_ALL, ALL)
    with house.database.everyone() as connection:
        wait = rates.count(connection, house.ring, limits, house.now())
    if wait is None:
        g.callback = "counted"
        return None
    _log.warning("callbacks busy", route=str(request.url_rule))
    return Response(status=429, headers={"Retry-After": str(math.ceil(wait.total_seconds()))})


def _let_off(house: House, answer: Response) -> Response:
    """Count a call of which nothing was kept as its caller's only: what is no shop's uses up nothing of the shops'."""
    if g.get("callback") == "counted":
        with house.database.everyone() as connection:
            rates.take_back(connection, house.ring, _OF_ALL)
            rates.take_back(connection, house.ring, _of_network())
    return answer


def _of_network() -> str:
    return f"callbacks of all in {neighbourhood(request.remote_addr or '')}"
