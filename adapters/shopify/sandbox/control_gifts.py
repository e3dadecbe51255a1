"""Control addresses about gifts of money: what was given, how the shop keeps it, and the optional rights for it."""

import msgspec
from flask import Blueprint, Response, request

from adapters.shopify.sandbox import rights, truth
from adapters.shopify.sandbox.state import Shop
from adapters.shopify.sandbox.things import Sharpness


class Keeping(msgspec.Struct, forbid_unknown_fields=True):
    """`keeps`: how exactly the end of a credit is kept; `unseen_seconds`: how long a search misses a new gift card."""

    keeps: Sharpness = "second"
    unseen_seconds: float = 0.0


class Rights(msgspec.Struct, forbid_unknown_fields=True):
    """Rights that the merchant grants or takes back, in the tokens that are out as in those to come."""

    grant: list[str] = []
    withhold: list[str] = []


def routes(shop: Shop) -> Blueprint:
    """Return the control addresses."""
    control = Blueprint("control_gifts", __name__, url_prefix="/_sandbox")

    @control.get("/gifts")
    def given() -> Response:
        with shop.lock:
            cards = [truth.gift_card(it) for it in shop.gifts.cards.values()]
            known = shop.gifts.accounts
            credits = [truth.credit(it, known[it.account_id]) for it in shop.gifts.credits.values()]
            return _json({"gifts": [*cards, *credits]})

    @control.post("/gifts")
    def keep() -> Response:
        wish = msgspec.json.decode(request.get_data() or b"{}", type=Keeping)
        with shop.lock:
            shop.gifts.keeps, shop.gifts.unseen_seconds = wish.keeps, wish.unseen_seconds
        return _json(wish)

    @control.post("/rights")
    def change() -> Response:
        wish = msgspec.json.decode(request.get_data() or b"{}", type=Rights)
        with shop.lock:
            rights.changed(shop, wish.grant, wish.withhold)
            return _json({"scopes": shop.app_scopes})

    return control


def _json(body: object) -> Response:
    return Response(msgspec.json.encode(body), mimetype="application/json")
