"""A message's body as far as it may be shown: its whole shape, and the values of harmless fields; never a person.

What is shown is on a list. A field that nobody thought of is masked, and so is a harmless one whose value looks like an
address, a telephone number or a secret.
"""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from connector import logs

HARMLESS = frozenset(
    "id order_id customer_id product_id variant_id line_item_id refund_id parent_id entity_id store_id website_id rule_id "
    "admin_graphql_api_id number order_number increment_id order_item_id item_id quote_id kept_id gone_id "
    "created_at updated_at processed_at cancelled_at closed_at changed_at placed_at paid_at fulfilled_at removed_at "
    "triggered_at currency presentment_currency base_currency_code order_currency_code currency_code test confirmed "
    "financial_status fulfillment_status status kind type topic cancel_reason taxes_included tax_lines "
    "verified_email email_verified lacks_paid_at lacks_marks orders_count customer_group_id group_id "
    "total_price subtotal_price total_tax total_discounts total_shipping_price_set total_line_items_price "
    "current_total_price "
    "current_subtotal_price current_total_discounts current_total_tax total_outstanding total_weight amount price quantity "
    "current_quantity fulfillable_quantity qty qty_ordered qty_refunded qty_canceled qty_invoiced grand_total subtotal "
    "base_grand_total base_subtotal tax_amount discount_amount shipping_amount total_refunded total_paid row_total total "
    "refunded refunded_shipping kept kept_goods rate restock restock_type sku requires_shipping taxable gift_card grams "
    "value_type target_type target_selection allocation_method gateway source_name domain shop_domain "
    "shop_id version api_version error_code".split()
)
"""Names of fields that tell of goods, money, times and states."""

LONGEST = 1000  # lines
_DEEPEST = 30


class Line(msgspec.Struct, frozen=True):
    """One line: how deep it stands, its field (empty in a list), its value. `hidden`: the length of a masked one."""

    depth: int
    name: str
    value: str
    hidden: int | None = None


class Unreadable(Exception):
    """The body is no JSON, or nested deeper than anybody nests it."""


def lines(body: bytes) -> tuple[Line, ...]:
    """Return the body line by line, at most LONGEST of them; raise Unreadable."""
    try:
        found = list(_walk("", json.loads(body), 0))
    except (ValueError, RecursionError) as error:
        raise Unreadable from error
    return tuple(found[:LONGEST])


def _walk(name: str, value: Any, depth: int, where: str = "") -> Iterator[Line]:
    if depth > _DEEPEST:
        raise Unreadable
    match value:
        case dict():
            yield Line(depth, name, "{" if value else "{}")
            for key, one in value.items():
                # A field's name is its maker's choice; one that is not short may itself hold a person's words.
                shown = key if len(key) <= _LONGEST_NAME else "…"
                yield from _walk(shown, one, depth + 1, f"{where} {key.lower()}")
            if value:
                yield Line(depth, "", "}")
        case list():
            yield Line(depth, name, "[" if value else "[]")
            for one in value:
                yield from _walk(name if not isinstance(one, dict | list) else "", one, depth + 1, where)
            if value:
                yield Line(depth, "", "]")
        case _:
            yield _leaf(name, value, depth, where)


_LONGEST_NAME = 40
_PERSONAL = ("address", "phone", "payment", "card", "note")


def _leaf(name: str, value: Any, depth: int, where: str) -> Line:
    text = json.dumps(value, ensure_ascii=False)
    # A house has a number too.
    harmless = name in HARMLESS and not any(word in where for word in _PERSONAL)
    if value is None or (harmless and logs.masked(text) == text):
        return Line(depth, name, text)
    return Line(depth, name, "", hidden=len(value) if isinstance(value, str) else 0)
