"""Signing in, by a one-time address or by a password, and out, here or everywhere."""

from __future__ import annotations

import math
from datetime import timedelta

import structlog
from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response as Answer

from connector import errors, passwords
from connector.addresses import household
from connector.house import House
from connector.settings import sessions
from connector.settings.door import visit
from connector.settings.frame import inside
from connector.store import logins, merchants, rates, spent
from connector.store.rates import Limit

TRIES, TRIES_OF_A_CALLER = 5, 20
WITHIN = timedelta(minutes=15)
_LONGEST_NAME = 200
_BUSY_SECONDS = 5
_log = structlog.get_logger()


def create_blueprint(house: House) -> Blueprint:
    """Return the entrance, to be mounted at the root."""
    entrance = Blueprint("entrance", __name__)

    @entrance.get("/signin/<word>")
    def signin(word: str) -> Answer:
        if request.method == "HEAD":
            # Mail programs look at links before people do; a look must not use the pass up.
            return Response()
        with house.database.everyone() as connection:
            merchant_id = merchants.find_pass(connection, word, "sign_in", house.now())
        if merchant_id is None:
            if "merchant_id" in session:
                # The link of a visit that goes on, opened again.
                return redirect("/")
            abort(401)
        return _begin(house, merchant_id, "/", by_link=True)

    @entrance.get("/signin")
    def asked() -> Answer:
        return redirect("/") if "merchant_id" in session else _page(200, request.args.get("next", ""))

    @entrance.post("/signin")
    def tried() -> Answer:
        name, password = request.form.get("name", "").strip(), request.form.get("password", "")
        return _try(house, name[:_LONGEST_NAME], password, request.form.get("next", ""))

    @entrance.post("/signout")
    def signout() -> Answer:
        if (word := sessions.end()) is not None:
            with house.database.everyone() as connection:
                spent.take(connection, word, house.now(), house.now() + sessions.LASTS)
        return redirect(url_for("entrance.signed_out"))

    @entrance.post("/signout/everywhere")
    def everywhere() -> Answer:
        with visit(house) as seen:
            merchants.sign_out_everywhere(seen.tx)
            _log.info("signed out everywhere", merchant_id=seen.merchant.id)
        sessions.end()
        return redirect(url_for("entrance.signed_out"))

    @entrance.get("/signout")
    def signed_out() -> Answer:
        return errors.page(401)

    return entrance


def limit_of(name: str) -> Limit:
    """Return how often a password may be tried for this name, right or wrong: a right one begins the count anew."""
    return Limit(f"sign-in as {logins.plain(name)}", TRIES, WITHIN)


def _try(house: House, name: str, password: str, goes_to: str) -> Answer:
    """Sign in whoever brings the password of this name; every refusal is one sentence, and takes as long."""
    ring, now = house.ring, house.now()
    caller = Limit(f"sign-in from {household(request.remote_addr or '')}", TRIES_OF_A_CALLER, WITHIN)
    # Counted before it is looked at: of a hundred tries at the same moment no more than five are.
    with house.database.everyone() as connection:
        wait = rates.count(connection, ring, (caller, limit_of(name)), now)
        merchant_id = logins.owner(connection, ring, name)
    if wait is not None:
        house.tally.count("sign_ins", result="too_many")
        _log.warning("sign-in refused", reason="too many tries")
        return _page(429, goes_to, name, wait)
    kept = None
    if merchant_id is not None:
        with house.database.merchant(merchant_id) as tx:
            login = logins.get(tx)
            kept = login.password if login is not None else None
    try:
        fits = passwords.fits(kept, password)
    except passwords.Busy:
        return _page(503, goes_to, name)
    if merchant_id is None or not fits:
        house.tally.count("sign_ins", result="refused")
        _log.warning("sign-in refused", reason="name or password")
        return _page(401, goes_to, name)
    with house.database.everyone() as connection:
        rates.clear(connection, ring, limit_of(name).word)
        rates.take_back(connection, ring, caller.word)
    return _begin(house, merchant_id, inside(goes_to), by_link=False)


def _begin(house: House, merchant_id: int, goes_to: str, *, by_link: bool) -> Answer:
    with house.database.merchant(merchant_id) as tx:
        merchant = merchants.get(tx)
    sessions.begin(merchant, house.now(), by_link=by_link)
    house.tally.count("sign_ins", result="link" if by_link else "password")
    _log.info("signed in", merchant_id=merchant_id)
    return redirect(goes_to)


def _page(status: int, goes_to: str, name: str = "", wait: timedelta | None = None) -> Response:
    minutes = 0 if wait is None else max(math.ceil(wait.total_seconds() / 60), 1)
    shown = render_template("signin.html", status=status, next=goes_to, name=name, minutes=minutes)
    answer = make_response(shown, status)
    if status in (429, 503):
        seconds = _BUSY_SECONDS if wait is None else math.ceil(wait.total_seconds())
        answer.headers["Retry-After"] = str(seconds)
    return answer
