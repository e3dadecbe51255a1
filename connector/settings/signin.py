"""How the merchant signs in: the name and password they choose, and the end of every visit that goes on elsewhere."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import structlog
from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from connector import passwords
from connector.settings import sessions
from connector.settings.door import House, visit
from connector.settings.forms import Form, Wrong
from connector.settings.tongue import _
from connector.store import logins, merchants, rates
from connector.store.logins import Login
from connector.store.merchants import Merchant
from connector.store.rates import Limit

SHORTEST_NAME, LONGEST_NAME = 3, 80
_TRIES, _WITHIN = 5, timedelta(minutes=15)
_log = structlog.get_logger()


def furnish(pages: Blueprint, house: House) -> None:
    """Mount the page, the choosing of a password and its end."""

    @pages.get("/settings/signin")
    def signing_in() -> str:
        with visit(house) as seen:
            return _show(house, logins.get(seen.tx), Form())

    @pages.post("/settings/signin")
    def choose_password() -> Response | tuple[str, int]:
        with visit(house) as seen:
            login, typed = logins.get(seen.tx), request.form.to_dict()
        try:
            wrongs = tuple(_wrongs(house, seen.merchant, login, typed)) or _chosen(house, typed)
        except passwords.Busy:
            wrongs = (Wrong("password", _("Many sign in at this moment. Try again in a few seconds.")),)
        if wrongs:
            return _show(house, login, Form({"name": typed.get("name", "")}, wrongs)), 422
        flash(_("From now on you can sign in by this password. Every other visit is ended."), "good")
        return redirect(url_for("settings.signing_in"), 303)

    @pages.post("/settings/signin/links")
    def only_links() -> Response:
        with visit(house) as seen:
            logins.drop(seen.tx)
            _log.info("password dropped", merchant_id=seen.merchant.id)
        flash(_("The password is gone. One-time links sign you in."), "good")
        return redirect(url_for("settings.signing_in"), 303)


def _chosen(house: House, typed: Mapping[str, str]) -> tuple[Wrong, ...]:
    """Keep the new name and password, and begin this visit anew; return what is wrong with the name."""
    new = Login(_name(typed), passwords.hashed(typed.get("password", "")), house.now())
    with visit(house) as seen:
        if not logins.keep(seen.tx, new):
            return (Wrong("name", _("Somebody else signs in by this name; choose another one.")),)
        # Whoever knew the old one, or found a window open somewhere, is out.
        merchant = merchants.sign_out_everywhere(seen.tx)
    sessions.begin(merchant, seen.now, by_link=False)
    _log.info("password chosen", merchant_id=merchant.id)
    return ()


def _show(house: House, login: Login | None, form: Form) -> str:
    name = {"name": login.name if login is not None else "", **form.values}
    return render_template(
        "signing_in.html",
        section="",
        login=login,
        form=Form(name, form.wrongs),
        asks_old=_asks_old(house, login),
        shortest=passwords.SHORTEST,
    )


def _asks_old(house: House, login: Login | None) -> bool:
    return login is not None and not sessions.is_fresh(house.now())


def _wrongs(
    house: House, merchant: Merchant, login: Login | None, typed: Mapping[str, str]
) -> Iterator[Wrong]:
    """Say what is wrong with what was typed; nothing else is looked at while the old password is."""
    if login is not None and _asks_old(house, login):
        if not _may_try(house, merchant):
            yield Wrong("old", _("That was tried too often. Try again in a quarter of an hour."))
            return
        if not passwords.fits(login.password, typed.get("old", "")):
            yield Wrong("old", _("This is not your present password."))
            return
        _tried_well(house, merchant)
    name, password = _name(typed), typed.get("password", "")
    if not SHORTEST_NAME <= len(name) <= LONGEST_NAME or not name.isprintable():
        yield Wrong("name", _("Choose a name of 3 to 80 characters, such as your e-mail address."))
    match passwords.weakness(password, name):
        case "short":
            yield Wrong(
                "password", _("Choose a password of at least %(least)s characters.", least=passwords.SHORTEST)
            )
        case "long":
            yield Wrong("password", _("At most %(most)s characters.", most=passwords.LONGEST))
        case "easy":
            yield Wrong(
                "password",
                _("That would be guessed soon. Several words that do not belong together are better."),
            )
        case None if password != typed.get("again", ""):
            yield Wrong("again", _("This is not the same as above."))
        case _:
            pass


def _name(typed: Mapping[str, str]) -> str:
    return typed.get("name", "").strip()


def _limit(merchant: Merchant) -> Limit:
    return Limit(f"old password of {merchant.id}", _TRIES, _WITHIN)


def _may_try(house: House, merchant: Merchant) -> bool:
    with house.database.everyone() as connection:
        return rates.count(connection, house.database.ring, (_limit(merchant),), house.now()) is None


def _tried_well(house: House, merchant: Merchant) -> None:
    with house.database.everyone() as connection:
        rates.clear(connection, house.database.ring, _limit(merchant).word)
