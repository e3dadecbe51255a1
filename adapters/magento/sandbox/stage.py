"""Everything one running sandbox is made of: the shop, its shoppers, its post office, and the trouble on order."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from adapters.magento.sandbox.faults import Faults
from adapters.magento.sandbox.hints import Hints
from adapters.magento.sandbox.rows import Customer, Order, Stamp
from adapters.magento.sandbox.shop import Shop, stamp
from adapters.magento.sandbox.shoppers import Shoppers

HINT_SECRET = "hint-secret-of-the-sandbox"  # noqa: S105 - it guards an invented shop


Said = dict[str, Any]
Control = Callable[..., Any]
Routes = list[tuple[str, str, Control]]  # method, path under /_sandbox, what answers


class Missing(Exception):
    """There is no such thing in this shop."""


class Stage:
    """What the control routes act on."""

    def __init__(self, shop: Shop, *, hints: bool = False) -> None:
        self.shop = shop
        self.faults = Faults()
        self.hints = Hints(shop)
        self.shoppers = Shoppers(shop)
        self.hint_secret = HINT_SECRET if hints else ""
        shop.watchers.append(self.hints.note)

    def ready(self, host: str) -> Said:
        """What the ready line says; `host` is the server's host and port."""
        return {
            "ready": True,
            "url": f"http://{host}",
            "address": f"http://{host}/",
            "environment": {"ALLOW_PRIVATE_HOSTS": host},
            "orders": len(self.shop.orders),
            "customers": len(self.shop.customers),
        }

    def order(self, key: int) -> Order:
        """Return an order; raise Missing."""
        found = self.shop.orders.get(key)
        if found is None:
            raise Missing(f"there is no order {key}")
        return found

    def customer(self, key: int) -> Customer:
        """Return a customer; raise Missing."""
        found = self.shop.customers.get(key)
        if found is None:
            raise Missing(f"there is no customer {key}")
        return found

    def at(self, given: Said) -> Stamp:
        """Return the moment a control request names; without one it is now. A time without a zone is UTC."""
        if not given.get("at"):
            return self.shop.now()
        at = datetime.fromisoformat(given["at"])
        return stamp(at if at.tzinfo else at.replace(tzinfo=UTC))

    def close(self) -> None:
        self.shoppers.quiet()
        self.hints.close()
