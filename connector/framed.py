"""Visits inside a platform's admin: proved by a token at every request, never by a cookie.

Browsers send no cookie of ours there (it is another site's page that frames us). The shop comes from the proof alone, its
merchant from the shop; what else a visit remembers lies in a row. A document brings its proof in its address and changes
nothing; whatever changes something is fetched, with the proof in the Authorization header.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec
import structlog
from flask import Flask, Request, Response, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect
from werkzeug.datastructures import ImmutableMultiDict

from connector.house import House
from connector.port import BadSignature, Frame, Framing, Question, Visitor
from connector.store import health, merchants, shops, visits
from connector.store.database import Tx, bind

VISIT_LASTS = timedelta(hours=12)
_DOCUMENT = ("GET", "HEAD")
# What the proof says anew at every request.
_PROVED = ("merchant_id", "merchant_language")
_log = structlog.get_logger()


class Inside(msgspec.Struct, frozen=True):
    """A merchant whom the admin of a shop of theirs shows a page. `fetched`: the proof came in the Authorization header."""

    framing: Framing
    visitor: Visitor
    merchant_id: int
    fetched: bool


class Turned(msgspec.Struct, frozen=True):
    """Somebody in an admin who could not prove who they are: sent to `goes_to`, or 401 with `retry` among its headers."""

    goes_to: str | None = None
    retry: tuple[str, str] | None = None


class Visits(SecureCookieSessionInterface):
    """Sessions: a row for visits inside an admin, a cookie for all others, none where `closed` says so of the path."""

    def __init__(self, house: House) -> None:
        self._house = house
        env = house.settings.environment
        found = {name: platform.frame(env) for name, platform in house.platforms.items()}
        self._frames = {name: frame for name, frame in found.items() if frame is not None}
        self._own = tuple(f"/{name}/" for name in house.platforms)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if request.path.startswith(self._own):
            return super().open_session(app, request)
        try:
            found = self._looks(request)
        except health.GONE as error:
            # Here an error would have no page; the first rule of every request raises it (strict).
            g.gone = error
            return SecureCookieSession()
        return found if found is not None else super().open_session(app, request)

    def save_session(self, app: Flask, session: SecureCookieSession, response: Response) -> None:  # type: ignore[override]
        if "inside" in g:
            response.vary.add("Authorization")
            if session.modified:
                self._keep(g.inside, session)
        elif "turned" not in g and "gone" not in g and not _in_a_frame():
            super().save_session(app, session, response)

    def _looks(self, request: Request) -> SecureCookieSession | None:
        """Return the session of a visit inside an admin, an empty one of a visit turned away; None for any other."""
        proof, question = _bearer(request), list(request.args.items(multi=True))
        if proof is None and request.method not in _DOCUMENT:
            return None
        turned: Turned | None = None
        for name, frame in self._frames.items():
            try:
                visitor = frame.visitor(proof, question)
            except BadSignature as error:
                _log.info("proof refused", platform=name, reason=str(error))
                turned = _again(frame, proof, question, request.path)
                continue
            if visitor is not None:
                return self._enter(name, frame, visitor, request, fetched=proof is not None)
            if (bounce := frame.bounce(question, request.path)) is not None:
                turned = Turned(bounce)
        if turned is None:
            return None
        g.turned = turned
        return SecureCookieSession()

    def _enter(
        self, name: str, frame: Frame, visitor: Visitor, request: Request, *, fetched: bool
    ) -> SecureCookieSession:
        now = self._house.now()
        with self._house.database.everyone() as connection:
            shop = shops.find_by_address(connection, name, visitor.address)
            if shop is None or shop.state == "removed":
                # The root of the install pages takes whom the admin sends, and connects the shop.
                query = request.query_string.decode("ascii", "replace")
                g.turned = Turned(retry=frame.retry) if fetched else Turned(f"/{name}/?{query}")
                return SecureCookieSession()
            bind(connection, shop.merchant_id)
            tx = Tx(connection, shop.merchant_id, self._house.ring)
            language, kept = merchants.get(tx).language, visits.read(tx, visitor.sitting, now)
        g.framing = frame.framing(visitor.address)
        g.inside = Inside(g.framing, visitor, shop.merchant_id, fetched)
        # What the admin added to the address is spent; the pages' own links are made of the rest.
        request.args = ImmutableMultiDict(frame.plain(list(request.args.items(multi=True))))
        return SecureCookieSession({**kept, "merchant_id": shop.merchant_id, "merchant_language": language})

    def _keep(self, inside: Inside, session: SecureCookieSession) -> None:
        record = {name: word for name, word in session.items() if name not in _PROVED}
        with self._house.database.merchant(inside.merchant_id) as tx:
            visits.keep(tx, inside.visitor.sitting, record, self._house.now(), VISIT_LASTS)


class Forms(CSRFProtect):  # type: ignore[misc]
    """Forms prove the page they come from; a proof in the Authorization header, which no other site sends, will do too."""

    def protect(self, apply_exemptions: bool = False) -> None:
        if "inside" not in g or not g.inside.fetched:
            super().protect(apply_exemptions=apply_exemptions)


def policy(framing: Framing) -> str:
    """Return what a page inside this admin may do, and that nobody but the admin may show it."""
    sources, ancestors = " ".join(framing.sources), " ".join(framing.ancestors)
    return (
        f"default-src 'none'; script-src 'self' {sources}; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self' {sources}; font-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "
        f"frame-ancestors {ancestors}"
    )


def _in_a_frame() -> bool:
    # A platform's own pages know who comes without us; inside its admin they set no cookie either.
    return request.headers.get("Sec-Fetch-Dest") in ("iframe", "frame")


def _bearer(request: Request) -> str | None:
    scheme, _, word = request.headers.get("Authorization", "").partition(" ")
    return word.strip() if scheme.lower() == "bearer" else None


def _again(frame: Frame, proof: str | None, question: Question, path: str) -> Turned:
    return Turned(retry=frame.retry) if proof is not None else Turned(frame.bounce(question, path))
