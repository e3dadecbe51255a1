"""The shopper's page: what they hold, why, and what it can be exchanged for; shown within the shop's own storefront."""

from connector.storefront.door import create_blueprint

__all__ = ["create_blueprint"]
