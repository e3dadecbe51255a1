"""One member's card: who they are, what they hold and why, and what staff can do for them."""

import msgspec
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from connector.flow import programme, redeeming, settling
from connector.loyalty import sentences
from connector.loyalty.decide import decide
from connector.loyalty.facts import Standing
from connector.loyalty.redeem import CannotRedeem
from connector.loyalty.terms import Redeemable, Version
from connector.loyalty.versions import in_force
from connector.secrets import random_word
from connector.settings import asked, forms, show
from connector.settings.door import House, Visit, not_there, visit
from connector.settings.forms import Form, Refused, Wrong
from connector.settings.tongue import _, language
from connector.settings.words import code_state
from connector.store.reading import coupons, members
from connector.store.reading.members import Booking, Member, Person

MOST_POINTS = 1_000_000  # given or taken at once: a slip of the finger stays small
LONGEST_REASON = 200
_ACTOR = "staff"


class Told(msgspec.Struct, frozen=True):
    """A ledger line with its sentence."""

    line: Booking
    sentence: str


class Place(msgspec.Struct, frozen=True):
    """Where a coupon can be made for the member. `value` is what the form sends."""

    value: str
    title: str


class Forms(msgspec.Struct, frozen=True):
    """The two forms of the card, as they were typed when they come back."""

    redeem: Form = Form()
    adjust: Form = Form()


def furnish(pages: Blueprint, house: House) -> None:
    """Mount the card and its two forms."""

    @pages.get(f"/settings/members/<{asked.ROW}:member_id>")
    def member(member_id: int) -> str | Response:
        with visit(house) as seen:
            found = _member(seen, member_id)
            if found.survivor_id is not None:
                return redirect(url_for("settings.member", member_id=found.survivor_id))
            return _card(seen, found, Forms())

    @pages.post(f"/settings/members/<{asked.ROW}:member_id>/redeem")
    def redeem(member_id: int) -> Response | tuple[str, int]:
        with visit(house) as seen:
            found = _member(seen, member_id)
            typed = request.form.to_dict()
            try:
                made = _redeem(seen, found, typed)
            except Refused as refusal:
                wrong = Wrong("reward", str(refusal))
                return _card(seen, found, Forms(redeem=Form(typed, (wrong,)))), 422
            flash(_("The code %(code)s is being made in the shop.", code=made), "good")
        return redirect(url_for("settings.member", member_id=member_id), 303)

    @pages.post(f"/settings/members/<{asked.ROW}:member_id>/adjust")
    def adjust(member_id: int) -> Response | tuple[str, int]:
        with visit(house) as seen:
            found = _member(seen, member_id)
            typed = request.form.to_dict()
            wrongs, points, reason = _adjustment(found, typed)
            if wrongs:
                return _card(seen, found, Forms(adjust=Form(typed, wrongs))), 422
            key = _act_key(typed)
            try:
                redeeming.adjust(seen.tx, found.id, points, reason, key, _ACTOR, seen.now)
            except redeeming.NotHere:
                not_there()
            flash(_("%(points)s points booked.", points=show.signed(points)), "good")
        return redirect(url_for("settings.member", member_id=member_id), 303)


def _member(seen: Visit, member_id: int) -> Member:
    try:
        return members.get(seen.tx, member_id)
    except LookupError:
        not_there()


def _card(seen: Visit, found: Member, typed: Forms) -> str:
    people = members.people(seen.tx, found.id)
    versions = programme.versions(seen.tx)
    return render_template(
        "member.html",
        section="members",
        zone=seen.zone,
        member=found,
        people=people,
        shops={shop.id: shop for shop in seen.shops},
        orders=members.placed(seen.tx, found.id),
        ledger=tuple(
            Told(line, sentences.explain(line.inputs, language()))
            for line in members.ledger(seen.tx, found.id)
        ),
        standing=_standing(seen, found, versions),
        codes=tuple((line, _code_state(seen, line)) for line in coupons.of_member(seen.tx, found.id)),
        started=bool(versions),
        redeemables=_redeemables(seen, versions),
        places=_places(seen, people),
        forms=typed,
        act_key=random_word(),
        title=_title(found, people),
    )


def _title(found: Member, people: tuple[Person, ...]) -> str:
    names = (person.name or person.email for person in people)
    return next((name for name in names if name), _("Member %(id)s", id=found.id))


def _standing(seen: Visit, found: Member, versions: tuple[Version, ...]) -> Standing | None:
    """Work out lots and waiting points as they are at this moment; nothing is written."""
    if not versions:
        return None
    known = settling.recall(seen.tx, [found.id])[found.id]
    return decide(known.history, versions, known.booked, seen.now).standing


def _code_state(seen: Visit, line: coupons.CodeLine) -> str:
    state = code_state(line)
    return "ended" if state == "live" and line.ends_at <= seen.now else state


def _redeemables(seen: Visit, versions: tuple[Version, ...]) -> tuple[Redeemable, ...]:
    return in_force(versions, seen.now).terms.redeemables if versions else ()


def _places(seen: Visit, people: tuple[Person, ...]) -> tuple[Place, ...]:
    names = {shop.id: shop.name for shop in seen.shops if shop.state == "connected"}
    here = [person for person in people if person.shop_id in names and person.removed_at is None]
    return tuple(Place(f"{one.shop_id}:{one.id}", f"{names[one.shop_id]} ({one.id})") for one in here)


def _redeem(seen: Visit, found: Member, typed: dict[str, str]) -> str:
    """Book the redemption that was asked for and return its code; raise Refused."""
    shop, _colon, customer_id = typed.get("place", "").partition(":")
    if not shop:
        raise Refused(_("Choose a shop in which the code is made."))
    shop_id, key = seen.shop(asked.whole(shop)).id, typed.get("reward", "")
    try:
        made = redeeming.redeem(
            seen.tx, found.id, shop_id, customer_id, key, _act_key(typed), _ACTOR, seen.now
        )
    except CannotRedeem as refusal:
        raise Refused(sentences.refusal(refusal, language())) from refusal
    except redeeming.NotHere:
        not_there()
    return made.code


def _adjustment(found: Member, typed: dict[str, str]) -> tuple[tuple[Wrong, ...], int, str]:
    """Read the adjustment: what is wrong with it, else its points and reason."""
    reason, points, wrongs = typed.get("reason", "").strip(), 0, []
    try:
        points = forms.whole(typed.get("points", ""))
    except Refused as refusal:
        wrongs.append(Wrong("points", str(refusal)))
    else:
        if points == 0:
            wrongs.append(Wrong("points", _("Nought changes nothing: write 50 to give, -50 to take.")))
        if abs(points) > MOST_POINTS:
            most = show.number(MOST_POINTS)
            wrongs.append(Wrong("points", _("At most %(most)s points at once.", most=most)))
        elif points < 0 and -points > max(found.balance, 0):
            wrongs.append(
                Wrong(
                    "points",
                    _("There are only %(balance)s to take.", balance=show.number(max(found.balance, 0))),
                )
            )
    if not reason:
        wrongs.append(Wrong("reason", _("Say why: the member's ledger shows it.")))
    if len(reason) > LONGEST_REASON:
        wrongs.append(Wrong("reason", _("At most %(most)s characters.", most=LONGEST_REASON)))
    return tuple(wrongs), points, reason


def _act_key(typed: dict[str, str]) -> str:
    """Return the form's own key: sent twice, it books once. Without one there is no telling, so it is refused."""
    key = typed.get("act_key", "")
    if not (16 <= len(key) <= 64 and key.isascii()):
        abort(400)
    return key
