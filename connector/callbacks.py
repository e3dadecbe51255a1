"""What shops call while they are being connected: without a session, for nobody knows them yet, and so only so often."""

from __future__ import annotations

import math
from collections.abc import Iterator

import structlog
from flask import Blueprint, Flask, Response, request

from connector.hall import DoorStep
from connector.house import House
from connector.store import rates
from connector.store.rates import Limit

LARGEST = 64 * 1024  # bytes of one call
CALLER, ALL = 20, 300  # calls a minute: of one address, and of all together
_log = structlog.get_logger()


def mount(app: Flask, house: House) -> Iterator[Blueprint]:
    """Add every platform's callbacks to the application under `/callbacks/<name>`, and yield them."""
    for platform in house.platforms.values():
        blueprint = platform.callbacks(house.settings.environment, DoorStep(house, platform))
        if blueprint is not None:
            blueprint.before_request(lambda: _turned_away(house))
            app.register_blueprint(blueprint, url_prefix=f"/callbacks/{platform.name}")
            yield blueprint


def _turned_away(house: House) -> Response | None:
    """Answer what is too large, or comes too often."""
    if request.content_length is None or request.content_length > LARGEST:
        return Response(status=411 if request.content_length is None else 413)
    limits = (Limit(f"callbacks of {request.remote_addr}", CALLER), Limit("callbacks", ALL))
    with house.database.everyone() as connection:
        wait = rates.count(connection, house.ring, limits, house.now())
    if wait is None:
        return None
    _log.warning("callbacks busy", route=str(request.url_rule))
    return Response(status=429, headers={"Retry-After": str(math.ceil(wait.total_seconds()))})
