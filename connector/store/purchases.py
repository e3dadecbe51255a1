"""Orders as they stand: read back as records, kept only when they are newer."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, Text, case, cast, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert

from connector.loyalty.facts import ShopOrder
from connector.records import LineItem, Order
from connector.secrets import fingerprint
from connector.store import bulk, people
from connector.store.database import Tx
from connector.store.tables import code_uses, orders

_KEY = ("merchant_id", "shop_id", "id")
# What a ShopOrder is made of; the lines as text, which becomes records without a dict for each in between.
_TOLD = (
    *(
        orders.c[name]
        for name in (
            "shop_id",
            "id",
            "number",
            "customer_id",
            "currency",
            "placed_at",
            "paid_at",
            "fulfilled_at",
            "cancelled_at",
            "removed_at",
            "changed_at",
            "test",
            "total",
            "refunded",
            "refunded_shipping",
            "coupon_codes",
        )
    ),
    cast(orders.c.lines, Text).label("lines"),
)
_lines = msgspec.json.Decoder(tuple[LineItem, ...])
_KNOWN = tuple(
    orders.c[name]
    for name in (
        "id",
        "placed_at",
        "changed_at",
        "digest",
        "paid_at",
        "removed_at",
        "customer_id",
        "guest_hash",
        "coupon_codes",
    )
)


class Known(msgspec.Struct, frozen=True):
    """What is needed to tell whether a state of an order is news, and whom it concerns."""

    placed_at: datetime
    changed_at: datetime
    digest: bytes
    paid_at: datetime | None
    removed: bool
    customer_id: str | None
    guest_hash: bytes | None
    codes: tuple[str, ...]

    @property
    def whose(self) -> dict[str, str | bytes | None]:
        """Whom the order's row names."""
        return {"customer_id": self.customer_id, "guest_hash": self.guest_hash}

    @property
    def is_of_nobody(self) -> bool:
        """Whether it hangs on the random number of somebody forgotten."""
        return self.customer_id is not None and people.is_nobody(self.customer_id)


def digest(order: Order) -> bytes:
    """Return a fingerprint of all that an order says, but for when it changed, whose address it is and where it was placed.

    What was kept before the last was known must not be news all at once; and it never changes.
    """
    plain = msgspec.structs.replace(order, changed_at=order.placed_at, email=None, channel="")
    return fingerprint(msgspec.msgpack.encode(plain))


def row(tx: Tx, shop_id: int, order: Order) -> dict[str, Any]:
    """Return the order as a row of the table."""
    return {
        "merchant_id": tx.merchant_id,
        "shop_id": shop_id,
        "id": order.id,
        "number": fit(order.number),
        "customer_id": order.customer_id,
        "guest_hash": guest_hash(tx, order),
        "currency": order.currency,
        "placed_at": order.placed_at,
        "paid_at": order.paid_at,
        "fulfilled_at": order.fulfilled_at,
        "cancelled_at": order.cancelled_at,
        "removed_at": None,
        "changed_at": order.changed_at,
        "test": order.test,
        "channel": order.channel,
        "total": order.total,
        "refunded": order.refunded,
        "refunded_shipping": order.refunded_shipping,
        "kept_goods": order.kept_goods,
        "coupon_codes": [fit(code) for code in order.coupon_codes],
        "lines": [fit_line(line) for line in order.lines],
        "digest": digest(order),
    }


def guest_hash(tx: Tx, order: Order) -> bytes | None:
    """Return the keyed hash by which a guest's order can be claimed; None where it is no guest's."""
    if order.customer_id is not None or order.orphaned:
        return None
    return tx.ring.email_hash(tx.merchant_id, order.email)


def fit(word: str) -> str:
    """Return the word without what PostgreSQL cannot keep: a shop's title may hold a NUL."""
    return word.replace("\0", "")


def fit_line(line: LineItem) -> LineItem:
    """Return an order line whose words can all be kept."""
    if "\0" not in f"{line.id}{line.title}{line.product_id}{line.sku}":
        return line
    return msgspec.structs.replace(
        line,
        id=fit(line.id),
        title=fit(line.title),
        product_id=line.product_id and fit(line.product_id),
        sku=line.sku and fit(line.sku),
    )


def write(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Write these rows, each order once; the caller has found them to be news.

    Where an import brought something newer meanwhile, that stays.
    """
    if not rows:
        return
    new = upsert(orders)
    changes: dict[str, Any] = {name: new.excluded[name] for name in rows[0] if name not in _KEY}
    changes["guest_hash"] = still_claimed(new)
    no_older = (orders.c.changed_at <= new.excluded.changed_at) | orders.c.removed_at.is_not(None)
    tx.run(new.on_conflict_do_update(index_elements=_KEY, set_=changes, where=no_older), rows)


def still_claimed(new: Insert) -> ColumnElement[Any]:
    """An address that a shop keeps back later on takes no guest's order from who has claimed it."""
    same_guest = case((new.excluded.customer_id.is_(None), orders.c.guest_hash))
    return func.coalesce(new.excluded.guest_hash, same_guest)


def known(tx: Tx, shop_id: int, ids: Sequence[str]) -> dict[str, Known]:
    """Return what we know of these orders, by id."""
    if not ids:
        return {}
    rows = tx.all(select(*_KNOWN).where(*_of(tx, shop_id), bulk.among(orders.c.id, ids)))
    return {row.id: known_from(row._asdict()) for row in rows}


def known_from(row: Mapping[str, Any]) -> Known:
    """Return what a row tells of its order."""
    return Known(
        placed_at=row["placed_at"],
        changed_at=row["changed_at"],
        digest=bytes(row["digest"]),
        paid_at=row["paid_at"],
        removed=row["removed_at"] is not None,
        customer_id=row["customer_id"],
        guest_hash=None if row["guest_hash"] is None else bytes(row["guest_hash"]),
        codes=tuple(row["coupon_codes"]),
    )


def all_ids(tx: Tx, shop_id: int, before: datetime, placed_since: datetime | None = None) -> Iterator[str]:
    """Yield the ids of every order that is not deleted in the shop and was there before this moment, in their order."""
    there = [orders.c.removed_at.is_(None), orders.c.changed_at < before]
    if placed_since is not None:
        there.append(orders.c.placed_at >= placed_since)
    return bulk.in_order(tx, orders.c.id, *_of(tx, shop_id), *there)


def count(tx: Tx, shop_id: int, before: datetime | None = None) -> int:
    """Return how many orders the shop has here; of those made before this moment, where one is given."""
    there = [*_of(tx, shop_id), orders.c.removed_at.is_(None)]
    if before is not None:
        there.append(orders.c.placed_at < before)
    chosen = select(func.count()).where(*there)
    return int(tx.value(chosen))


def remove(tx: Tx, shop_id: int, order_id: str, now: datetime) -> bool:
    """Note that the order is gone from the shop; False when it is not known, or gone already."""
    gone = (
        update(orders)
        .where(*_of(tx, shop_id), orders.c.id == order_id, orders.c.removed_at.is_(None))
        .values(removed_at=now, kept_goods=0)
    )
    return tx.run(gone).rowcount > 0


def move(tx: Tx, shop_id: int, gone_id: str, kept_id: str) -> None:
    """Give all orders of one customer to another one."""
    tx.run(
        update(orders).where(*_of(tx, shop_id), orders.c.customer_id == gone_id).values(customer_id=kept_id)
    )


def has_any(tx: Tx, shop_id: int, customer_id: str) -> bool:
    """Tell whether an order that is still in the shop names this customer, however old it is."""
    theirs = *_of(tx, shop_id), orders.c.customer_id == customer_id, orders.c.removed_at.is_(None)
    return tx.first(select(orders.c.id).where(*theirs).limit(1)) is not None


def of_customers(tx: Tx, customers: Sequence[tuple[int, str]]) -> list[ShopOrder]:
    """Return every order of these (shop, customer) pairs, as it stands."""
    theirs = bulk.pairs_among(orders.c.shop_id, orders.c.customer_id, customers)
    return _read(tx, select(*_TOLD).where(orders.c.merchant_id == tx.merchant_id, theirs))


def of_guests(tx: Tx, guests: Sequence[tuple[int, bytes]]) -> list[tuple[bytes, ShopOrder]]:
    """Return every guest's order of these (shop, keyed hash of the e-mail) pairs."""
    theirs = bulk.pairs_among(orders.c.shop_id, orders.c.guest_hash, guests)
    mine = orders.c.merchant_id == tx.merchant_id
    rows = tx.all(select(orders.c.guest_hash, *_TOLD).where(mine, orders.c.guest_hash.is_not(None), theirs))
    return [(bytes(row.guest_hash), _shop_order(row)) for row in rows]


def with_codes(tx: Tx, codes: Sequence[str]) -> list[ShopOrder]:
    """Return every order that used one of these codes."""
    uses = select(code_uses.c.shop_id, code_uses.c.order_id).where(
        code_uses.c.merchant_id == tx.merchant_id, bulk.among(code_uses.c.code, codes)
    )
    key = tuple_(orders.c.shop_id, orders.c.id)
    return _read(tx, select(*_TOLD).where(orders.c.merchant_id == tx.merchant_id, key.in_(uses)))


def _read(tx: Tx, chosen: Select[Any]) -> list[ShopOrder]:
    return [_shop_order(row) for row in tx.all(chosen)]


def _shop_order(row: Row[Any]) -> ShopOrder:
    return ShopOrder(
        shop_id=row.shop_id,
        order=Order(
            id=row.id,
            number=row.number,
            currency=row.currency,
            placed_at=row.placed_at,
            changed_at=row.changed_at,
            total=row.total,
            lines=_lines.decode(row.lines),
            customer_id=row.customer_id,
            paid_at=row.paid_at,
            fulfilled_at=row.fulfilled_at,
            # An order deleted in the shop counts like a cancelled one.
            cancelled_at=row.cancelled_at or row.removed_at,
            refunded=row.refunded,
            refunded_shipping=row.refunded_shipping,
            coupon_codes=tuple(row.coupon_codes),
            test=row.test,
        ),
    )


def _of(tx: Tx, shop_id: int):  # type: ignore[no-untyped-def]
    return orders.c.merchant_id == tx.merchant_id, orders.c.shop_id == shop_id
