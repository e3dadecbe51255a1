"""The platform's own addresses: the Admin API, the token address, the merchant's grant page, bulk files."""

import html
import re
import secrets
from urllib.parse import urlencode, urlsplit

import msgspec
from flask import Blueprint, Flask, Response, abort, g, redirect, request, send_file

from adapters.shopify.sandbox import graph, tokens
from adapters.shopify.sandbox.rights import changed as changed_rights
from adapters.shopify.sandbox.state import Shop

_VERSION = re.compile(r"\d{4}-(01|04|07|10)|unstable")
# A version that is served no longer is answered by the oldest that still is.
OLDEST = "2026-01"
_OPERATION = re.compile(r"\b(?:query|mutation)\s+(\w+)")


def routes(shop: Shop) -> Blueprint:
    """Return what the platform answers."""
    wire = Blueprint("wire", __name__)

    @wire.post("/admin/api/<version>/graphql.json")
    def api(version: str) -> Response:
        scopes = _scopes(shop, version)
        if isinstance(scopes, Response):
            return scopes
        try:
            asked = msgspec.json.decode(request.get_data(), type=graph.Request)
        except msgspec.DecodeError:
            return _json({"errors": {"query": "a query is required"}}, 400)
        shop.asked[f"graphql {operation_name()}"] += 1
        response = _json(graph.run(shop, scopes, asked, version))
        response.headers["X-Shopify-API-Version"] = max(version, OLDEST)
        return response

    @wire.get("/admin/api/<version>/shop.json")
    def about(version: str) -> Response:
        """The one address of the REST API that older libraries ask before anything else."""
        scopes = _scopes(shop, version)
        if isinstance(scopes, Response):
            return scopes
        shop.asked["rest shop"] += 1
        return _json(
            {"shop": {"id": shop.id, "name": shop.domain.partition(".")[0], "myshopify_domain": shop.domain}}
        )

    @wire.post("/admin/oauth/access_token")
    def access_token() -> Response:
        asked = request.get_json(silent=True) if request.is_json else request.form.to_dict()
        asked = asked if isinstance(asked, dict) else {}
        shop.asked[
            f"token {asked.get('grant_type', 'code')}".replace("urn:ietf:params:oauth:grant-type:", "")
        ] += 1
        app = (shop.client_id, shop.client_secret)
        with shop.lock:
            try:
                return _json(tokens.answer(shop.desk, app, asked, shop.app_scopes, shop.clock()))
            except tokens.TokenRefusal as refusal:
                return _json({"error": str(refusal), "error_description": "see the error"}, 400)

    @wire.get("/admin/oauth/authorize")
    def grant_page() -> Response:
        fields = _grant_fields(shop)
        csrf = secrets.token_urlsafe(16)
        response = Response(_page(shop, {**fields, "csrf": csrf}), mimetype="text/html")
        response.set_cookie("merchant", csrf, httponly=True, samesite="Lax")
        return response

    @wire.post("/admin/oauth/authorize")
    def grant() -> Response:
        if not secrets.compare_digest(request.form.get("csrf", ""), request.cookies.get("merchant", "-")):
            abort(403)
        fields = _grant_fields(shop)
        with shop.lock:
            shop.public_url = _origin(fields["redirect_uri"])
            shop.app_scopes = fields["scope"] or shop.app_scopes
            query = {
                "code": shop.desk.code(shop.app_scopes, shop.clock()),
                "host": tokens.host_of(shop.domain),
                "shop": shop.domain,
                "state": fields["state"],
                "timestamp": str(int(shop.clock().timestamp())),
            }
        signed = tokens.signed(shop.client_secret, query)
        return redirect(f"{fields['redirect_uri']}?{urlencode(signed)}")  # type: ignore[return-value]

    @wire.get("/admin/oauth/install")
    def allow() -> Response:
        # The merchant says yes to every optional right that is asked for, and comes to the app's own address.
        if request.args.get("client_id") != shop.client_id or shop.public_url is None:
            abort(400)
        asked = [one for one in request.args.get("optional_scopes", "").split(",") if one]
        with shop.lock:
            changed_rights(shop, asked, [])
        query = tokens.signed(
            shop.client_secret,
            {
                "host": tokens.host_of(shop.domain),
                "shop": shop.domain,
                "timestamp": str(int(shop.clock().timestamp())),
            },
        )
        return redirect(f"{shop.public_url}/shopify/?{urlencode(query)}")  # type: ignore[return-value]

    @wire.get("/_files/bulk-<int:bulk_id>.jsonl")
    def bulk_file(bulk_id: int) -> Response:
        path = shop.files.get(bulk_id)
        if path is None:
            abort(404)
        return send_file(path, mimetype="application/jsonl")

    return wire


def disturb(app: Flask, shop: Shop) -> None:
    """Let the faults that were asked for strike."""

    @app.before_request
    def before() -> Response | None:
        if request.path.startswith("/_sandbox"):
            return None
        fault = shop.faulty.take([request.path, operation_name()])
        if fault is None:
            return None
        shop.asked["faulted"] += 1
        if fault.after_effect:
            g.fault = fault
            return None
        return fault.answer()

    @app.after_request
    def after(response: Response) -> Response:
        fault = g.pop("fault", None)
        return response if fault is None else fault.answer() or response


def operation_name() -> str:
    """Return what a GraphQL request calls itself; empty for anything else."""
    if request.method != "POST" or not request.path.endswith("graphql.json"):
        return ""
    try:
        asked = msgspec.json.decode(request.get_data(), type=graph.Request)
    except msgspec.DecodeError:
        return ""
    named = _OPERATION.search(asked.query)
    return asked.operation_name or (named[1] if named else "")


def _scopes(shop: Shop, version: str) -> frozenset[str] | Response:
    if not _VERSION.fullmatch(version):
        abort(404)
    token = request.headers.get("X-Shopify-Access-Token", "")
    known = request.headers.get("X-Sandbox-Shop", shop.domain) == shop.domain
    with shop.lock:
        scopes = shop.desk.scopes(token, shop.clock()) if known else None
        expires = scopes is not None and shop.desk.access[token].until is not None
        if not known or token not in shop.desk.access:
            # Not one that has ended: one that was never this shop's.
            shop.asked["strange token"] += 1
    if scopes is None:
        shop.asked["refused token"] += 1
        return _json({"errors": "[API] this access token is not known"}, 401)
    if not expires:
        return _json({"errors": "[API] access tokens that never expire are not accepted"}, 403)
    return scopes


def _grant_fields(shop: Shop) -> dict[str, str]:
    """Read what the app asks for; refuse another app and addresses that are none."""
    asked = request.values
    fields = {name: asked.get(name, "") for name in ("client_id", "scope", "redirect_uri", "state")}
    target = urlsplit(fields["redirect_uri"])
    if fields["client_id"] != shop.client_id or target.scheme not in ("http", "https") or not target.hostname:
        abort(400)
    return fields


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _page(shop: Shop, fields: dict[str, str]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">' for name, value in fields.items()
    )
    rights = "".join(f"<li>{html.escape(scope)}</li>" for scope in fields["scope"].split(","))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Install app</title>'
        f"<h1>Install Comeback in {html.escape(shop.domain)}?</h1><p>It will be allowed to:</p><ul>{rights}</ul>"
        f'<form method="post" action="/admin/oauth/authorize">{hidden}<button>Install</button></form></html>'
    )


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, mimetype="application/json")
