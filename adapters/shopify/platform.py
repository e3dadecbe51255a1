"""Shopify as a platform behind the plug: one object, which remembers nothing but what each shop said of its points."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import get_args

from flask import Blueprint

from adapters.shopify import app_file, own, pages, proxy, read, settings, signature
from adapters.shopify.frame import AdminFrame
from adapters.shopify.points import Shops
from adapters.shopify.shop import ShopifyShop
from connector.port import (
    BadSignature,
    Change,
    Delivery,
    Gift,
    Hall,
    Installed,
    Knock,
    MarkKind,
    Pace,
    Platform,
    Setting,
    ShopAdapter,
    ShopLine,
    Shopper,
    TokenVault,
    Unauthorized,
)


class Shopify:
    """What the house needs to know of Shopify."""

    name = "shopify"
    title = "Shopify"
    mark_kind: MarkKind = "tags"
    binds_coupons = True
    gives: frozenset[Gift] = frozenset(get_args(Gift))
    codes_outlive = timedelta(0)
    shows_cards = True
    keeps_cards = True  # metafields in the namespace that is the app's own, which others may at most read
    polled = False
    privacy_topics: tuple[str, ...] = ("customers/redact", "shop/redact", "customers/data_request")

    def __init__(self) -> None:
        self._points = Shops()

    def settings(self, env: Mapping[str, str]) -> tuple[Setting, ...]:
        return settings.check(env)

    def pages(self, env: Mapping[str, str], hall: Hall) -> Blueprint:
        return pages.create_blueprint(settings.app(env), hall)

    def callbacks(self, env: Mapping[str, str], hall: Hall) -> Blueprint | None:
        """None: what Shopify sends back comes with the merchant's browser, to the pages."""
        return None

    def files(self, env: Mapping[str, str], public_url: str) -> Mapping[str, str]:
        return {app_file.NAME: app_file.written(settings.app(env), public_url)}

    def connect(self, env: Mapping[str, str], address: str, public_url: str) -> Installed:
        return own.connect(settings.app(env), address, public_url)

    def shopper(self, env: Mapping[str, str], query: bytes, now: datetime) -> Shopper:
        if not env.get("SHOPIFY_CLIENT_SECRET"):
            raise BadSignature("no client secret is set to check it with")
        return proxy.shopper(settings.app(env), query, now)

    def frame(self, env: Mapping[str, str]) -> AdminFrame | None:
        app = settings.app(env)
        return AdminFrame(app) if app.client_id and app.secrets else None

    def open(
        self, env: Mapping[str, str], shop: ShopLine, vault: TokenVault, pace: Pace = "live"
    ) -> ShopAdapter:
        # A token goes to this address; an address that is no shop's must never become one.
        if not settings.is_shop(shop.address):
            raise Unauthorized("This is no address of a Shopify shop. Connect the shop again.")
        app = settings.app(env)
        points = self._points.of(app.url(shop.address, f"/{shop.address}"))
        return ShopifyShop(app, shop.address, vault, points=points, pace=pace, declared=shop.declared)

    def receive(self, env: Mapping[str, str], knock: Knock, vault: TokenVault | None) -> Delivery:
        if not env.get("SHOPIFY_CLIENT_SECRET"):
            raise BadSignature("no client secret is set to check it with")
        return signature.receive(settings.app(env), knock.headers, knock.body)

    def answer(self, delivery: Delivery) -> None:
        """Nothing: Shopify reads no more than the status."""

    def challenge(self, env: Mapping[str, str], query: Mapping[str, str], vault: TokenVault) -> None:
        """None: Shopify asks for no proof."""

    def read(self, delivery: Delivery) -> tuple[Change, ...]:
        return read.read(delivery)


platform: Platform = Shopify()
