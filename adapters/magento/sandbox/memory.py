"""Keeping a shop's state in a file, so that a sandbox that is started again goes on where it stopped."""

import os
from pathlib import Path
from typing import Any

import msgspec

from adapters.magento.sandbox.oauth import Keys
from adapters.magento.sandbox.places import ONE, Places
from adapters.magento.sandbox.rows import Coupon, Customer, Document, Group, Order
from adapters.magento.sandbox.rules import Rule
from adapters.magento.sandbox.shop import Shop


class _State(msgspec.Struct):
    orders: list[Order]
    invoices: list[Document]
    shipments: list[Document]
    memos: list[Document]
    customers: list[Customer]
    groups: list[Group]
    rules: list[Rule]
    coupons: list[Coupon]
    uses: list[tuple[str, int, int, int]]
    numbers: dict[str, int]
    lasts: dict[str, int]
    default_group: int
    keys: Keys
    round: int
    active: bool
    places: Places = ONE
    extras: dict[str, Any] = {}


_TABLES = ("orders", "invoices", "shipments", "memos", "customers", "groups", "rules", "coupons")


def save(shop: Shop, path: Path) -> None:
    """Write all of it; a file that is there stays whole until the new one is."""
    with shop.lock:
        state = _State(
            **{name: list(getattr(shop, name)) for name in _TABLES},
            uses=[(*key, count) for key, count in shop.uses.items()],
            numbers=dict(shop.numbers),
            lasts={name: getattr(shop, name).last for name in _TABLES},
            default_group=shop.default_group,
            keys=shop.desk.keys,
            round=shop.desk.round,
            active=shop.desk.active,
            places=shop.places,
            extras=shop.extras,
        )
        packed = msgspec.msgpack.encode(state)
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(packed)
    os.replace(fresh, path)


def load(shop: Shop, path: Path) -> None:
    """Fill an empty shop from the file."""
    state = msgspec.msgpack.decode(path.read_bytes(), type=_State)
    with shop.lock:
        for name in _TABLES:
            table = getattr(shop, name)
            for row in getattr(state, name):
                table.put(row)
            table.last = max(table.last, state.lasts[name])
        shop.uses.update({(kind, key, customer): count for kind, key, customer, count in state.uses})
        shop.numbers.update(state.numbers)
        shop.default_group = state.default_group
        shop.places, shop.extras = state.places, state.extras
        shop.desk.keys, shop.desk.round, shop.desk.active = state.keys, state.round, state.active
