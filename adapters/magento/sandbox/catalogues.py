"""What can be searched, by which columns; and what a search answers."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from adapters.magento.sandbox import (
    attributes,
    document_bodies,
    events,
    groups,
    line_bodies,
    order_bodies,
    people,
    promotions,
)
from adapters.magento.sandbox.amounts import number
from adapters.magento.sandbox.criteria import Criteria, Sort
from adapters.magento.sandbox.problems import Problem, internal
from adapters.magento.sandbox.rows import Coupon, Customer, Document, Group, Line, Order
from adapters.magento.sandbox.rules import Rule
from adapters.magento.sandbox.search import Catalogue, Columns
from adapters.magento.sandbox.shop import Shop
from adapters.magento.sandbox.table import Table

# Columns of an order that are read from its body, because nobody searches by them in a hurry.
_ORDER_REST = (
    "base_currency_code base_discount_amount base_shipping_amount base_subtotal base_tax_amount base_total_canceled "
    "base_total_due base_total_invoiced base_total_paid base_total_refunded billing_address_id customer_group_id "
    "discount_amount discount_description edit_increment email_sent global_currency_code is_virtual "
    "original_increment_id protect_code quote_id relation_child_id relation_parent_id remote_ip shipping_amount "
    "store_currency_code store_name subtotal tax_amount total_canceled total_due total_invoiced total_item_count "
    "total_paid total_qty_ordered total_refunded weight customer_note_notify shipping_description"
).split()


def search(shop: Shop, name: str, criteria: Criteria) -> dict[str, object]:
    """Answer one search, with the shop's limits on the size of a page."""
    if shop.maximum_page_size and (criteria.page_size or 0) > shop.maximum_page_size:
        raise Problem(400, "Maximum SearchCriteria pageSize is %max", {"max": shop.maximum_page_size})
    if criteria.page_size is None and shop.default_page_size:
        criteria = replace(criteria, page_size=shop.default_page_size)
    catalogue, body = _CATALOGUES[name](shop)
    echo = criteria.echo()
    if shop.extras.get("unsorted") and not criteria.sorts:
        # A database that is asked for no order keeps none.
        criteria = replace(criteria, sorts=(Sort(catalogue.id_column, "DESC"),))
    found = catalogue.find(criteria)
    if shop.extras.get("version") == "2.3" and found.total and not found.rows:
        # Before 2.4.0 there is no end of pages: whoever asks for more gets the last one again.
        last = -(-found.total // (criteria.page_size or found.total))
        found = catalogue.find(replace(criteria, page=last))
    return {
        "items": [body(row) for row in found.rows],
        "search_criteria": echo,
        "total_count": found.total,
    }


Shelf = tuple[Catalogue[Any], Callable[[Any], dict[str, object]]]


def _crash(field: str) -> Problem:
    """A column that a plain table does not have breaks the SQL, and the shop answers 500."""
    return internal(field.encode().hex().ljust(13, "0"))


def _bad_attribute(field: str) -> Problem:
    return Problem(400, f"Invalid attribute name: {field}")


def _orders(shop: Shop) -> Shelf:
    columns: Columns[Order] = {
        "entity_id": lambda row: row.id,
        "increment_id": lambda row: row.number,
        "created_at": lambda row: row.placed_at,
        "updated_at": lambda row: row.changed_at,
        "customer_id": lambda row: row.customer_id,
        "customer_email": lambda row: row.email,
        "customer_firstname": lambda row: row.first_name,
        "customer_lastname": lambda row: row.last_name,
        "customer_is_guest": lambda row: int(row.guest),
        "state": lambda row: row.state,
        "status": lambda row: row.status,
        "store_id": lambda row: row.store_id,
        "order_currency_code": lambda row: row.currency,
        "coupon_code": lambda row: row.coupon or None,
        "base_grand_total": lambda row: number(row.total),
        "applied_rule_ids": lambda row: ",".join(map(str, row.rule_ids)) or None,
    }
    for name in ("grand_total", *_ORDER_REST):
        columns[name] = _from_body(name)
    return Catalogue(shop.orders, columns, "entity_id", _crash), order_bodies.order


def _from_body(name: str) -> Callable[[Order], object]:
    return lambda row: order_bodies.order(row).get(name)


def _customers(shop: Shop) -> Shelf:
    columns: Columns[Customer] = {
        "entity_id": lambda row: row.id,
        "email": lambda row: row.email,
        "firstname": lambda row: row.first_name,
        "lastname": lambda row: row.last_name,
        "group_id": lambda row: row.group_id,
        "store_id": lambda row: row.store_id,
        "website_id": lambda row: row.website_id,
        "created_at": lambda row: row.created_at,
        "updated_at": lambda row: row.changed_at,
        "confirmation": lambda row: row.confirmation or None,
        "dob": lambda row: dict(row.more).get("dob"),
        "gender": lambda row: dict(row.more).get("gender"),
        "taxvat": lambda row: dict(row.more).get("taxvat"),
        "created_in": lambda row: people.customer_body(row)["created_in"],
    }
    for one in attributes.known(shop):
        columns[one.code] = _custom(one.code)
    return Catalogue(shop.customers, columns, "entity_id", _bad_attribute), people.customer_body


def _custom(code: str) -> Callable[[Customer], object]:
    return lambda row: dict(row.attributes).get(code)


def _documents(shop: Shop, name: str, write: Callable[[Document, Order], dict[str, object]]) -> Shelf:
    table = {"invoices": shop.invoices, "shipments": shop.shipments, "creditmemos": shop.memos}[name]
    columns: Columns[Document] = {
        "entity_id": lambda row: row.id,
        "increment_id": lambda row: row.number,
        "order_id": lambda row: row.order_id,
        "created_at": lambda row: row.at,
        "updated_at": lambda row: row.at,
        "store_id": lambda row: shop.orders.rows[row.order_id].store_id,
        "base_grand_total": lambda row: number(row.total),
    }
    if name == "shipments":
        columns["customer_id"] = lambda row: shop.orders.rows[row.order_id].customer_id
    else:
        columns["state"] = lambda row: 2
    return Catalogue(table, columns, "entity_id", _crash), lambda row: write(
        row, shop.orders.rows[row.order_id]
    )


def _groups(shop: Shop) -> Shelf:
    columns: Columns[Group] = {
        "id": lambda row: row.id,
        "code": lambda row: row.code,
        "tax_class_id": lambda row: row.tax_class_id,
    }
    return Catalogue(shop.groups, columns, "id", _crash), groups.body


def _rules(shop: Shop) -> Shelf:
    names = (
        "rule_id name description from_date to_date uses_per_customer is_active stop_rules_processing is_advanced "
        "sort_order simple_action discount_amount discount_step apply_to_shipping times_used is_rss coupon_type "
        "use_auto_generation uses_per_coupon simple_free_shipping"
    ).split()
    columns: Columns[Rule] = {name: _attribute(name) for name in names}
    return Catalogue(shop.rules, columns, "rule_id", _crash), Rule.body


def _attribute(name: str) -> Callable[[Rule], object]:
    return lambda row: getattr(row, name)


def _coupons(shop: Shop) -> Shelf:
    columns: Columns[Coupon] = {
        "coupon_id": lambda row: row.id,
        "rule_id": lambda row: row.rule_id,
        "code": lambda row: row.code or None,
        "usage_limit": lambda row: row.usage_limit,
        "usage_per_customer": lambda row: row.usage_per_customer,
        "times_used": lambda row: row.used,
        "expiration_date": lambda row: row.expires or None,
        "is_primary": lambda row: True if row.primary else None,
        "created_at": lambda row: row.created_at,
        "type": lambda row: row.kind,
    }
    return Catalogue(shop.coupons, columns, "coupon_id", _crash), promotions.coupon_body


def _items(shop: Shop) -> Shelf:
    """Order lines have no table of their own here: it is filled for the search."""
    table: Table[Sold] = Table(keys={"order_id": lambda row: row.order.id})
    for order in shop.orders:
        for one in order.lines:
            table.put(Sold(one.id, one, order))
    columns: Columns[Sold] = {
        "item_id": lambda row: row.id,
        "order_id": lambda row: row.order.id,
        "parent_item_id": lambda row: row.line.parent_id,
        "product_type": lambda row: row.line.kind,
        "sku": lambda row: row.line.sku,
        "store_id": lambda row: row.order.store_id,
        "created_at": lambda row: row.order.placed_at,
    }
    return Catalogue(table, columns, "item_id", _crash), _sold


def _sold(row: "Sold") -> dict[str, object]:
    """A line by itself, without what the route of orders adds to it."""
    body = line_bodies.line(row.line, row.order)
    del body["extension_attributes"]
    return body


class Sold(msgspec.Struct, frozen=True):
    """One line with the order it is of."""

    id: int
    line: Line
    order: Order


def _events(shop: Shop) -> Shelf:
    names = "event_name recipient_url status subscribed_at metadata".split()
    columns: Columns[events.Subscription] = {name: _field(name) for name in names}
    columns["subscription_id"] = lambda row: row.id
    return Catalogue(events.table(shop), columns, "subscription_id", _crash), events.Subscription.body


def _field(name: str) -> Callable[[events.Subscription], object]:
    return lambda row: getattr(row, name)


_CATALOGUES: dict[str, Callable[[Shop], Shelf]] = {
    "orders": _orders,
    "customers": _customers,
    "events": _events,
    "items": _items,
    "groups": _groups,
    "rules": _rules,
    "coupons": _coupons,
    "invoices": lambda shop: _documents(shop, "invoices", document_bodies.invoice),
    "shipments": lambda shop: _documents(shop, "shipments", document_bodies.shipment),
    "creditmemos": lambda shop: _documents(shop, "creditmemos", document_bodies.credit_memo),
}
