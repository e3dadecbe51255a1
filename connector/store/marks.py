"""Marks: what each customer should carry in the shop, and what we know stands there."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, or_, select, update

from connector.loyalty.facts import WantedMarks
from connector.store import bulk
from connector.store.database import Tx
from connector.store.tables import marks


class Mark(msgspec.Struct, frozen=True):
    """One customer's marks. `revision` moves with every change of `wanted` or `tier` (which of them is the group).

    `before`: what of the shop's own one of ours stands in place of.
    """

    shop_id: int
    customer_id: str
    wanted: tuple[str, ...]
    known: tuple[str, ...]
    revision: int
    left_alone: str | None = None
    tier: str = ""
    before: str = ""
    left_at: datetime | None = None


def want(tx: Tx, wanted: Iterable[WantedMarks]) -> list[tuple[int, str]]:
    """Write down what customers should carry; return (shop, customer) of those that now need a push."""
    rows = [
        {
            "merchant_id": tx.merchant_id,
            "shop_id": mark.shop_id,
            "customer_id": mark.customer_id,
            "wanted": list(mark.marks),
            "known": [],
            "tier": mark.tier,
        }
        for mark in wanted
    ]
    if not rows:
        return []
    new = bulk.insert(marks, rows)
    changed = new.on_conflict_do_update(
        index_elements=["merchant_id", "shop_id", "customer_id"],
        set_={
            "wanted": new.excluded.wanted,
            "tier": new.excluded.tier,
            "revision": marks.c.revision + 1,
            "left_alone": None,
        },
        where=or_(marks.c.wanted != new.excluded.wanted, marks.c.tier != new.excluded.tier),
    ).returning(marks.c.shop_id, marks.c.customer_id, marks.c.wanted, marks.c.revision)
    # Also where nothing but the old wish has to go: what was wanted a moment ago may be on its way to the shop.
    return [(row.shop_id, row.customer_id) for row in tx.all(changed) if row.wanted or row.revision > 0]


def get(tx: Tx, shop_id: int, customer_id: str) -> Mark | None:
    """Return one customer's marks."""
    row = tx.first(select(marks).where(*_of(tx, shop_id), marks.c.customer_id == customer_id))
    if row is None:
        return None
    return _mark(row)


def standing(tx: Tx, shop_id: int, customer_ids: Sequence[str] | None = None) -> dict[str, Mark]:
    """Return the marks of the shop's customers (or of these) that have, had or should have any of ours."""
    which = list(_of(tx, shop_id))
    if customer_ids is not None:
        which.append(bulk.among(marks.c.customer_id, customer_ids))
    return {row.customer_id: _mark(row) for row in tx.all(select(marks).where(*which))}


def carried(tx: Tx, shop_id: int, after: str, limit: int) -> list[str]:
    """Return customers who carry or should carry something of ours, in the order of their ids, from behind `after` on."""
    any_of_ours = or_(marks.c.wanted != [], marks.c.known != [])
    chosen = select(marks.c.customer_id).where(*_of(tx, shop_id), any_of_ours, marks.c.customer_id > after)
    return list(tx.run(chosen.order_by(marks.c.customer_id).limit(limit)).scalars())


def now_stands(tx: Tx, shop_id: int, customer_id: str, known: Sequence[str]) -> None:
    """Write down what of ours stands on the customer."""
    _set(tx, shop_id, customer_id, known=sorted(known), left_alone=None)


def left_alone(tx: Tx, shop_id: int, customer_id: str, known: Sequence[str], why: str, now: datetime) -> None:
    """Write down why the shop's own mark was left alone, and what of ours stands beside it."""
    new = {"known": sorted(known), "left_alone": why, "left_at": now, "before": ""}
    _set(tx, shop_id, customer_id, **new)


def replaces(tx: Tx, shop_id: int, customer_id: str, before: str) -> None:
    """Write down what of the shop's own a mark of ours stands, or is about to stand, in place of."""
    _set(tx, shop_id, customer_id, before=before)


def _mark(row: Row[Any]) -> Mark:
    wanted, known = tuple(row.wanted), tuple(row.known)
    # Rows older than the column: where there are groups, all that was wanted was one.
    tier = (wanted[0] if len(wanted) == 1 else "") if row.tier is None else row.tier
    return Mark(
        row.shop_id,
        row.customer_id,
        wanted,
        known,
        row.revision,
        row.left_alone,
        tier,
        row.before,
        row.left_at,
    )


def _set(tx: Tx, shop_id: int, customer_id: str, **values: object) -> None:
    mine = *_of(tx, shop_id), marks.c.customer_id == customer_id
    tx.run(update(marks).where(*mine).values(**values))


def _of(tx: Tx, shop_id: int):  # type: ignore[no-untyped-def]
    return marks.c.merchant_id == tx.merchant_id, marks.c.shop_id == shop_id
