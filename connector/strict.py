"""What holds for every request and every answer: hosts, sessions that end, and the headers browsers obey."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, g, redirect, request, session
from flask.sessions import SecureCookieSession
from werkzeug.wrappers import Response as Answer

from connector import framed
from connector.config import Settings, on_loopback
from connector.house import House
from connector.settings import sessions, tongue

_FOR_MACHINES = ("/healthz", "/readyz", "/metrics")
_ABOUT_COOKIES = ("/signin", "/signout", "/settings/signin")
_SAFE = ("GET", "HEAD", "OPTIONS")

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)


def keep(app: Flask, house: House) -> None:
    """Hold every request and answer of the application to the rules."""

    app.session_interface = _Visits(house)

    @app.before_request
    def before() -> Answer | None:
        if request.path in _FOR_MACHINES or is_door(request.path):
            return None
        _known_host(house.settings)
        _no_nul()
        if request.method not in _SAFE and not _from_our_own_page(house.settings):
            abort(403)
        if (answer := _framed()) is not None:
            return answer
        # What a page fetches by itself keeps no visit going.
        by_itself = request.method in _SAFE and "HX-Request" in request.headers
        sessions.go_on(house.now(), by_hand=not by_itself)
        if request.args.get("lang") in tongue.LANGUAGES:
            session["language"] = request.args["lang"]
        return None

    @app.after_request
    def after(answer: Response) -> Response:
        if "inside" in g:
            answer.headers["Content-Security-Policy"] = framed.policy(g.framing)
        elif "turned" in g and g.turned.retry is not None:
            answer.headers[g.turned.retry[0]] = g.turned.retry[1]
        return answer


def is_door(path: str) -> bool:
    """Tell whether this is an address that shops call for themselves: there is no session, and an error has no page."""
    return path.startswith(("/webhooks/", "/storefront/", "/callbacks/"))


class _Visits(framed.Visits):
    """Sessions for people's visits alone; making one ready costs as much as finding the route."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if is_door(request.path):
            return None
        if request.path in _FOR_MACHINES:
            return SecureCookieSession()
        return super().open_session(app, request)


def _framed() -> Answer | None:
    """Hold a visit inside an admin to its rules: a good proof, and none of the addresses that are about cookies."""
    if "gone" in g:
        raise g.gone
    if "turned" in g:
        return redirect(g.turned.goes_to) if g.turned.goes_to else abort(401)
    if "inside" in g and request.path.startswith(_ABOUT_COOKIES):
        abort(404)
    return None


def _from_our_own_page(settings: Settings) -> bool:
    """Tell whether the browser says that a page of ours sends this, or its user by hand.

    Every browser of the last years says Sec-Fetch-Site on https and on loopback; those before say Origin with every form.
    """
    if "inside" in g and g.inside.fetched:
        return True  # no other site's page could have sent the proof along
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    try:
        origin = urlsplit(request.headers.get("Origin", ""))
        host = origin.hostname or ""
    except ValueError:
        return False
    here = on_loopback(settings.public_host) and on_loopback(host)
    return here or f"{origin.scheme}://{origin.netloc}" == settings.public_url


def _no_nul() -> None:
    """Refuse NULs, which no text of ours may hold and PostgreSQL refuses with an error."""
    if any("\0" in word for words in (request.args, request.form) for _, word in words.items(multi=True)):
        abort(400)


def headers(settings: Settings) -> dict[str, str]:
    """Return the headers that every answer carries; a page that must differ sets its own."""
    words = {
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        # Pages show people; nothing between us and the browser may keep one. Static files say how long they may be kept.
        "Cache-Control": "no-store",
    }
    if settings.secure:
        words["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return words


def _known_host(settings: Settings) -> None:
    """Refuse requests for another name than ours: links and redirects would be made for whatever the caller wrote."""
    try:
        host = urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
    except ValueError:
        host = ""
    here = on_loopback(settings.public_host) and on_loopback(host)
    if host != settings.public_host and not here:
        abort(400)
