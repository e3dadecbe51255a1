"""One member: their card, and what staff can do for them."""

from flask import Blueprint, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from connector.flow import redeeming
from connector.loyalty import sentences
from connector.loyalty.facts import Redemption
from connector.loyalty.redeem import CannotRedeem
from connector.settings import asked, card, forms, show
from connector.settings.card import Forms
from connector.settings.door import House, Visit, not_there, visit
from connector.settings.forms import Form, Refused, Wrong
from connector.settings.tongue import _, language
from connector.store.reading import members
from connector.store.reading.members import Member

MOST_POINTS = 1_000_000  # given or taken at once: a slip of the finger stays small
LONGEST_REASON = 200
_ACTOR = "staff"


def furnish(pages: Blueprint, house: House) -> None:
    """Mount the card and its two forms."""

    @pages.get(f"/settings/members/<{asked.ROW}:member_id>")
    def member(member_id: int) -> str | Response:
        with visit(house) as seen:
            found = _member(seen, member_id)
            if found.survivor_id is not None:
                return redirect(url_for("settings.member", member_id=found.survivor_id))
            return card.show(seen, found, Forms())

    @pages.post(f"/settings/members/<{asked.ROW}:member_id>/redeem")
    def redeem(member_id: int) -> Response | tuple[str, int]:
        with visit(house) as seen:
            found = _member(seen, member_id)
            typed = request.form.to_dict()
            made = _redeem(seen, found, typed)
            if isinstance(made, Wrong):
                return card.show(seen, found, Forms(redeem=Form(typed, (made,)))), 422
            flash(_told(made), "good")
        return redirect(url_for("settings.member", member_id=member_id), 303)

    @pages.post(f"/settings/members/<{asked.ROW}:member_id>/adjust")
    def adjust(member_id: int) -> Response | tuple[str, int]:
        with visit(house) as seen:
            found = _member(seen, member_id)
            typed = request.form.to_dict()
            wrongs, points, reason = _adjustment(found, typed)
            if wrongs:
                return card.show(seen, found, Forms(adjust=Form(typed, wrongs))), 422
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


def _told(made: Redemption) -> str:
    match made.reward.kind:
        case "store_credit":
            return _("“%(name)s” is on its way to the customer's account in the shop.", name=made.reward_name)
        case "gift_card":
            return _("The gift card %(code)s is being made in the shop.", code=made.code)
        case _:
            return _("The code %(code)s is being made in the shop.", code=made.code)


def _redeem(seen: Visit, found: Member, typed: dict[str, str]) -> Redemption | Wrong:
    """Book the redemption that was asked for and return it, or what is wrong with it."""
    shop, _colon, customer_id = typed.get("place", "").partition(":")
    if not shop:
        return Wrong("place", _("Choose a shop in which the code is made."))
    shop_id, key = seen.shop(asked.whole(shop)).id, typed.get("reward", "")
    try:
        return redeeming.redeem(
            seen.tx, found.id, shop_id, customer_id, key, _act_key(typed), _ACTOR, seen.now
        )
    except CannotRedeem as refusal:
        return Wrong("reward", sentences.refusal(refusal, language()))
    except redeeming.NotHere:
        not_there()


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
