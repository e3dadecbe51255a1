"""The shop's admin: a page of another site that shows the app inside itself, and a stand-in for App Bridge.

The admin answers at 127.0.0.1 and the app at localhost: two sites to a browser, so that no cookie of the app goes along.
"""

import html
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import msgspec
from flask import Blueprint, Response, abort, request, send_from_directory

from adapters.shopify.sandbox import tokens
from adapters.shopify.sandbox.state import Shop

_STATIC = Path(__file__).parent / "static"
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{shop} · Admin</title><link rel="stylesheet" href="/cdn/admin.css"></head>
<body><nav aria-label="Comeback"></nav><div id="bar" hidden></div><iframe name="app" title="Comeback" src="{src}"></iframe>
<script src="/cdn/admin.js" data-home="{home}" data-app="{app}" data-sitting="{sitting}"></script></body>
</html>
"""


def routes(shop: Shop) -> Blueprint:
    """Return the admin's pages, the scripts of its CDN, and its desk of id tokens."""
    admin = Blueprint("admin", __name__)
    stale = [0]  # so many of the next tokens have ended already

    def token(sitting: str) -> str:
        with shop.lock:
            ended, stale[0] = stale[0] > 0, max(0, stale[0] - 1)
            at = shop.clock() - timedelta(hours=1) if ended else shop.clock()
            return tokens.id_token((shop.client_id, shop.client_secret), shop.domain, at, sitting)

    @admin.get("/admin/store/<name>/apps/comeback/")
    @admin.get("/admin/store/<name>/apps/comeback/<path:path>")
    def framed(name: str, path: str = "") -> Response:
        home = _home(shop, name)
        app, sitting = _app(shop), request.args.get("sitting") or "sitting-of-" + name
        own = {word: one for word, one in request.args.items() if word != "sitting"}
        brought = {
            "embedded": "1",
            "host": tokens.host_of(shop.domain),
            "id_token": token(sitting),
            "locale": "en",
            "shop": shop.domain,
            "timestamp": str(int(shop.clock().timestamp())),
        }
        query = urlencode({**own, **tokens.signed(shop.client_secret, brought)})
        src = f"{app}/{path or 'shopify/'}?{query}"
        words = {"shop": shop.domain, "src": src, "home": home, "app": app, "sitting": sitting}
        return Response(_PAGE.format(**{word: html.escape(one) for word, one in words.items()}))

    @admin.get("/admin/store/<name>/token")
    def id_token(name: str) -> Response:
        _home(shop, name)
        shop.asked["id token"] += 1
        return Response(token(request.args["sitting"]), mimetype="text/plain")

    @admin.get("/cdn/<path:name>")
    def cdn(name: str) -> Response:
        return send_from_directory(_STATIC, name)

    @admin.post("/_sandbox/stale_tokens")
    def make_stale() -> Response:
        stale[0] = int(msgspec.json.decode(request.get_data())["next"])
        return Response(status=204)

    return admin


def _home(shop: Shop, name: str) -> str:
    if name != shop.domain.partition(".")[0]:
        abort(404)
    return f"/admin/store/{name}"


def _app(shop: Shop) -> str:
    """Return the app's origin, as another site than this one."""
    if shop.public_url is None:
        abort(404)
    return f"http://localhost:{urlsplit(shop.public_url).port}"
