"""The web application: the door, the install pages and the merchant's pages under one set of rules."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, abort, request, session
from flask_babel import Babel
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wsgi import ClosingIterator
from whitenoise import WhiteNoise

import connector.settings
from connector import callbacks, config, entrance, errors, framed, logs, metrics, storefront, strict, trail
from connector.hall import DoorStep
from connector.house import House, furnish
from connector.pulse import Pulse
from connector.settings import create_blueprint, tongue
from connector.store import health, patience
from webhooks import door
from webhooks.room import Room

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PAGES = Path(connector.settings.__file__).parent
_LARGEST = 2 * 1024 * 1024  # bytes of one request
_STATIC_SECONDS = 3600


class Unsafe(Exception):
    """The database would let one merchant's pages read another's rows; the message says what to do."""


def create_app(house: House | None = None) -> Flask:
    """Return the application; without a house it is furnished from the environment (for a WSGI server).

    Raises Unsafe where the database's role could pass the walls between merchants.
    """
    if house is None:
        logs.set_up()
        house = furnish(config.environment())
        if (unsafe := health.unsafe(house.database.engine)) is not None:
            raise Unsafe(unsafe)
        app = create_app(house)
        # No WSGI server says when it stops. Those that fork workers end them past atexit, but not past this.
        Finalize(None, app.extensions["stop"], exitpriority=1)
        return app
    app = Flask(__name__, static_folder=str(_PAGES / "static"), template_folder=str(_PAGES / "templates"))
    _configure(app, house)
    strict.keep(app, house)
    forms = framed.Forms(app)
    for shops_call in (_mount_door(app, house), _mount_storefront(app, house), *callbacks.mount(app, house)):
        # Signed by the shop, and without a session whose right could be borrowed.
        forms.exempt(shops_call)
    Babel(
        app,
        default_translation_directories=str(_PAGES / "translations"),
        locale_selector=lambda: tongue.chosen(session.get("merchant_language")),
    )
    for platform in house.platforms.values():
        pages = platform.pages(house.settings.environment, DoorStep(house, platform))
        app.register_blueprint(pages, url_prefix=f"/{platform.name}")
    app.register_blueprint(create_blueprint(house))
    app.register_blueprint(entrance.create_blueprint(house))
    pulse = Pulse(house, "web")
    app.register_blueprint(_condition(house, pulse))
    app.extensions["stop"] = pulse.stop
    errors.answer(app)
    _wrap(app, house, pulse)
    return app


def _configure(app: Flask, house: House) -> None:
    secure = house.settings.secure
    app.config.update(
        SECRET_KEY=house.key("sessions"),
        SESSION_COOKIE_NAME="__Host-session" if secure else "session",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        MAX_CONTENT_LENGTH=_LARGEST,
        # The token lives as long as the session it is bound to.
        WTF_CSRF_TIME_LIMIT=None,
    )


def _mount_door(app: Flask, house: House) -> Blueprint:
    blueprint = door.create_blueprint(house)
    app.register_blueprint(blueprint, url_prefix="/webhooks")
    return blueprint


def _mount_storefront(app: Flask, house: House) -> Blueprint:
    blueprint = storefront.create_blueprint(house)
    app.register_blueprint(blueprint, url_prefix="/storefront")
    return blueprint


def _wrap(app: Flask, house: House, pulse: Pulse) -> None:
    """Static files before the application, and before both what the proxies say of the caller."""
    served = WhiteNoise(
        app.wsgi_app,
        root=str(_PAGES / "static"),
        prefix="static/",
        max_age=_STATIC_SECONDS,
    )
    # Browsers ask for it unasked, of a page that names no icon too: a 404 is an error on their console.
    served.add_file_to_dictionary("/favicon.ico", str(_PAGES / "static" / "mark.svg"))
    hops = house.settings.proxy_hops
    # Without a proxy of ours anybody can write X-Forwarded-For.
    inner = ProxyFix(served, x_for=hops, x_proto=hops, x_host=hops) if hops else served
    app.wsgi_app = _Outermost(inner, pulse, house)  # type: ignore[method-assign]


class _Outermost:
    """Gives every request its number and every answer the headers of strict, static files too; then shows life."""

    def __init__(self, inner: WSGIApplication, pulse: Pulse, house: House) -> None:
        self._inner, self._pulse = inner, pulse
        self._always = [(name, name.lower(), word) for name, word in strict.headers(house.settings).items()]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        number = trail.taken(environ.get("HTTP_X_REQUEST_ID", ""))
        trail.follow(number)
        patience.begin()

        def started(status: str, words: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            own = {name.lower() for name, _ in words} | _unsaid(words)
            added = [(name, word) for name, small, word in self._always if small not in own]
            return start_response(status, [*words, *added, (trail.HEADER, number)], *error)

        return ClosingIterator(self._inner(environ, started), self._after)

    def _after(self) -> None:
        # The server's thread goes on to another request; what it does in between belongs to none.
        trail.follow("")
        if self._pulse.due():
            patience.begin(patience.LEAST)  # a sign of life can wait, the next request should not
            self._pulse.beat()
        patience.end()


def _unsaid(words: list[tuple[str, str]]) -> set[str]:
    # X-Frame-Options knows no list of who may: where the policy has one, an old browser would refuse them all.
    policies = [word for name, word in words if name.lower() == "content-security-policy"]
    named = any("frame-ancestors" in word and "frame-ancestors 'none'" not in word for word in policies)
    return {"x-frame-options"} if named else set()


def _condition(house: House, pulse: Pulse) -> Blueprint:
    """What machines ask: alive, ready, and the figures for a monitor."""
    condition, room = Blueprint("condition", __name__), Room(house)
    figures = metrics.registry(house)

    @condition.get("/healthz")
    def healthz() -> Response:
        return Response("alive\n", mimetype="text/plain")

    @condition.get("/readyz")
    def readyz() -> Response:
        problem = house.problem() or room.problem()
        return Response(f"{problem or 'ready'}\n", 200 if problem is None else 503, mimetype="text/plain")

    @condition.get("/metrics")
    def watch() -> Response:
        token = house.settings.metrics_token
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token or not hmac.compare_digest(token.encode(), given.encode()):
            abort(404)
        pulse.beat()  # what this process counted until now belongs to the answer
        return Response(generate_latest(figures), content_type=CONTENT_TYPE_LATEST)

    return condition
