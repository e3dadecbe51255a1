"""What the shop sells, as far as discounts name it: products, collections of them, and segments of customers."""

import msgspec

from adapters.shopify.sandbox import parts
from adapters.shopify.sandbox.state import Refusal, Shop
from adapters.shopify.sandbox.things import Collection, Good, Line, Segment


class Items(msgspec.Struct, frozen=True):
    """Some of what is sold: products, or else collections. Neither: everything."""

    products: tuple[int, ...] = ()
    collections: tuple[int, ...] = ()


def put(shop: Shop, sku: str, title: str) -> Good:
    """Take a product into the catalogue."""
    made = Good(parts.product_id(sku), title, sku)
    shop.catalogue.products[made.product_id] = made
    return made


def product(shop: Shop, product_id: int) -> Good | None:
    """Return the product: from the catalogue, or because it was sold once."""
    known = shop.catalogue.products.get(product_id)
    if known is not None:
        return known
    for order in shop.orders:
        for line in order.lines:
            if line.product_id == product_id:
                return Good(product_id, line.title, line.sku or "", line.gift_card)
    return None


def collect(shop: Shop, title: str, skus: list[str]) -> Collection:
    """Make a collection of products of the catalogue; raise Refusal for one that is not there."""
    numbers = [parts.product_id(sku) for sku in skus]
    if any(product(shop, number) is None for number in numbers):
        raise Refusal("a collection holds products of the shop")
    made = Collection(shop.next_id("collection"), title, numbers)
    shop.catalogue.collections[made.id] = made
    return made


def segment(shop: Shop, name: str, customer_ids: list[int]) -> Segment:
    """Make a segment of these customers."""
    made = Segment(shop.next_id("segment"), name, customer_ids)
    shop.catalogue.segments[made.id] = made
    return made


def covered(shop: Shop, lines: list[Line], items: Items) -> list[Line]:
    """Return the lines of what the items name."""
    if not items.products and not items.collections:
        return lines
    found = [shop.catalogue.collections.get(number) for number in items.collections]
    ids = {*items.products, *(it for one in found if one is not None for it in one.product_ids)}
    return [line for line in lines if line.product_id in ids]
