"""A merchant's own app: its credentials alone open the shops of its organisation, for a day at a time.

They are the server's. Whoever types such a shop's address on a page has proved nothing, so no page leads here: only who may
run commands on the server connects a shop this way.
"""

from adapters.shopify import tokens
from adapters.shopify.pages import FreshVault
from adapters.shopify.settings import App, is_shop
from adapters.shopify.shop import ShopifyShop
from adapters.shopify.wire import WallClock, Wire
from connector.port import Installed, Refused

NOT_OWN = (
    "This app asks each merchant for consent: they connect at {url}. "
    "Only with SHOPIFY_APP_KIND=own are shops connected from here."
)


def connect(app: App, shop: str, public_url: str) -> Installed:
    """Return the shop of the app's own organisation, with access to it; raise Refused or TryLater."""
    if app.kind != "own":
        raise Refused(NOT_OWN.format(url=f"{public_url}/shopify"))
    if not is_shop(shop):
        raise Refused("This is no address of a Shopify shop. Write it like your-shop.myshopify.com.")
    wire = Wire(shop, sandbox=app.base_url is not None)
    try:
        given = tokens.by_client_credentials(app, shop, wire, WallClock().now())
        missing = tokens.lacking(given.scope)
        if missing:
            raise Refused(f"The app also needs these rights: {', '.join(missing)}. Deploy its app file anew.")
        vault = FreshVault(tokens.pack(given))
        facts = ShopifyShop(app, shop, vault, wire=wire).facts()
    finally:
        wire.close()
    if facts.address != shop:
        raise Refused("The shop names itself differently than its address.")
    return Installed(facts, vault.read())
