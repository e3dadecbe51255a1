"""The shop's memory on disk, so that a restart finds the shop as it was."""

import os
from pathlib import Path

import msgspec

from adapters.shopify.sandbox.state import Shop
from adapters.shopify.sandbox.things import Catalogue, Customer, Discount, Gifts, Order, Subscription
from adapters.shopify.sandbox.tokens import Desk


class Memory(msgspec.Struct):
    """Everything that lasts. Bulk files and webhooks on their way do not."""

    domain: str
    client_id: str
    client_secret: str
    app_scopes: str
    public_url: str | None
    customers: list[Customer]
    orders: list[Order]
    discounts: list[Discount]
    subscriptions: list[Subscription]
    desk: Desk
    last_ids: dict[str, int]
    last_number: int
    notes: dict[str, int]
    catalogue: Catalogue = msgspec.field(default_factory=Catalogue)
    gifts: Gifts = msgspec.field(default_factory=Gifts)
    declared: dict[str, list[str]] | None = None


def save(shop: Shop, path: Path) -> None:
    """Write the shop beside the file and put it in its place in one step."""
    with shop.lock:
        memory = Memory(
            shop.domain,
            shop.client_id,
            shop.client_secret,
            shop.app_scopes,
            shop.public_url,
            list(shop.customers),
            list(shop.orders),
            list(shop.discounts),
            list(shop.subscriptions.values()),
            shop.desk,
            shop.last_ids,
            shop.last_number,
            shop.notes,
            shop.catalogue,
            shop.gifts,
            shop.declared,
        )
        packed = msgspec.msgpack.encode(memory)
    beside = path.with_name(path.name + ".new")
    beside.touch(mode=0o600)
    beside.write_bytes(packed)
    os.replace(beside, path)


def load(shop: Shop, path: Path) -> None:
    """Make the empty shop what the file remembers."""
    memory = msgspec.msgpack.decode(path.read_bytes(), type=Memory)
    shop.domain, shop.client_id, shop.client_secret = memory.domain, memory.client_id, memory.client_secret
    shop.app_scopes, shop.public_url = memory.app_scopes, memory.public_url
    shop.customers.fill(memory.customers)
    shop.orders.fill(memory.orders)
    shop.discounts.fill(memory.discounts)
    shop.codes = {code.upper(): it.id for it in memory.discounts for code in it.codes}
    shop.subscriptions = {it.id: it for it in memory.subscriptions}
    shop.desk, shop.last_ids = memory.desk, memory.last_ids
    shop.last_number, shop.notes = memory.last_number, memory.notes
    shop.catalogue, shop.gifts, shop.declared = memory.catalogue, memory.gifts, memory.declared
