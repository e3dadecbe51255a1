"""A sandbox that holds what the recorded shop held: the same people, rules and orders, made by ordinary acts.

What a recorded order shows in full is bought again line by line, under the recorded rules; of the others the totals,
states and dates are known, and one line stands for theirs.
"""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from adapters.magento.sandbox import Shop, aftermath, attributes, checkout, groups, people, promotions
from adapters.magento.sandbox.places import BY_COUNT
from adapters.magento.sandbox.rows import Order
from adapters.magento.sandbox.shop import stamp

FILES = (
    "store auth_and_errors orders_search orders_full documents customers groups sales_rules coupons async limits"
).split()
RECORDED_AT = datetime(2026, 11, 21, 19, 55, tzinfo=UTC)
ATTRIBUTES = (
    ("loyalty_tier", "varchar", "text"),
    ("loyalty_tags", "text", "textarea"),
    ("loyalty_points", "int", "text"),
)
# Orders that no recording shows; the numbers of those behind them say in which store view they were placed.
UNSEEN_IN_EUROPE = (14, 26, 38)
Case = dict[str, Any]


def cases(folder: Path) -> list[Case]:
    """Every recorded exchange, in an order in which one follows from the other."""
    return [
        case | {"file": name} for name in FILES for case in json.loads((folder / f"{name}.json").read_text())
    ]


class Clock:
    """The shop's clock, set to when a thing happened."""

    def __init__(self) -> None:
        self.now = RECORDED_AT

    def __call__(self) -> datetime:
        return self.now

    def set(self, at: str) -> str:
        self.now = datetime.fromisoformat(at).replace(tzinfo=UTC)
        return at


def shop(recorded: list[Case]) -> tuple[Shop, Clock]:
    """Build the shop; every number that the recordings count by comes out of it by itself."""
    clock = Clock()
    shop = Shop(clock=clock)
    shop.places = BY_COUNT[2]
    _groups(shop, recorded)
    _rules(shop, recorded)
    rows = _orders_seen(recorded)
    _customers(shop, clock, recorded, rows)
    for key in range(1, 45):
        _order(shop, clock, key, rows)
    clock.now = RECORDED_AT
    first = shop.shipments.rows[1]
    aftermath.add_track(shop, first, "1Z000002", "UPS", "ups", shop.now())
    shop.carts[50] = 4
    return shop, clock


def body(recorded: list[Case], name: str) -> Any:
    return next(case["response"]["body"] for case in recorded if case["name"] == name)


def whole_orders(recorded: list[Case]) -> dict[int, dict[str, Any]]:
    """The orders that were told in full: with their lines and their address."""
    rows = {}
    for case in recorded:
        told = case["response"]["body"]
        if case["file"] in ("orders_search", "orders_full") and isinstance(told, dict):
            for row in [told] if "entity_id" in told else told.get("items") or []:
                if "billing_address" in row:
                    rows[row["entity_id"]] = row
    return rows


def _groups(shop: Shop, recorded: list[Case]) -> None:
    for one in body(recorded, "groups_search")["items"]:
        if shop.groups.get(one["id"]) is None:
            while shop.groups.last < one["id"] - 1:  # a group that was made and deleted
                groups.remove(shop, groups.save(shop, {"code": "gone"}).id)
            groups.save(shop, {"code": one["code"]})


def _rules(shop: Shop, recorded: list[Case]) -> None:
    for one in body(recorded, "salesrules_search")["items"]:
        promotions.save_rule(shop, {name: value for name, value in one.items() if name != "rule_id"})
    promotions.save_coupon(shop, {"rule_id": 1, "code": "WELCOME10", "is_primary": True})


def _customers(shop: Shop, clock: Clock, recorded: list[Case], rows: dict[int, dict[str, Any]]) -> None:
    attributes.make(
        shop,
        [
            attributes.Attribute(code, code.replace("_", " ").capitalize(), kind, field)
            for code, kind, field in ATTRIBUTES
        ],
    )
    known = {one["id"]: one for one in body(recorded, "customers_search_page1")["items"]}
    known |= {one["id"]: one for one in body(recorded, "customers_search_email")["items"]}
    known |= {10: body(recorded, "customer_before_custom_attr")}
    for key in range(1, 25):
        clock.set((datetime(2025, 5, 9, 9, 30) + timedelta(days=3 * key)).isoformat(" "))
        given = copy.deepcopy(known.get(key)) or _somebody(key, known[2], known[1]) | _named(key, rows)
        kept = {
            name: value
            for name, value in given.items()
            if name not in ("id", "default_billing", "default_shipping")
        }
        for one in kept["addresses"]:
            one.pop("id", None)
        row = people.create(shop, kept)
        assert row.id == key
        clock.set(given["updated_at"])
        shop.customers.put(replace(row, changed_at=given["updated_at"]))


def _somebody(key: int, like: dict[str, Any], first: dict[str, Any]) -> dict[str, Any]:
    """A customer of whom no recording tells more than the number, by the pattern of those it tells of."""
    view = 2 if key % 6 == 0 else 3 if key % 5 == 0 else 1
    given: dict[str, Any] = {
        "email": f"shopper{key:02d}@example.com",
        "firstname": "Olga",
        "lastname": "Haddad",
        "group_id": {0: 3, 4: 2}.get(key % 5, 1),
        "store_id": view,
        "website_id": 2 if view == 2 else 1,
        "updated_at": "2025-09-06 09:30:00",
        "addresses": [dict(like["addresses"][0])] if key % 3 else [],
    }
    if key == 5:
        given |= {"dob": first["dob"], "gender": first["gender"]}  # an order of this customer says so
    if key % 4 == 2:
        given["custom_attributes"] = like["custom_attributes"]
    return given


def _named(key: int, rows: dict[int, dict[str, Any]]) -> dict[str, str]:
    """The name of a customer whom only an order tells of."""
    told = (row for row in rows.values() if row.get("customer_id") == key and "customer_firstname" in row)
    return next(({name: row[f"customer_{name}"] for name in ("firstname", "lastname")} for row in told), {})


def _orders_seen(recorded: list[Case]) -> dict[int, dict[str, Any]]:
    """All that any recording tells of each order, by its number."""
    rows: dict[int, dict[str, Any]] = {}
    for case in recorded:
        told = case["response"]["body"]
        if case["file"] in ("orders_search", "orders_full") and isinstance(told, dict):
            for row in [told] if "entity_id" in told else told.get("items") or []:
                if "entity_id" in row:
                    rows.setdefault(row["entity_id"], {}).update(row)
    # Of two orders only the lines were recorded, of one as such and of the other on its credit memo.
    rows[11] |= {"items": body(recorded, "order_items_search")["items"], "base_shipping_amount": 10}
    memo = next(one for one in body(recorded, "creditmemos_page")["items"] if one["order_id"] == 12)
    lines = [one | {"qty_ordered": one["qty"], "product_type": "simple"} for one in memo["items"]]
    rows[12] |= {"items": lines, "base_shipping_amount": memo["base_shipping_amount"]}
    return rows


def _order(shop: Shop, clock: Clock, key: int, rows: dict[int, dict[str, Any]]) -> None:
    there = {"store_id": 2, "customer_id": 12} if key in UNSEEN_IN_EUROPE else {}
    row = {"created_at": _around(key), **there, **rows[key]}
    at = clock.set(row["created_at"])
    if "items" in row:
        # How many lines the orders before it had that no recording shows, its first line's number tells.
        first = min(one.get("order_item_id") or one["item_id"] for one in row["items"])
        shop.numbers["line"] = first - 1
    placed = checkout.place(shop, _basket(shop, key, row), at)
    assert placed.id == key
    _lives(shop, clock, placed.id)
    changed = row.get("updated_at") or shop.orders.rows[key].changed_at
    # The recorded orders' dates were moved afterwards, and those of their comments to the order's own.
    notes = tuple(replace(note, at=at) for note in shop.orders.rows[key].notes)
    shop.orders.put(replace(shop.orders.rows[key], changed_at=changed, notes=notes))


def _around(key: int) -> str:
    """When an order was placed that no recording shows: they stand twelve days and seven hours apart."""
    return stamp(datetime(2025, 5, 29, 12, tzinfo=UTC) + timedelta(days=12, hours=6.8) * (key - 1))


def _basket(shop: Shop, key: int, row: dict[str, Any]) -> checkout.Basket:
    # Flat rate: five for each thing; the automatic rule takes five off the cart. So one thing costs what the order does.
    lines: tuple[checkout.Wish, ...] = (
        checkout.Wish("Notebook A5", 1, str(row.get("base_grand_total", 50)), "SKU-008"),
    )
    shipping = "5"
    if "items" in row:
        top = [one for one in row["items"] if "parent_item_id" not in one]
        lines = tuple(
            checkout.Wish(
                one["name"],
                one["qty_ordered"],
                str(one["base_price"]),
                one["sku"],
                kind=one["product_type"],
                variant=_variant(one, row["items"]),
            )
            for one in top
        )
        shipping = str(row["base_shipping_amount"])
    view = shop.places.view(row.get("store_id", 1))
    guest = row.get("customer_is_guest")
    return checkout.Basket(
        lines=lines,
        customer_id=None if guest else row.get("customer_id", 1),
        email=row.get("customer_email") if guest else None,
        first_name=row.get("customer_firstname", "Gale"),
        last_name=row.get("customer_lastname", "Guest"),
        shipping=shipping,
        codes=(row["coupon_code"],) if "coupon_code" in row else (),
        store=view.code if view else "default",
    )


def _variant(one: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    return next((part["name"] for part in rows if part.get("parent_item_id", 0) == one.get("item_id")), "")


def _lives(shop: Shop, clock: Clock, key: int) -> None:
    """What happened to the order: its turn in the row of eight that the recorded shop went through again and again."""

    def at(**later: int) -> str:
        clock.now = clock.now + timedelta(**later)
        return stamp(clock.now)

    def order() -> Order:
        return shop.orders.rows[key]

    placed, turn = clock.now, key % 8
    if turn == 3:
        aftermath.cancel(shop, order(), at(days=1))
        return
    if turn in (6, 0):
        if turn == 6:
            aftermath.hold(shop, order(), held=True, at=at(days=1))
        return
    aftermath.invoice(shop, order(), {}, at(hours=5))
    if turn != 1 and not order().virtual:
        aftermath.ship(shop, order(), {}, at(days=1))
    clock.now = placed
    if turn == 4:
        aftermath.refund(shop, order(), {}, None, 0, 0, at(days=2, hours=22))
    if turn == 5:
        _refund_a_part(shop, order(), at(days=2, hours=22))


def _refund_a_part(shop: Shop, order: Order, at: str) -> None:
    """Give the first line back and 2.50 beside it; where it is the only line just the 2.50, or all if it is virtual."""
    first = order.lines[0]
    alone = len(order.lines) == 1
    if order.virtual:
        aftermath.refund(shop, order, {}, None, 0, 0, at)
    else:
        aftermath.refund(shop, order, {first.id: 0 if alone else first.quantity}, 0, 250, 0, at)
