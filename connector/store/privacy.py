"""Finding, exporting and erasing what is personal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, or_, select, update

from connector.store import inbox
from connector.store.database import Tx
from connector.store.tables import customers, entries, notices, orders, privacy


def find(tx: Tx, shop_id: int, customer_id: str | None, email: str | None) -> list[str]:
    """Return the ids of the shop's customers that are this person, by id or by e-mail."""
    word = tx.ring.email_hash(tx.merchant_id, email)
    same = [customers.c.id == customer_id] if customer_id is not None else []
    same += [customers.c.email_hash == word] if word is not None else []
    if not same:
        return []
    mine = customers.c.merchant_id == tx.merchant_id, customers.c.shop_id == shop_id
    return list(tx.run(select(customers.c.id).where(*mine, or_(*same))).scalars())


def orders_of(tx: Tx, shop_id: int, customer_ids: Sequence[str], order_ids: Sequence[str]) -> list[str]:
    """Return the ids of all orders of these customers, and of those named that exist."""
    whose = or_(orders.c.customer_id.in_(customer_ids), orders.c.id.in_(order_ids))
    return list(tx.run(select(orders.c.id).where(*_orders(tx, shop_id), whose)).scalars())


def forget_guest(tx: Tx, shop_id: int, email_hash: bytes | None, order_ids: Sequence[str]) -> int:
    """Erase the hashed address from guest orders; return how many."""
    which: list[ColumnElement[bool]] = [orders.c.id.in_(order_ids)]
    if email_hash is not None:
        which.append(orders.c.guest_hash == email_hash)
    erased = update(orders).where(*_orders(tx, shop_id), orders.c.guest_hash.is_not(None), or_(*which))
    return tx.run(erased.values(guest_hash=None)).rowcount


def erase_shop(tx: Tx, shop_id: int, now: datetime) -> int:
    """Erase every personal word of a shop, messages included; the figures stay. Return the number of rows."""
    mine = customers.c.merchant_id == tx.merchant_id, customers.c.shop_id == shop_id
    people_rows = tx.run(
        update(customers)
        .where(*mine, customers.c.forgotten_at.is_(None))
        .values(
            email_sealed=None,
            email_hash=None,
            email_verified=False,
            name_sealed=None,
            language=None,
            forgotten_at=now,
        )
    ).rowcount
    guests = tx.run(
        update(orders).where(*_orders(tx, shop_id), orders.c.guest_hash.is_not(None)).values(guest_hash=None)
    ).rowcount
    return int(people_rows + guests + inbox.erase(tx, shop_id))


def shop_forgotten_at(tx: Tx, shop_name: str, at: datetime) -> bool:
    """Tell whether everything of a shop of this name was erased at this very moment."""
    asked = privacy.c.merchant_id == tx.merchant_id, privacy.c.shop_name == shop_name
    done = privacy.c.topic == "shop_forgotten", privacy.c.done_at == at
    return tx.first(select(privacy.c.id).where(*asked, *done)) is not None


def bury(tx: Tx, shop_id: int, words: set[bytes]) -> list[str]:
    """Erase from guest orders whom these keyed hashes name, and return the ids of customers that they name."""
    mine = customers.c.merchant_id == tx.merchant_id, customers.c.shop_id == shop_id
    rows = tx.all(
        select(customers.c.id, customers.c.email_hash).where(*mine, customers.c.forgotten_at.is_(None))
    )
    guests = tx.all(
        select(orders.c.id, orders.c.guest_hash).where(
            *_orders(tx, shop_id), orders.c.guest_hash.is_not(None)
        )
    )
    theirs = [row.id for row in guests if words & {row.guest_hash, tx.ring.word_hash("order", row.id)}]
    tx.run(update(orders).where(*_orders(tx, shop_id), orders.c.id.in_(theirs)).values(guest_hash=None))
    return [row.id for row in rows if words & {row.email_hash, tx.ring.word_hash("customer", row.id)}]


def export(tx: Tx, shop_id: int, customer_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return all that is known of these customers, ready to be written as JSON."""
    mine = customers.c.merchant_id == tx.merchant_id, customers.c.shop_id == shop_id
    found = []
    for row in tx.all(select(customers).where(*mine, customers.c.id.in_(customer_ids))):
        bought = tx.all(select(orders).where(*_orders(tx, shop_id), orders.c.customer_id == row.id))
        booked = tx.all(
            select(entries)
            .where(entries.c.merchant_id == tx.merchant_id, entries.c.member_id == row.member_id)
            .order_by(entries.c.id)
        )
        told = tx.all(
            select(notices)
            .where(notices.c.merchant_id == tx.merchant_id, notices.c.member_id == row.member_id)
            .order_by(notices.c.id)
        )
        found.append(
            {
                "customer": row.id,
                "email": tx.ring.open_text(row.email_sealed, f"customers.email:{shop_id}:{row.id}"),
                "name": tx.ring.open_text(row.name_sealed, f"customers.name:{shop_id}:{row.id}"),
                "language": row.language,
                "known_since": row.created_at,
                "orders": [
                    {
                        "number": order.number,
                        "placed_at": order.placed_at,
                        "currency": order.currency,
                        "total_minor": order.total,
                        "lines": order.lines,
                    }
                    for order in bought
                ],
                "points": [
                    {"points": entry.points, "moment": entry.moment, "source": entry.source}
                    for entry in booked
                ],
                "notices": [
                    {"points": notice.points, "moment": notice.moment, "points_end": notice.expires_at}
                    for notice in told
                ],
            }
        )
    return found


def write_down(
    tx: Tx,
    shop_name: str,
    topic: str,
    customer_id: str | None,
    now: datetime,
    rows: int,
    exported: bytes | None = None,
) -> None:
    """Keep the proof of a request: what was asked, when, and how many rows it concerned."""
    made = insert(privacy).values(
        merchant_id=tx.merchant_id,
        shop_name=shop_name,
        topic=topic,
        customer_id=customer_id,
        asked_at=now,
        done_at=now,
        rows=rows,
    )
    row_id = tx.value(made.returning(privacy.c.id))
    if exported is not None:
        sealed = tx.ring.seal(exported, f"privacy.export:{row_id}")
        chosen = privacy.c.merchant_id == tx.merchant_id, privacy.c.id == row_id
        tx.run(update(privacy).where(*chosen).values(export_sealed=sealed))


def erase_export(tx: Tx, customer_id: str) -> None:
    """Erase exports made for a person who is being forgotten."""
    tx.run(
        update(privacy)
        .where(privacy.c.merchant_id == tx.merchant_id, privacy.c.customer_id == customer_id)
        .values(export_sealed=None)
    )


def _orders(tx: Tx, shop_id: int):  # type: ignore[no-untyped-def]
    return orders.c.merchant_id == tx.merchant_id, orders.c.shop_id == shop_id
