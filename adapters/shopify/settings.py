"""The plug's part of the environment: which app we are at Shopify, and which version of the API we speak."""

import re
from collections.abc import Mapping
from typing import Literal, get_args
from urllib.parse import urlsplit

import msgspec

from connector.port import Setting
from connector.records import CouponKind

DEFAULT_VERSION = "2026-10"
# Our documents are held against the schemas of these two; older ones lack fields we read.
OLDEST_VERSION = "2026-07"
_VERSION = re.compile(r"(20\d\d)-(01|04|07|10)")
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,59}\.myshopify\.com")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

# write_ rights include the reading ones at Shopify; all are named, because the grant page shows them to the merchant.
# Products, because a line of an order names one; merging, for its webhook; the proxy, for the page that shoppers see.
SCOPES = (
    "read_orders",
    "read_customers",
    "write_customers",
    "read_customer_merge",
    "read_products",
    "read_discounts",
    "write_discounts",
    "write_app_proxy",
)

# Asked for inside the app, by whoever wants rewards that need them.
FOR_GIFTS: Mapping[CouponKind, tuple[str, ...]] = {
    "store_credit": (
        "read_store_credit_accounts",
        "read_store_credit_account_transactions",
        "write_store_credit_account_transactions",
    ),
    "gift_card": ("read_gift_cards", "write_gift_cards"),
}
OPTIONAL = tuple(right for rights in FOR_GIFTS.values() for right in rights)
# Granted by Shopify on request; asked for without it, an install is refused.
ALL_ORDERS = "read_all_orders"

# How the app came into being: listed in Shopify's App Store and opened inside its admin; made for one merchant's shops,
# with pages on its own address; or a merchant's own, which needs no consent in the shops of its own organisation.
Kind = Literal["public", "custom", "own"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class App(msgspec.Struct, frozen=True):
    """Who we are at Shopify. `secrets` are those a signature may be made with, the current one first."""

    client_id: str
    secrets: tuple[str, ...]
    version: str = DEFAULT_VERSION
    base_url: str | None = None
    kind: Kind = "custom"
    all_orders: bool = False

    @property
    def secret(self) -> str:
        """The current secret: the one we prove ourselves with."""
        return self.secrets[0]

    def url(self, shop: str, path: str) -> str:
        """Return where a path of this shop lives: at the shop itself, or at the sandbox that stands in for it."""
        return (self.base_url or f"https://{shop}") + path


def app(env: Mapping[str, str]) -> App:
    """Read the environment that `check` found good."""
    secrets = (env.get("SHOPIFY_CLIENT_SECRET", ""), env.get("SHOPIFY_CLIENT_SECRET_PREVIOUS", ""))
    return App(
        client_id=env.get("SHOPIFY_CLIENT_ID", ""),
        secrets=tuple(secret for secret in secrets if secret),
        version=env.get("SHOPIFY_API_VERSION") or DEFAULT_VERSION,
        base_url=(env.get("SHOPIFY_BASE_URL") or "").rstrip("/") or None,
        kind=kind(env),
        all_orders=env.get("SHOPIFY_ALL_ORDERS") == "yes",
    )


def scopes(app: App) -> tuple[str, ...]:
    """Return the rights that the app asks every shop for."""
    return (*SCOPES, ALL_ORDERS) if app.all_orders else SCOPES


def kind(env: Mapping[str, str]) -> Kind:
    """Return what kind of app this is; an unknown word, which `check` names, counts as custom."""
    word = env.get("SHOPIFY_APP_KIND") or "custom"
    return word if word in KINDS else "custom"


def check(env: Mapping[str, str]) -> tuple[Setting, ...]:
    """Say of each variable whether it is good, in words that tell what to do."""
    return (
        Setting("SHOPIFY_CLIENT_ID", "the app's client id from Shopify's Dev Dashboard", _client_id(env)),
        Setting(
            "SHOPIFY_CLIENT_SECRET", "the app's client secret from the same page", _secret(env), secret=True
        ),
        Setting(
            "SHOPIFY_CLIENT_SECRET_PREVIOUS",
            "the secret before the last rotation; messages signed with it are still believed",
            None,
            secret=True,
        ),
        Setting("SHOPIFY_APP_KIND", "public, custom or own; custom if unset", _kind(env)),
        Setting(
            "SHOPIFY_ALL_ORDERS",
            "yes once Shopify has approved read_all_orders; else orders of the last 60 days are shown",
            None if env.get("SHOPIFY_ALL_ORDERS", "") in {"", "yes", "no"} else "is neither yes nor no",
        ),
        Setting("SHOPIFY_API_VERSION", f"the Admin API version, {DEFAULT_VERSION} if unset", _version(env)),
        Setting(
            "SHOPIFY_BASE_URL", "a sandbox on this machine that stands in for every shop", _base_url(env)
        ),
    )


def is_shop(address: str) -> bool:
    """Tell whether this is a shop's own address and nothing else: `name.myshopify.com`."""
    return _SHOP.fullmatch(address) is not None


def _client_id(env: Mapping[str, str]) -> str | None:
    if env.get("SHOPIFY_CLIENT_ID"):
        return None
    if not env.get("SHOPIFY_CLIENT_SECRET"):
        return "not set, so Shopify is not offered; create an app in Shopify's Dev Dashboard to offer it"
    return "not set; copy it from the app's page in Shopify's Dev Dashboard"


def _secret(env: Mapping[str, str]) -> str | None:
    if env.get("SHOPIFY_CLIENT_SECRET"):
        return None
    return "not set; copy it from the app's page in Shopify's Dev Dashboard"


def _kind(env: Mapping[str, str]) -> str | None:
    if (env.get("SHOPIFY_APP_KIND") or "custom") in KINDS:
        return None
    return (
        "is no kind of app; write public (listed, opened inside Shopify's admin), custom (made for one merchant, "
        "on its own address) or own (in the merchant's own organisation, connected by `comeback connect`)"
    )


def _version(env: Mapping[str, str]) -> str | None:
    version = env.get("SHOPIFY_API_VERSION") or DEFAULT_VERSION
    if _VERSION.fullmatch(version) is None:
        return f"is no API version; write it like {DEFAULT_VERSION} (the months are 01, 04, 07 and 10)"
    if version < OLDEST_VERSION:
        return f"is too old for Comeback; use {OLDEST_VERSION} or newer, best {DEFAULT_VERSION}"
    return None


def _base_url(env: Mapping[str, str]) -> str | None:
    text = env.get("SHOPIFY_BASE_URL") or ""
    try:
        url = urlsplit(text)
        host = url.hostname
    except ValueError:
        return "is no URL; write it like http://127.0.0.1:8090"
    if not text or (host in _LOOPBACK and url.scheme in {"http", "https"} and not url.query):
        return None
    # Tokens of real shops would go to whatever stands there.
    return (
        "may only name a sandbox on this machine, like http://127.0.0.1:8090; unset it to talk to real shops"
    )
