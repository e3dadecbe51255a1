"""The Shopify sandbox: a stand-in for the platform's own servers on loopback, for tests and the demo."""

from adapters.shopify.sandbox.launch import serve
from adapters.shopify.sandbox.server import create_server
from adapters.shopify.sandbox.state import Shop


class ShopifySandbox:
    """What the house finds under the entry point."""

    name = "shopify"

    def serve(self, argv: list[str]) -> None:
        """Serve until ended; `--help` explains the options."""
        serve(argv)


sandbox = ShopifySandbox()

__all__ = ["Shop", "create_server", "sandbox"]
