"""The shop's own address, as its visitors see it: what lies under `/apps/comeback` is forwarded to the app and signed.

Cookies stay behind on both ways. What comes back as Liquid is run as Liquid: here, every pair of braces is taken out and
counted, so that a page that lets a shopper's words be run is found.
"""

import hashlib
import hmac
import re
from urllib.parse import parse_qsl, urlencode

import requests
from flask import Blueprint, Response, request

from adapters.shopify.sandbox.state import Shop

PREFIX = "/apps/comeback"
_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.S)
_PASSED = ("Content-Type", "Accept-Language", "User-Agent")


def routes(shop: Shop) -> Blueprint:
    """Return what a visitor reaches."""
    front = Blueprint("front", __name__)

    @front.route(PREFIX, methods=["GET", "POST"])
    def forward() -> Response:
        own = parse_qsl(request.query_string.decode(), keep_blank_values=True)
        asked = [*own, *added(shop)]
        query = urlencode([*asked, ("signature", signature(shop.client_secret, asked))])
        answer = requests.request(
            request.method,
            f"{shop.public_url}/storefront/shopify?{query}",
            data=request.get_data(),
            headers={name: request.headers[name] for name in _PASSED if name in request.headers},
            allow_redirects=False,
            timeout=10,
        )
        shop.asked["forwarded"] += 1
        return _in_theme(shop, answer)

    return front


def added(shop: Shop) -> list[tuple[str, str]]:
    """Return what the platform adds to the visitor's own query: who is signed in in the storefront, if anybody."""
    return [
        ("shop", shop.domain),
        ("logged_in_customer_id", shop.visitor or ""),
        ("path_prefix", PREFIX),
        ("timestamp", str(int(shop.clock().timestamp()))),
    ]


def signature(secret: str, asked: list[tuple[str, str]]) -> str:
    """Sign a query: values of one name joined by commas, names in their order, nothing in between."""
    values: dict[str, list[str]] = {}
    for name, word in asked:
        values.setdefault(name, []).append(word)
    message = "".join(f"{name}={','.join(values[name])}" for name in sorted(values))
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def _in_theme(shop: Shop, answer: requests.Response) -> Response:
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    if kind != "application/liquid":
        return Response(answer.content, answer.status_code, mimetype=kind)
    page, ran = _LIQUID.subn("", answer.text)
    shop.asked["liquid ran"] += ran
    theme = f"<!doctype html><html lang='en'><title>{shop.domain}</title><body>{page}</body></html>"
    return Response(theme, answer.status_code, mimetype="text/html")
