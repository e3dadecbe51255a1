"""What is known of a person, put together for whom the law gives the right to ask."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, Table, or_, select

from connector.store.database import Tx
from connector.store.tables import acts, coupons, customers, entries, marks, members, notices, orders

_ORDER = (
    "number",
    "placed_at",
    "paid_at",
    "fulfilled_at",
    "cancelled_at",
    "currency",
    "coupon_codes",
    "lines",
)
_COUPON = ("code", "title", "kind", "value", "minimum", "currency", "starts_at", "ends_at", "state")


def of(tx: Tx, shop_id: int, customer_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return all that is known of these customers, ready to be written as JSON; amounts are minor units."""
    mine = customers.c.merchant_id == tx.merchant_id, customers.c.shop_id == shop_id
    rows = tx.all(select(customers).where(*mine, customers.c.id.in_(customer_ids)))
    return [_person(tx, row) for row in rows]


def guest(tx: Tx, shop_id: int, email: str | None, order_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the orders placed without an account: by this address, or named by the request."""
    word = tx.ring.email_hash(tx.merchant_id, email)
    which = [orders.c.id.in_(order_ids), *([orders.c.guest_hash == word] if word is not None else [])]
    mine = orders.c.merchant_id == tx.merchant_id, orders.c.shop_id == shop_id
    found = tx.all(
        select(orders).where(*mine, orders.c.customer_id.is_(None), or_(*which)).order_by(orders.c.id)
    )
    return [_order(row) for row in found]


def as_csv(export: bytes) -> str:
    """Return an export as a table of three columns: of what, which, and what is said; for who has no use for JSON."""
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(("about", "field", "value"))
    for about, word in _leaves(msgspec.json.decode(export), ""):
        place, _, field = about.rpartition(".")
        # What begins like a formula would be one to a spreadsheet.
        lines.writerow((place, field, f"'{word}" if word[:1] in "=+-@\t\r" else word))
    return out.getvalue()


def _person(tx: Tx, row: Row[Any]) -> dict[str, Any]:
    shop_id, member_id = row.shop_id, row.member_id
    here = {"shop_id": shop_id, "customer_id": row.id}
    theirs = {"member_id": member_id}
    member = _all(tx, members, {"id": member_id})[0]
    standing = _all(tx, marks, here)
    return {
        "customer": row.id,
        "email": tx.ring.open_text(row.email_sealed, f"customers.email:{shop_id}:{row.id}"),
        "email_verified": row.email_verified,
        "name": tx.ring.open_text(row.name_sealed, f"customers.name:{shop_id}:{row.id}"),
        "language": row.language,
        "currency": row.currency,
        "known_since": row.created_at,
        "changed_at": row.changed_at,
        "points_now": member.balance,
        "points_pending": member.pending,
        "tier": member.tier,
        "tier_until": member.tier_until,
        "tags": sorted({tag for mark in standing for tag in (*mark.known, *mark.wanted)}),
        "orders": [_order(order) for order in _all(tx, orders, here)],
        "points": [
            {"points": one.points, "moment": one.moment, "source": one.source, "why": one.inputs}
            for one in _all(tx, entries, theirs)
        ],
        "exchanges_and_adjustments": [_act(one) for one in _all(tx, acts, theirs)],
        "coupons": [_coupon(one) for one in _all(tx, coupons, here)],
        "notices": [
            {"points": one.points, "moment": one.moment, "points_end": one.expires_at}
            for one in _all(tx, notices, theirs)
        ],
    }


def _act(row: Row[Any]) -> dict[str, Any]:
    said = {"at": row.at, **row.record}
    if row.record.get("reward", {}).get("kind") == "store_credit":
        said["code"] = ""
    return said


def _coupon(row: Row[Any]) -> dict[str, Any]:
    """A store credit has no code that a person could know: ours is only how it is told from others."""
    said = {name: row._mapping[name] for name in _COUPON}
    return said | ({"code": ""} if row.kind == "store_credit" else {})


def _order(row: Row[Any]) -> dict[str, Any]:
    amounts = {"total_minor": row.total, "refunded_minor": row.refunded}
    return {name: row._mapping[name] for name in _ORDER} | amounts


def _all(tx: Tx, table: Table, which: dict[str, Any]) -> Sequence[Row[Any]]:
    mine = [table.c.merchant_id == tx.merchant_id, *(table.c[name] == word for name, word in which.items())]
    return tx.all(select(table).where(*mine).order_by(*table.primary_key.columns))


def _leaves(value: Any, place: str) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [leaf for name, one in value.items() for leaf in _leaves(one, f"{place}.{name}".strip("."))]
    if isinstance(value, list):
        return [leaf for n, one in enumerate(value, 1) for leaf in _leaves(one, f"{place}.{n}".strip("."))]
    return [(place, "" if value is None else str(value))]
