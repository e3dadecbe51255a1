"""What a shop keeps from us of its customers: whoever was known by name or address stays known."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, and_, select

from connector.records import Customer
from connector.store import bulk
from connector.store.database import Tx
from connector.store.tables import customers


def completed(
    tx: Tx, shop_id: int, told: Sequence[Customer], withheld: Collection[str]
) -> tuple[Customer, ...]:
    """Return these states of customers with what the shop keeps from us as we know it; nobody is emptied by a silence.

    Where neither name nor address is told, both are taken for withheld, whatever the shop is known to withhold.
    """
    lacking = [one.id for one in told if one.email is None or one.name is None]
    if not lacking:
        return tuple(told)
    has = customers.c.email_sealed.is_not(None) | customers.c.name_sealed.is_not(None)
    mine = and_(customers.c.merchant_id == tx.merchant_id, customers.c.shop_id == shop_id)
    alive = customers.c.forgotten_at.is_(None), customers.c.removed_at.is_(None)
    rows = tx.all(select(customers).where(mine, bulk.among(customers.c.id, lacking), has, *alive))
    known = {row.id: row for row in rows}
    return tuple(
        _completed(tx, shop_id, one, known[one.id], withheld) if one.id in known else one for one in told
    )


def _completed(tx: Tx, shop_id: int, told: Customer, row: Row[Any], withheld: Collection[str]) -> Customer:
    silent = told.email is None and told.name is None
    if told.name is None and (silent or "name" in withheld):
        name = tx.ring.open_text(row.name_sealed, f"customers.name:{shop_id}:{told.id}")
        told = msgspec.structs.replace(told, name=name)
    if told.email is None and (silent or "email" in withheld):
        email = tx.ring.open_text(row.email_sealed, f"customers.email:{shop_id}:{told.id}")
        told = msgspec.structs.replace(told, email=email, email_verified=row.email_verified)
    return told
