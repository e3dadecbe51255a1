"""Finding and erasing what is personal."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, cast, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB

from connector.store import bodies, bulk, ledger, outbox
from connector.store.database import Tx
from connector.store.tables import acts, customers, metadata, orders, privacy


def find(tx: Tx, shop_id: int, customer_id: str | None, email: str | None) -> list[str]:
    """Return the ids of the shop's customers that are this person, by id or by e-mail."""
    word = tx.ring.email_hash(tx.merchant_id, email)
    same = [customers.c.id == customer_id] if customer_id is not None else []
    same += [customers.c.email_hash == word] if word is not None else []
    if not same:
        return []
    mine = customers.c.merchant_id == tx.merchant_id, customers.c.shop_id == shop_id
    return list(tx.run(select(customers.c.id).where(*mine, or_(*same))).scalars())


def orders_of(
    tx: Tx,
    shop_id: int,
    customer_ids: Sequence[str],
    order_ids: Sequence[str],
    email_hash: bytes | None = None,
) -> list[str]:
    """Return the ids of all orders of these customers, of guests with this address, and of those named that exist."""
    whose: list[ColumnElement[bool]] = [orders.c.customer_id.in_(customer_ids), orders.c.id.in_(order_ids)]
    whose += [orders.c.guest_hash == email_hash] if email_hash is not None else []
    return list(tx.run(select(orders.c.id).where(*_orders(tx, shop_id), or_(*whose))).scalars())


def keep_claims(tx: Tx, shop_id: int, customer_ids: Sequence[str]) -> int:
    """Write these customers on the guest orders they have claimed by their address; return how many.

    The address is about to be erased: without it nobody could tell any more whose the points of those orders are.
    """
    here = customers.c.merchant_id == tx.merchant_id, customers.c.shop_id == shop_id
    claims = customers.c.email_verified, customers.c.email_hash == orders.c.guest_hash
    claimed = update(orders).where(
        *_orders(tx, shop_id),
        orders.c.customer_id.is_(None),
        *here,
        *claims,
        customers.c.id.in_(customer_ids),
    )
    return tx.run(claimed.values(customer_id=customers.c.id, guest_hash=None)).rowcount


def forget_guest(tx: Tx, shop_id: int, email_hash: bytes | None, order_ids: Sequence[str]) -> int:
    """Erase the hashed address from guest orders; return how many."""
    which: list[ColumnElement[bool]] = [orders.c.id.in_(order_ids)]
    if email_hash is not None:
        which.append(orders.c.guest_hash == email_hash)
    erased = update(orders).where(*_orders(tx, shop_id), orders.c.guest_hash.is_not(None), or_(*which))
    return tx.run(erased.values(guest_hash=None)).rowcount


def empty_exports(tx: Tx, shop_id: int) -> int:
    """Empty every export made for people of a shop; return how many."""
    theirs = select(customers.c.id).where(
        customers.c.merchant_id == tx.merchant_id, customers.c.shop_id == shop_id
    )
    ours = (privacy.c.of_shop == shop_id) & privacy.c.export_sealed.is_not(None)
    return _empty(tx, ours | _of_old(privacy.c.customer_id.in_(theirs)))


def rename(tx: Tx, shop_id: int, customer_id: str, number: str) -> None:
    """Write a random number wherever the shop's number of a forgotten customer stands; what was to be sent is dropped.

    Not in the ledger: it names orders and exchanges, and no customer.
    """
    for table in metadata.sorted_tables:
        if {"shop_id", "customer_id"} <= set(table.c.keys()):
            theirs = table.c.merchant_id == tx.merchant_id, table.c.shop_id == shop_id
            tx.run(
                update(table).where(*theirs, table.c.customer_id == customer_id).values(customer_id=number)
            )
    ledger.rebind(tx, shop_id, customer_id, number)
    outbox.rename(tx, shop_id, customer_id, number)
    bodies.rename(tx, shop_id, f"customer {customer_id}", f"customer {number}")


def delete_acts(tx: Tx, member_ids: Sequence[int]) -> int:
    """Delete what people did for members whom no shop knows any more; return how many rows."""
    theirs = acts.c.merchant_id == tx.merchant_id, bulk.among(acts.c.member_id, member_ids)
    return tx.run(delete(acts).where(*theirs)).rowcount


def erase_reasons(tx: Tx, member_ids: Sequence[int]) -> dict[str, int]:
    """Erase what staff wrote when they gave or took points from these members: free words may name a person.

    Of members whom a shop of the merchant still knows nothing is erased. Return the number of rows by table.
    """
    known = select(customers.c.member_id).where(
        customers.c.merchant_id == tx.merchant_id, customers.c.forgotten_at.is_(None)
    )
    gone = set(member_ids) - set(tx.run(known.where(bulk.among(customers.c.member_id, member_ids))).scalars())
    mine = acts.c.merchant_id == tx.merchant_id, bulk.among(acts.c.member_id, sorted(gone))
    written = acts.c.record["reason"].astext != ""
    blank = func.jsonb_set(acts.c.record, ["reason"], cast("", JSONB))
    acted = tx.run(update(acts).where(*mine, written).values(record=blank)).rowcount
    # The ledger is never rewritten; this one function of the database (migration 0016) blanks reasons and nothing else.
    booked = tx.value(select(func.comeback_forget_reasons(tx.merchant_id, sorted(gone))))
    return {"acts": acted, "entries": int(booked)}


def bury(tx: Tx, shop_id: int, words: set[bytes]) -> list[str]:
    """Erase from guest orders whom these keyed hashes name, and return the ids of customers that they name."""
    mine = customers.c.merchant_id == tx.merchant_id, customers.c.shop_id == shop_id
    rows = tx.all(
        select(customers.c.id, customers.c.email_hash).where(*mine, customers.c.forgotten_at.is_(None))
    )
    found = [row.id for row in rows if words & {row.email_hash, tx.ring.word_hash("customer", row.id)}]
    keep_claims(tx, shop_id, found)
    guests = tx.all(
        select(orders.c.id, orders.c.guest_hash).where(
            *_orders(tx, shop_id), orders.c.guest_hash.is_not(None)
        )
    )
    theirs = [row.id for row in guests if words & {row.guest_hash, tx.ring.word_hash("order", row.id)}]
    tx.run(update(orders).where(*_orders(tx, shop_id), orders.c.id.in_(theirs)).values(guest_hash=None))
    return found


def end_exports(tx: Tx, made_before: datetime) -> int:
    """Erase the exports made before this moment, and whom they were about; return how many."""
    return _empty(tx, privacy.c.export_sealed.is_not(None), privacy.c.done_at <= made_before)


def about(
    tx: Tx, customer_ids: Sequence[str], order_ids: Sequence[str], email: str | None
) -> tuple[bytes, ...]:
    """Return the keyed hashes of a person: of the shop's numbers for them, of their orders', and of their address."""
    words = [tx.ring.word_hash("customer", customer_id) for customer_id in customer_ids]
    words += [tx.ring.word_hash("order", order_id) for order_id in order_ids]
    word = tx.ring.email_hash(tx.merchant_id, email)
    return (*words, *([word] if word is not None else []))


def erase_exports(tx: Tx, shop_id: int, customer_ids: Sequence[str], words: Collection[bytes]) -> int:
    """Erase the shop's exports about people who are being forgotten, and whom they were about; return how many.

    `words` are keyed hashes (`about`): a guest has no number, two accounts of a person have one file, and the numbers of two
    shops may be the same.
    """
    ours = (privacy.c.of_shop == shop_id) & privacy.c.about.overlap(sorted(words))
    return _empty(tx, ours | _of_old(privacy.c.customer_id.in_(customer_ids)))


def _of_old(theirs: ColumnElement[bool]) -> ColumnElement[bool]:
    # Exports from before it was kept of which shop they are; they last seven days.
    return privacy.c.of_shop.is_(None) & theirs


def _empty(tx: Tx, *which: ColumnElement[bool]) -> int:
    exports = update(privacy).where(privacy.c.merchant_id == tx.merchant_id, *which)
    return tx.run(exports.values(export_sealed=None, customer_id=None, about=[])).rowcount


def _orders(tx: Tx, shop_id: int):  # type: ignore[no-untyped-def]
    return orders.c.merchant_id == tx.merchant_id, orders.c.shop_id == shop_id
