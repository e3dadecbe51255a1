"""Error answers: a friendly page for people, nothing but the status at the door."""

from __future__ import annotations

import structlog
from flask import Flask, Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from connector import strict, trail
from connector.secrets import CannotOpen
from connector.store import health

_BUSY_SECONDS = 30
_log = structlog.get_logger()


def answer(app: Flask) -> None:
    """Have the application answer every error with a page of its own."""

    @app.errorhandler(HTTPException)
    def told(error: HTTPException) -> Response:
        if error.response is not None:
            return make_response(error.response)
        found = page(error.code or 500)
        for name, word in error.get_headers():
            if name not in ("Content-Type", "Content-Length"):
                found.headers[name] = word
        return found

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        _log.error("page failed", exc_info=error, route=str(request.url_rule), method=request.method)
        return page(500)

    @app.errorhandler(CannotOpen)
    def locked(error: CannotOpen) -> Response:
        # A key is missing: whoever runs Comeback finds which one in the log, and `comeback doctor` counts what it seals.
        _log.error("a sealed word does not open", exc_info=error, route=str(request.url_rule))
        return page(500)

    for kind in health.GONE:
        app.register_error_handler(kind, _gone)


def page(status: int) -> Response:
    """Return the page for a status, in the reader's language."""
    if strict.is_door(request.path):
        return Response(status=status)
    reference = trail.current() if status >= 500 else ""
    return make_response(render_template("errors.html", code=status, reference=reference), status)


def _gone(error: Exception) -> Response:
    _log.error("database gone", exc_info=error, method=request.method)
    found = page(503)
    found.headers["Retry-After"] = str(_BUSY_SECONDS)
    return found
