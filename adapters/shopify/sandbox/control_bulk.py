"""Control addresses about bulk queries: what becomes of the next ones, in which order their lines come, a week gone by."""

import msgspec
from flask import Blueprint, Response, request

from adapters.shopify.sandbox import bulk
from adapters.shopify.sandbox.state import Shop
from adapters.shopify.sandbox.things import Fate


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    """`next` are the fates of the next bulk queries, one each; `shuffled` is the seed that mixes the lines of files."""

    next: list[Fate] = []
    shuffled: int | None = None


def routes(shop: Shop) -> Blueprint:
    """Return the control addresses."""
    control = Blueprint("control_bulk", __name__, url_prefix="/_sandbox/bulk")

    @control.post("")
    def wish() -> Response:
        asked = msgspec.json.decode(request.get_data() or b"{}", type=Wish)
        with shop.lock:
            shop.bulk_fates, shop.bulk_shuffled = asked.next, asked.shuffled
        return _json({"next": asked.next})

    @control.post("/expire")
    def expire() -> Response:
        bulk.expire(shop)
        return _json({"expired": True})

    return control


def _json(body: object) -> Response:
    return Response(msgspec.json.encode(body), mimetype="application/json")
