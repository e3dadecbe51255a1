"""Opened by Shopify: whether the session token must be exchanged first, where the merchant goes, and the bounce page."""

from datetime import datetime
from urllib.parse import quote, urlencode

from flask import Response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from adapters.shopify import frame, tokens
from adapters.shopify.frame import AdminFrame
from adapters.shopify.settings import App, is_shop
from connector.port import Hall, Unauthorized


def needs_exchange(hall: Hall, shop: str, now: datetime) -> bool:
    """Tell whether this shop has no tokens, or none that would still do: dead, or lacking a right we need by now.

    An opening of a shop that stands well changes nothing; the admin opens an app all day.
    """
    known = hall.known(shop)
    if known is None or known.state != "connected":
        return True
    vault = hall.vault(shop)
    if vault is None:
        return True
    try:
        kept = tokens.unpack(vault.read())
    except Unauthorized:
        return True
    dead = kept.refresh_until is not None and kept.refresh_until <= now
    return dead or bool(tokens.lacking(kept.scope))


def overview() -> str:
    """Return the address of the first page, with the token and whatever else the admin brought, good for its minute."""
    kept = [(name, word) for name, word in request.args.items(multi=True) if name != "merchant_code"]
    return f"/?{urlencode(kept)}"


def asks(app: App, hall: Hall, shop: str) -> bool:
    """Tell whether a shop that comes for the first time is asked for a joining code: one is out, and it can bring none.

    A listed app is installed from Shopify's own pages, which hand nothing on.
    """
    return app.kind == "public" and hall.known(shop) is None and hall.expects()


def in_admin(app: App, shop: str) -> str:
    """Return where the app stands in this shop's own admin."""
    place = f"/store/{shop.partition('.')[0]}/apps"
    return (
        f"{app.base_url}/admin{place}/comeback/" if app.base_url else f"{frame.ADMIN}{place}/{app.client_id}"
    )


def room(room: str) -> Answer:
    """Go on to a page of the merchant's: an admin may write its path behind the app's own address, which ends in ours."""
    return redirect(f"/settings/{quote(room)}?{request.query_string.decode()}")


def bounce(app: App, hall: Hall) -> Response:
    """Show App Bridge alone: it goes on to `shopify-reload` with a new session token.

    400 for an address that is none of ours. The frame is opened only to a shop that is installed here, never to whatever
    the address names.
    """
    shop, wanted = request.args.get("shop", ""), request.args.get(frame.RELOAD, "")
    known = hall.known(shop) if is_shop(shop) else None
    if known is None or known.state == "removed" or not frame.inside(wanted):
        return Response(status=400)
    framing = AdminFrame(app).framing(shop)
    answer = Response(render_template("shopify/bounce.html", framing=framing))
    answer.headers["Content-Security-Policy"] = frame.policy(framing)
    return answer
