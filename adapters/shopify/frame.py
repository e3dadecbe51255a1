"""Shopify's admin as the frame of the merchant's pages: who looks, what the pages need, and the way to a new proof.

The admin opens a page with a session token in its address; App Bridge, which must be the first script of every page, sends
one along with every fetch. It lives a minute. A page that comes without one (reloaded, or opened by a plain link) bounces:
App Bridge, alone on a page, goes on to the address in `shopify-reload` with a new one.
"""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from adapters.shopify import grants
from adapters.shopify.grants import NotProven
from adapters.shopify.settings import App, is_shop
from connector.port import BadSignature, Framing, Question, Visitor

ADMIN = "https://admin.shopify.com"
CDN = "https://cdn.shopify.com"
BRIDGE = f"{CDN}/shopifycloud/app-bridge.js"
SANDBOX_BRIDGE = "/cdn/app-bridge.js"
BOUNCE = "/shopify/bounce"
RELOAD = "shopify-reload"
RETRY = ("X-Shopify-Retry-Invalid-Session-Request", "1")
# Put into an address that comes out of a bounce; from there on a bad proof is said instead of bounced for ever.
_BOUNCED = "bounced"
_ADDED = frozenset(
    {"id_token", "hmac", "host", "embedded", "timestamp", "locale", "session", RELOAD, _BOUNCED}
)


class AdminFrame:
    """The admin of every shop of this app (port.Frame)."""

    retry = RETRY

    def __init__(self, app: App) -> None:
        self._app = app

    def visitor(self, proof: str | None, question: Question) -> Visitor | None:
        """Return who asks; None where no session token came. Raise BadSignature.

        The token of a fetch stands in its header, that of a document in its address; what both name is one shop.
        """
        tokens = [proof] if proof is not None else [word for name, word in question if name == "id_token"]
        if not tokens:
            return None
        if len(tokens) > 1:
            raise BadSignature("two session tokens")
        try:
            opened = grants.opened_by(self._app, tokens[0])
        except NotProven as error:
            raise BadSignature(str(error)) from error
        if any(shop != opened.shop for shop in _shops(question)):
            raise BadSignature("the address names another shop than the session token")
        return Visitor(opened.shop, opened.sitting)

    def plain(self, question: Question) -> list[tuple[str, str]]:
        """Return the question without what the admin adds; `shop` only where it holds a shop's address: ours is a number."""
        return [
            (name, word)
            for name, word in question
            if name not in _ADDED and not (name == "shop" and is_shop(word))
        ]

    def bounce(self, question: Question, wanted: str) -> str | None:
        """Return the bounce page for `wanted`; None where no single shop is named, or out of a bounce."""
        shops = set(_shops(question))
        if len(shops) != 1 or any(name == _BOUNCED for name, _ in question):
            return None
        shop = shops.pop()
        kept = urlencode([*self.plain(question), ("embedded", "1"), ("shop", shop), (_BOUNCED, "1")])
        return f"{BOUNCE}?{urlencode({'shop': shop, RELOAD: f'{wanted}?{kept}'})}"

    def framing(self, address: str) -> Framing:
        """Return what pages need in this shop's admin; a sandbox stands in for the admin and for the script's home."""
        stand_in = self._app.base_url
        return Framing(
            script=f"{stand_in}{SANDBOX_BRIDGE}" if stand_in else BRIDGE,
            metas=(("shopify-api-key", self._app.client_id),),
            ancestors=(stand_in,) if stand_in else (f"https://{address}", ADMIN),
            sources=(stand_in or CDN,),
            keeps=("embedded", "shop"),
            menu="s-app-nav",
            item="s-link",
            event="shopify:navigate",
        )


def policy(framing: Framing) -> str:
    """Return the policy of a page that holds nothing but the admin's script."""
    sources, ancestors = " ".join(framing.sources), " ".join(framing.ancestors)
    return (
        f"default-src 'none'; script-src {sources}; connect-src 'self' {sources}; base-uri 'none'; "
        f"frame-ancestors {ancestors}"
    )


def inside(address: str) -> bool:
    """Tell whether an address is one of our own pages, and cannot be read as another host's."""
    parts = urlsplit(address)
    # Browsers read a backslash as a slash and skip tabs and newlines.
    plain = address.isprintable() and "\\" not in address
    return plain and address.startswith("/") and not address.startswith("//") and not parts.netloc


def framed(question: Mapping[str, str]) -> bool:
    """Tell whether the admin shows this page inside itself rather than in a window of its own."""
    return question.get("embedded") == "1"


def _shops(question: Question) -> list[str]:
    return [word for name, word in question if name == "shop" and is_shop(word)]
