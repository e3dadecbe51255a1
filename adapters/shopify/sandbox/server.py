"""The shop as a web server."""

from collections.abc import Callable

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from adapters.shopify.sandbox import (
    admin,
    control,
    control_bulk,
    control_gifts,
    deployed,
    storefront,
    wire,
)
from adapters.shopify.sandbox.live import Crowd
from adapters.shopify.sandbox.mail import Mail
from adapters.shopify.sandbox.state import Shop


class _Quiet(WSGIRequestHandler):
    # Answers go out in one piece and connections stay open, as from the platform's edge.
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing: request lines may carry tokens."""


def create_app(shop: Shop, retry_scale: float = 1.0) -> Flask:
    """Return the WSGI application of a shop; its webhooks begin to flow."""
    shop.mail = mail = Mail(shop, retry_scale)
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 4 * 1024 * 1024
    wire.disturb(app, shop)
    app.register_blueprint(wire.routes(shop))
    app.register_blueprint(storefront.routes(shop))
    app.register_blueprint(admin.routes(shop))
    app.register_blueprint(control.routes(shop, mail, Crowd(shop), ready_line(shop)))
    app.register_blueprint(control_bulk.routes(shop))
    app.register_blueprint(control_gifts.routes(shop))
    app.register_blueprint(deployed.routes(shop))
    control.explain(app)
    return app


def create_server(shop: Shop, port: int = 0, retry_scale: float = 1.0) -> BaseWSGIServer:
    """Return a threaded server on loopback; port 0 takes a free one. The caller runs `serve_forever`."""
    server = make_server(
        "127.0.0.1", port, create_app(shop, retry_scale), threaded=True, request_handler=_Quiet
    )
    shop.own_url = f"http://127.0.0.1:{server.server_port}"
    return server


def ready_line(shop: Shop) -> Callable[[], dict[str, object]]:
    """Return what says that the shop is open, and what the app must know of it."""

    def line() -> dict[str, object]:
        return {
            "ready": True,
            "url": shop.own_url,
            "address": shop.domain,
            "environment": {
                "SHOPIFY_CLIENT_ID": shop.client_id,
                "SHOPIFY_CLIENT_SECRET": shop.client_secret,
                "SHOPIFY_API_VERSION": shop.api_version,
                "SHOPIFY_BASE_URL": shop.own_url,
                # As if Shopify had approved it on request.
                "SHOPIFY_ALL_ORDERS": "yes" if "read_all_orders" in shop.app_scopes.split(",") else "no",
            },
            "orders": len(shop.orders),
            "customers": len(shop.customers),
            "history": shop.notes,
        }

    return line
