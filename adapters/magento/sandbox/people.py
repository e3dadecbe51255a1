"""Customers and their groups: registering, changing, removing, as Magento's own rules go."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from adapters.magento.sandbox import attributes, groups
from adapters.magento.sandbox.places import WEBSITE, StoreView
from adapters.magento.sandbox.problems import Problem, no_such, required, unsupported
from adapters.magento.sandbox.rows import Address, Customer
from adapters.magento.sandbox.shop import Shop

_KEPT = ("dob", "gender", "middlename", "prefix", "suffix", "taxvat")
_KNOWN = {
    *(
        "id group_id default_billing default_shipping confirmation created_at updated_at created_in dob email".split()
    ),
    *("firstname lastname middlename prefix suffix gender store_id taxvat website_id addresses".split()),
    *("disable_auto_group_change extension_attributes custom_attributes".split()),
}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def customer_body(row: Customer) -> dict[str, object]:
    """Write a customer as REST does; what has no value is left out."""
    addresses = [_address_body(one, row.id) for one in row.addresses]
    body: dict[str, object] = {
        "id": row.id,
        "group_id": row.group_id,
        "created_at": row.created_at,
        "updated_at": row.changed_at,
        "created_in": row.created_in,
        "email": row.email,
        "firstname": row.first_name,
        "lastname": row.last_name,
        "store_id": row.store_id,
        "website_id": row.website_id,
        "addresses": addresses,
        "disable_auto_group_change": int(row.keeps_group),
        "extension_attributes": {"is_subscribed": row.subscribed},
        **dict(row.more),
    }
    for kind in ("default_billing", "default_shipping"):
        chosen = [one["id"] for one in addresses if one.get(kind)]
        if chosen:
            body[kind] = str(chosen[0])
    if row.attributes:
        body["custom_attributes"] = [{"attribute_code": code, "value": told} for code, told in row.attributes]
    if row.confirmation:
        body["confirmation"] = row.confirmation
    return body


def _address_body(row: Address, customer_id: int) -> dict[str, object]:
    return {"id": row.id, "customer_id": customer_id, **dict(row.fields)}


def create(shop: Shop, given: Mapping[str, Any]) -> Customer:
    """Register a customer from a REST body; raise Problem 400 when the address is taken or something is missing."""
    for name in ("email", "firstname", "lastname"):
        if not given.get(name):
            raise required(name)
    now = shop.now()
    view = _view(shop, given)
    empty = _account(shop, "", ("", ""), view, now)
    row = _merged(shop, empty, given)
    shop.customers.put(row)
    shop.told("customer", row.id)
    return row


def register(
    shop: Shop, email: str, first: str, last: str, *, verified: bool, at: str, store: str = "default"
) -> Customer:
    """Register a shopper in a store view at a moment; who has not confirmed the address carries a confirmation word."""
    row = _account(shop, email, (first, last), shop.places.view_called(store), at)
    _check_free(shop, row)
    word = "" if verified else f"confirm-{row.id}"
    shop.customers.put(replace(row, confirmation=word, changed_at=shop.moved(at)))
    shop.told("customer", row.id)
    return shop.customers.rows[row.id]


def _account(shop: Shop, email: str, name: tuple[str, str], view: StoreView, at: str) -> Customer:
    return Customer(
        id=shop.customers.next_id(),
        email=email,
        first_name=name[0],
        last_name=name[1],
        group_id=groups.newcomers(shop, view.id),
        created_at=at,
        changed_at=at,
        store_id=view.id,
        website_id=view.website_id,
        created_in=view.name,
    )


def _view(shop: Shop, given: Mapping[str, Any]) -> StoreView:
    """The store view a body names, else the first of the website it names; raise Problem where they do not fit."""
    site = given.get("website_id")
    if given.get("store_id"):
        view = _known_view(shop, int(given["store_id"]))
        if site and view.website_id != int(site):
            raise Problem(400, "The store view is not in the associated website.")
        return view
    return next(iter(shop.places.views_of(int(site or WEBSITE))), shop.places.views[0])


def _known_view(shop: Shop, key: int) -> StoreView:
    view = shop.places.view(key)
    if view is None:
        raise Problem(404, "The store that was requested wasn't found. Verify the store and try again.")
    return view


def change(shop: Shop, key: int, given: Mapping[str, Any]) -> Customer:
    """Merge a REST body into the customer; what is not sent stays, and updated_at moves in any case."""
    old = shop.customers.get(key)
    if old is None:
        raise no_such("customerId", key)
    row = replace(_merged(shop, old, given), changed_at=shop.now())
    shop.customers.put(row)
    shop.told("customer", key)
    return row


def as_older_ones_take_it(shop: Shop, key: int, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a body as versions before 2.4 take it: group and store view go to their defaults where it names none."""
    old = shop.customers.get(key)
    if old is None or shop.extras.get("version") != "2.3":
        return given
    return {"group_id": shop.default_group, "store_id": shop.places.views_of(old.website_id)[0].id, **given}


def remove(shop: Shop, key: int) -> None:
    """Delete the customer. The orders keep e-mail and name, lose the customer's id, and do not move."""
    if shop.customers.get(key) is None:
        raise no_such("customerId", key)
    shop.customers.drop(key)
    for order in shop.orders.where("customer_id", key):
        shop.orders.put(replace(order, customer_id=None))
    shop.told("customer", key)


def _merged(shop: Shop, old: Customer, given: Mapping[str, Any]) -> Customer:
    for name in given:
        if name not in _KNOWN:
            raise unsupported(name)
    email = str(given.get("email", old.email))
    if not _EMAIL.fullmatch(email):
        raise Problem(400, '"Email" is not a valid email address.')
    group = int(given.get("group_id", old.group_id))
    if shop.groups.get(group) is None:
        raise Problem(400, "The specified customer group id does not exist.")
    kept = dict(old.more) | {name: given[name] for name in _KEPT if given.get(name) is not None}
    extras = given.get("extension_attributes") or {}
    row = replace(
        old,
        email=email,
        group_id=group,
        first_name=str(given.get("firstname", old.first_name)),
        last_name=str(given.get("lastname", old.last_name)),
        store_id=_known_view(shop, int(given.get("store_id", old.store_id))).id,
        website_id=int(given.get("website_id", old.website_id) or WEBSITE),
        subscribed=bool(extras.get("is_subscribed", old.subscribed)),
        more=tuple(kept.items()),
        attributes=attributes.merged(shop, old.attributes, given.get("custom_attributes")),
        addresses=_addresses(shop, given["addresses"]) if "addresses" in given else old.addresses,
        keeps_group=bool(given.get("disable_auto_group_change", old.keeps_group)),
    )
    _check_free(shop, row)
    return replace(row, group_id=groups.after_save(shop, row, bool(given.get("addresses"))))


def _addresses(shop: Shop, given: object) -> tuple[Address, ...]:
    rows = []
    for one in given if isinstance(given, list) else []:
        fields = tuple((name, value) for name, value in one.items() if name not in ("id", "customer_id"))
        rows.append(Address(int(one.get("id") or shop.next_number("address")), fields))
    return tuple(rows)


def _check_free(shop: Shop, row: Customer) -> None:
    """Accounts belong to their website, which is Magento's default: another one may know the same address."""
    others = [one for one in shop.customers.where("email", row.email) if one.website_id == row.website_id]
    if any(other.id != row.id for other in others):
        raise Problem(400, "A customer with the same email address already exists in an associated website.")
