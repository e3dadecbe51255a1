"""The identity link: the merchant's browser comes here after Magento posted the keys, and goes on signed in."""

import contextlib
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime

import flask

from connector.port import Hall, ShopError, Unauthorized

from . import callbacks, handshake, install, network, scheme, texts, texts_identity, visits
from .exchanges import Exchange
from .handshake import Halt, Halted
from .install import NotConnected
from .rights import Right

_HELD = "magento_browser"  # in the session: the word that binds an exchange to one browser
_LONGEST = 1000


def add(
    pages: flask.Blueprint,
    env: Mapping[str, str],
    hall: Hall,
    clock: Callable[[], datetime] = callbacks.clocked,
) -> None:
    """Add the pages of the identity step to the install pages."""
    allowed = network.allowed_hosts(env.get(network.ALLOWED, ""))

    @pages.get("/identity", strict_slashes=False)
    def identity() -> flask.Response:
        key, success = _asked("oauth_consumer_key"), _asked("success_call_back")
        browser = flask.session.get(_HELD)
        if browser is None:
            if "came" in flask.request.args:
                return _page(hall, status=400, halted="cookies")
            # Given before anything is exchanged, so that what is kept is bound to a browser that has it.
            flask.session[_HELD] = secrets.token_urlsafe(24)
            again = flask.url_for(".identity", oauth_consumer_key=key, success_call_back=success, came="1")
            return _private(flask.make_response(flask.redirect(again, 303)))
        try:
            if not handshake.is_heard_of(key, hall):
                # Not counted: made-up keys would use up the visits of everybody.
                raise Halted(Halt.UNKNOWN)
            with visits.place(hall):
                exchange, faults, lacks = _connected(key, success, browser)
        except NotConnected as error:
            if "merchant_code" not in error.mistakes:
                return _stopped(hall, error)
            # It has its tokens, and waits for a code that only the form can bring.
            waiting = handshake.held(key, browser, hall)
            return _page(hall, exchange=waiting, success=success, error=error)
        except (Halted, ShopError) as error:
            return _stopped(hall, error)
        return _page(hall, exchange=exchange, success=success, faults=faults, lacks=lacks)

    @pages.post("/identity", strict_slashes=False)
    def finish() -> flask.Response:
        form = flask.request.form
        key, success = form.get("consumer_key", ""), form.get("success", "")[:_LONGEST]
        code = form.get("merchant_code", "")[: install.LONGEST]
        texts.keep_speaking()
        try:
            exchange = handshake.held(key, flask.session.get(_HELD, ""), hall)
            with visits.place(hall):
                url = _entered(exchange, code, "confirms_email" in form)
        except NotConnected as error:
            return _page(hall, exchange=exchange, success=success, error=error, typed_code=code, status=422)
        except LookupError:
            exchange = handshake.reopened(exchange, hall)
            return _page(hall, exchange=exchange, success=success, status=409)
        except (Halted, ShopError) as error:
            return _stopped(hall, error)
        back = handshake.back(success, exchange.address)
        if not back:
            return _private(flask.make_response(flask.redirect(url, 303)))
        return _page(hall, exchange=exchange, url=url, back=back)

    def _connected(
        key: str, success: str, browser: str
    ) -> tuple[Exchange, tuple[scheme.Fault, ...], tuple[Right, ...]]:
        """Exchange tokens and try the shop out; one that was here before has them at once."""
        ends = install.patience()
        exchange = handshake.exchanged(key, success, browser, hall, allowed, clock(), ends)
        if exchange.done:
            return exchange, scheme.FAULTS[exchange.spelling], ()
        tried = handshake.finished(exchange, hall, allowed, ends)
        if handshake.is_known(exchange, hall):
            with contextlib.suppress(LookupError):  # erased since: a new shop, as any other
                exchange = handshake.reconnect(exchange, tried, hall, clock())
        return exchange, scheme.FAULTS[tried.keys.spelling], tried.missing

    def _entered(exchange: Exchange, code: str, confirms_email: bool) -> str:
        """Return the address that signs the merchant in, once; raise LookupError where the shop was erased since."""
        if exchange.done:
            url = hall.enter(exchange.address)
            handshake.spend(exchange, hall)
            return url
        ends = install.patience()
        tried = handshake.finished(exchange, hall, allowed, ends, code)
        if confirms_email:
            install.insist_confirmed(tried, allowed, ends)
        kept = install.settled(tried, hall, clock(), confirms_email=confirms_email)
        url = install.welcome(kept, code, hall).url
        handshake.spend(exchange, hall)
        return url


def connected(done: install.Connected, hall: Hall) -> flask.Response:
    """Return the page that says what stands in the way of a shop that was just connected, and leads on."""
    return _page(hall, faults=done.faults, url=done.url)


def _asked(name: str) -> str:
    return flask.request.args.get(name, "")[:_LONGEST]


def _stopped(hall: Hall, error: Halted | NotConnected | ShopError) -> flask.Response:
    match error:
        case Halted(halt=halt):
            return _page(hall, status=404 if halt is Halt.UNKNOWN else 422, halted=halt.value)
        case NotConnected():
            return _page(hall, error=error, status=422)
        case Unauthorized():
            return _page(hall, halted=Halt.REFUSED.value, status=422)
        case _:
            wrong = {"address": install.mistake(error)}
            return _page(hall, error=NotConnected(wrong, to=getattr(error, "to", "")), status=422)


def _page(
    hall: Hall,
    *,
    exchange: Exchange | None = None,
    error: NotConnected | None = None,
    faults: tuple[scheme.Fault, ...] = (),
    lacks: tuple[Right, ...] = (),
    halted: str = "",
    success: str = "",
    url: str = "",
    back: str = "",
    typed_code: str = "",
    status: int = 200,
) -> flask.Response:
    language = texts.spoken()
    said, words = texts.MISTAKES[language], texts_identity.LABELS[language]
    places = texts_identity.addresses(hall.public_url)
    mistakes = error.mistakes if error else {}
    html = flask.render_template(
        "magento/identity.html",
        language=language,
        t=words,
        labels=texts.LABELS[language],
        shop=exchange.address if exchange else "",
        key=exchange.claim.consumer_key if exchange else "",
        known=exchange.done if exchange else False,
        halted=words[f"halt_{halted}"].format(**places) if halted else "",
        trouble=[
            said[wrong].format(to=error.to)
            for name, wrong in mistakes.items()
            if name != "merchant_code" and error
        ],
        bad_code=said[mistakes["merchant_code"]].format(to=error.to)
        if error and "merchant_code" in mistakes
        else "",
        missing=error.missing if error else (),
        lacks=lacks,
        faults=[texts_identity.FAULTS[language][fault] for fault in faults],
        success=success,
        url=url,
        back=back,
        typed_code=typed_code,
    )
    return _private(flask.make_response(html, status))


def private(response: flask.Response) -> flask.Response:
    """Have nobody keep the page: it is one visitor's, in their language."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept-Language"
    return response


def _private(response: flask.Response) -> flask.Response:
    # The address names the consumer key, which no other site need know. Our own must: over https a form whose browser is
    # told to keep its address to itself is refused.
    response.headers["Referrer-Policy"] = "same-origin"
    # Magento's admin opened this window and looks until it is back, or closed: cut off, it would seem closed at once.
    response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    return private(response)
