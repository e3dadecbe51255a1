"""Where a shop sends its webhooks."""

from connector.port import ShopAdapter
from connector.store.shops import Shop


def address(public_url: str, platform_name: str) -> str:
    """Return the address of the door for one platform's shops.

    An adapter whose shops sign with a secret of their own adds a slash and its ShopLine.key.
    """
    return f"{public_url}/webhooks/{platform_name}"


def subscribe(adapter: ShopAdapter, public_url: str, shop: Shop) -> tuple[str, ...]:
    """Make the shop send its webhooks to us and return the topics; safe to repeat, and empty where there are none."""
    return adapter.subscribe(address(public_url, shop.platform))
