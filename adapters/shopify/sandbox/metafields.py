"""Metafields of customers: set all together or not at all, each only over the value that its writer saw."""

import hashlib
from typing import Any

import msgspec

from adapters.shopify.sandbox import customers
from adapters.shopify.sandbox.fields.ask import Ask, number_of
from adapters.shopify.sandbox.refusals import Complaint, Said
from adapters.shopify.sandbox.state import Shop
from adapters.shopify.sandbox.things import Customer, Definition, Metafield

MOST = 25
_WHOLE = "number_integer"


def place(namespace: str | None, key: str) -> str:
    """Return where a metafield lies; without a namespace in the app's own."""
    return f"{namespace or 'app--1'}.{key}"


def digest(it: Metafield) -> str:
    """Return what a writer must show to overwrite this value."""
    return hashlib.sha256(it.value.encode()).hexdigest()


def put(ask: Ask, wishes: list[dict[str, Any]]) -> Said:
    """Set these metafields; nothing is written where one of them has a complaint."""
    ask.may("write_customers", "Customer")
    if len(wishes) > MOST:
        return Said(None, [Complaint(f"at most {MOST} at a time", ["metafields"], "LESS_THAN_OR_EQUAL_TO")])
    found = [one for at, wish in enumerate(wishes) for one in _complaints(ask.shop, wish, at)]
    if found:
        return Said(None, found)
    made = [_written(ask.shop, wish) for wish in wishes]
    for owner in {it.id: it for it in (_owner(ask.shop, wish) for wish in wishes) if it}.values():
        # Told like any other change of a customer: whoever writes must bear with their own echo.
        customers.change(ask.shop, owner, ask.shop.now())
    return Said(made)


def define(ask: Ask, wish: dict[str, Any]) -> Said:
    """Make a definition, once for each place."""
    ask.may("write_customers", "Customer")
    known, at = ask.shop.catalogue.definitions, place(wish.get("namespace"), wish["key"])
    if at in known:
        return Said(None, [Complaint("this key is in use", ["definition", "key"], "TAKEN")])
    namespace, _, key = at.partition(".")
    number = ask.shop.next_id("definition")
    known[at] = Definition(number, namespace, key, wish["name"], wish["type"])
    return Said(known[at])


def _complaints(shop: Shop, wish: dict[str, Any], at: int) -> list[Complaint]:
    def said(message: str, field: str, code: str) -> list[Complaint]:
        return [Complaint(message, ["metafields", str(at), field], code, element_index=at)]

    owner = _owner(shop, wish)
    if owner is None:
        return said("the owner is not there", "ownerId", "INVALID")
    where = place(wish.get("namespace"), wish["key"])
    known, defined = owner.metafields.get(where), shop.catalogue.definitions.get(where)
    kind = wish.get("type") or (defined.type if defined else None)
    if kind is None or (defined is not None and kind != defined.type):
        return said("the type is missing, or not the defined one", "type", "INVALID_TYPE")
    if not wish["value"].strip():
        return said("a value is needed", "value", "BLANK")
    if kind == _WHOLE and not wish["value"].lstrip("-").isdigit():
        return said("this is no whole number", "value", "INVALID_VALUE")
    if "compareDigest" in wish:
        shown, now = wish["compareDigest"], digest(known) if known else None
        if shown is not None and len(shown) != 64:
            return said("this is no digest", "compareDigest", "INVALID_COMPARE_DIGEST")
        if shown != now:
            return said("somebody else changed it meanwhile", "compareDigest", "STALE_OBJECT")
    return []


def _written(shop: Shop, wish: dict[str, Any]) -> Metafield:
    owner, where = _owner(shop, wish), place(wish.get("namespace"), wish["key"])
    assert owner is not None
    known, defined = owner.metafields.get(where), shop.catalogue.definitions.get(where)
    if known is not None:
        made = msgspec.structs.replace(known, value=wish["value"])
    else:
        namespace, _, key = where.partition(".")
        kind = wish.get("type") or (defined.type if defined else "")
        made = Metafield(shop.next_id("metafield"), namespace, key, kind, wish["value"])
    owner.metafields = {**owner.metafields, where: made}
    return made


def _owner(shop: Shop, wish: dict[str, Any]) -> Customer | None:
    return shop.customers.get(number_of(wish["ownerId"], "Customer") or 0)
