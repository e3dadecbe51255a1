"""What a discount is about: reading the items it names, and saying what is wrong with them."""

from typing import Any

from adapters.shopify.sandbox import catalogue
from adapters.shopify.sandbox.catalogue import Items
from adapters.shopify.sandbox.fields.ask import number_of
from adapters.shopify.sandbox.refusals import Complaint
from adapters.shopify.sandbox.state import Shop

_FEWEST, _MOST = 1, 99_999  # units
BXGY = "bxgyCodeDiscount"


def read(wish: dict[str, Any] | None, old: Items) -> Items:
    """Read items that have no complaints; what an update leaves out stays as it was."""
    if not wish or (not wish.get("products") and not wish.get("collections")):
        return Items() if wish and wish.get("all") else old
    products, collections = wish.get("products") or {}, wish.get("collections") or {}
    return Items(
        _merged(old.products, products.get("productsToAdd"), products.get("productsToRemove"), "Product"),
        _merged(old.collections, collections.get("add"), collections.get("remove"), "Collection"),
    )


def items(shop: Shop, wish: dict[str, Any] | None, at: list[str]) -> list[Complaint]:
    """Say what is wrong with the items named at this field."""
    named = wish or {}
    add = (named.get("collections") or {}).get("add") or []
    products = (named.get("products") or {}).get("productsToAdd") or []
    found = []
    where = [*at, "items", "collections", "add"]
    if add and products:
        found.append(Complaint("collections do not go together with products", where, "CONFLICT"))
    for one in products:
        if catalogue.product(shop, number_of(one, "Product") or 0) is None:
            place = [*at, "items", "products", "productsToAdd"]
            found.append(Complaint(f"the product {one} is not there", place, "INVALID"))
    for one in add:
        if (number_of(one, "Collection") or 0) not in shop.catalogue.collections:
            found.append(Complaint(f"the collection {one} is not there", where, "INVALID"))
    return found


def bought_and_got(shop: Shop, wish: dict[str, Any], new: bool) -> list[Complaint]:
    """Say what is wrong with what is bought and what comes of it."""
    buys, gets = wish.get("customerBuys") or {}, wish.get("customerGets") or {}
    found = _got(gets, new)
    if new and not _names(buys.get("items")):
        where = [BXGY, "customerBuys", "items"]
        found.append(Complaint("what must be bought is to be named", where, "BLANK"))
    quantity = (buys.get("value") or {}).get("quantity")
    if quantity is not None:
        found += _units(quantity, [BXGY, "customerBuys", "value", "quantity"])
    found += items(shop, buys.get("items"), [BXGY, "customerBuys"])
    found += items(shop, gets.get("items"), [BXGY, "customerGets"])
    return found + _uses(wish)


def _got(gets: dict[str, Any], new: bool) -> list[Complaint]:
    at, value = [BXGY, "customerGets"], gets.get("value") or {}
    found = []
    if (new or gets.get("items")) and not _names(gets.get("items")):
        found.append(Complaint("what comes of it cannot be everything", at, "INVALID"))
    for name in ("percentage", "discountAmount"):
        if value.get(name) is not None:
            where = [*at, "value", name]
            found.append(Complaint("only a discount on a quantity is possible here", where, "INVALID"))
    for name in ("appliesOnSubscription", "appliesOnOneTimePurchase"):
        if gets.get(name) is not None:
            found.append(Complaint("this field does not belong here", [*at, name], "INVALID"))
    quantity = (value.get("discountOnQuantity") or {}).get("quantity")
    where = [*at, "value", "discountOnQuantity", "quantity"]
    if quantity is not None:
        return found + _units(quantity, where)
    return [*found, Complaint("a quantity is needed", where, "BLANK")] if new else found


def _uses(wish: dict[str, Any]) -> list[Complaint]:
    uses, where = wish.get("usesPerOrderLimit"), [BXGY, "usesPerOrderLimit"]
    if uses == 0:
        return [Complaint("an order can use it at least once", where, "VALUE_OUTSIDE_RANGE")]
    if uses is not None and uses < 0:
        return [Complaint("an order cannot use it less than once", where, "GREATER_THAN")]
    return []


def _units(text: str, where: list[str]) -> list[Complaint]:
    number = int(text)
    if number < _FEWEST:
        return [Complaint("a quantity is more than nothing", where, "GREATER_THAN")]
    if number > _MOST:
        return [Complaint(f"a quantity stays below {_MOST + 1}", where, "LESS_THAN")]
    return []


def _names(wish: dict[str, Any] | None) -> bool:
    return bool(wish and (wish.get("products") or wish.get("collections")))


def _merged(
    old: tuple[int, ...], add: list[str] | None, drop: list[str] | None, kind: str
) -> tuple[int, ...]:
    new = [number_of(one, kind) or 0 for one in add or []]
    gone = {number_of(one, kind) for one in drop or []}
    return tuple(number for number in dict.fromkeys([*old, *new]) if number not in gone)
