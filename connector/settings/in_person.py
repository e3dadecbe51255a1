"""The form for what somebody asks of the merchant in person: by a typed address, or from a member's card."""

from typing import get_args

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from connector.flow import in_person
from connector.settings import asked
from connector.settings.door import House, Visit, not_there, visit
from connector.settings.tongue import _
from connector.store.reading import members
from connector.store.reading.members import Person
from connector.store.shops import Shop

_LONGEST = 254  # characters of an address


def furnish(pages: Blueprint, house: House) -> None:
    """Mount what both forms are sent to."""

    @pages.post("/settings/activity/privacy", endpoint="in_person")
    def ask() -> Response:
        with visit(house) as seen:
            _ask(seen)
        return redirect(url_for("settings.privacy_requests"), 303)


def _ask(seen: Visit) -> None:
    shop = seen.shop(asked.whole(request.form.get("shop", "")))
    wish = next((one for one in get_args(in_person.Wish) if one == request.form.get("wish")), None)
    whose = _account(seen, shop) if "customer" in request.form else None
    email = request.form.get("email", "").strip() if whose is None else whose.email
    if wish is None or shop.is_erased:
        not_there()
    if whose is None and not ("@" in (email or "") and len(email or "") <= _LONGEST):
        flash(_("Nothing was done: write the e-mail address of the person."), "bad")
    elif wish == "forget" and request.form.get("sure") != "yes":
        flash(_("Nobody was forgotten: tick that you are sure."), "bad")
    else:
        in_person.ask(
            seen.tx, shop, wish, seen.now, email=email, customer_id=None if whose is None else whose.id
        )
        flash(
            _("The file is being made; it is here in a moment.")
            if wish == "file"
            else _("The person is being forgotten; the proof is here in a moment."),
            "good",
        )


def _account(seen: Visit, shop: Shop) -> Person:
    for person in members.people(seen.tx, asked.whole(request.form.get("member", ""))):
        if (person.shop_id, person.id) == (shop.id, request.form["customer"]) and person.forgotten_at is None:
            return person
    not_there()
