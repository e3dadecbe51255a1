"""A stand-in for a Magento Open Source 2.4 shop: its REST interface, its rules, its shoppers; for tests and the demo."""

from adapters.magento.sandbox.serve import sandbox
from adapters.magento.sandbox.server import create_server
from adapters.magento.sandbox.shop import Shop

__all__ = ["Shop", "create_server", "sandbox"]
