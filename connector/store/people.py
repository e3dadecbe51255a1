"""Customers: who is who, and whom a member is made of."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import and_, exists, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from connector.records import Customer
from connector.secrets import random_word
from connector.store import bulk, cards
from connector.store.database import Tx
from connector.store.tables import customers, members


class Known(msgspec.Struct, frozen=True):
    """What is needed to tell whether a state of a customer is news."""

    member_id: int
    changed_at: datetime
    email_hash: bytes | None
    email_verified: bool
    forgotten: bool
    removed: bool
    stub: bool  # known only from an order
    currency: str | None


class Owner(msgspec.Struct, frozen=True):
    """A customer row as settling sees it. `claims`: the guest orders of this hash in its shop are theirs."""

    member_id: int
    shop_id: int
    customer_id: str
    created_at: datetime
    claims: bytes | None
    removed: bool
    currency: str | None


_TOLD = "id member_id changed_at email_hash email_verified forgotten_at removed_at currency".split()


def known(tx: Tx, shop_id: int, ids: Sequence[str]) -> dict[str, Known]:
    """Return what we know of these customers, by id."""
    if not ids:
        return {}
    rows = tx.all(select(*customers.c[*_TOLD]).where(*_of(tx, shop_id), bulk.among(customers.c.id, ids)))
    return {
        row.id: Known(
            row.member_id,
            row.changed_at,
            row.email_hash,
            row.email_verified,
            row.forgotten_at is not None,
            row.removed_at is not None,
            row.changed_at == _NEVER,
            row.currency,
        )
        for row in rows
    }


def keep(tx: Tx, shop_id: int, batch: Sequence[tuple[Customer, int]]) -> None:
    """Keep these states of customers, each with its member; the caller has found them to be news."""
    rows = [row(tx, shop_id, customer, member_id) for customer, member_id in batch]
    if not rows:
        return
    new = upsert(customers)
    kept = ("merchant_id", "shop_id", "id", "member_id")
    changes = {name: new.excluded[name] for name in rows[0] if name not in kept}
    tx.run(new.on_conflict_do_update(index_elements=kept[:3], set_=changes), rows)


def says_nothing_new(tx: Tx, shop_id: int, customer: Customer) -> bool:
    """Tell whether all of this is known already; if so, only note that it still held at its `changed_at`."""
    mine = *_of(tx, shop_id), customers.c.id == customer.id
    found = tx.first(select(customers).where(*mine, customers.c.changed_at > _NEVER))
    if found is None:
        return False
    name = tx.ring.open_text(found.name_sealed, f"customers.name:{shop_id}:{customer.id}")
    email = tx.ring.open_text(found.email_sealed, f"customers.email:{shop_id}:{customer.id}")
    known = (email, found.email_verified, name, found.language, found.currency)
    told = (customer.email, customer.email_verified, customer.name, customer.language, customer.currency)
    if known != told:
        return False
    tx.run(update(customers).where(*mine).values(changed_at=customer.changed_at))
    return True


def row(tx: Tx, shop_id: int, customer: Customer, member_id: int) -> dict[str, Any]:
    """Return the customer as a row of the table, personal words sealed."""
    return {
        "merchant_id": tx.merchant_id,
        "shop_id": shop_id,
        "id": customer.id,
        "member_id": member_id,
        "email_sealed": tx.ring.seal_text(customer.email, f"customers.email:{shop_id}:{customer.id}"),
        "email_hash": tx.ring.email_hash(tx.merchant_id, customer.email),
        "email_verified": customer.email_verified,
        "name_sealed": tx.ring.seal_text(customer.name, f"customers.name:{shop_id}:{customer.id}"),
        "language": customer.language,
        "currency": customer.currency,
        "created_at": customer.created_at,
        "changed_at": customer.changed_at,
        "removed_at": None,
    }


def stub(customer_id: str, first_seen: datetime) -> Customer:
    """Return a stand-in for a customer whom we know from an order only, older than any real state."""
    return Customer(id=customer_id, created_at=first_seen, changed_at=_NEVER)


_NUMBER_OF_NOBODY = "forgotten-"
_NOBODY = {
    "email_sealed": None,
    "email_hash": None,
    "name_sealed": None,
    "email_verified": False,
    "language": None,
    "currency": None,
}


def remove(tx: Tx, shop_id: int, customer_id: str, now: datetime) -> None:
    """Note that the customer is gone from the shop; what is booked stays."""
    cards.drop(tx, shop_id, [customer_id])
    mine = *_of(tx, shop_id), customers.c.id == customer_id
    tx.run(update(customers).where(*mine).values(removed_at=now, **_NOBODY))


def gone_since(tx: Tx, shop_id: int, before: datetime, limit: int) -> list[str]:
    """Return customers whom the shop deleted before this moment, and whom nobody has forgotten."""
    gone = customers.c.removed_at < before, customers.c.forgotten_at.is_(None)
    chosen = select(customers.c.id).where(*_of(tx, shop_id), *gone).order_by(customers.c.removed_at)
    return list(tx.run(chosen.limit(limit)).scalars())


def forget(tx: Tx, shop_id: int, customer_id: str, now: datetime) -> str:
    """Erase the person, the shop's number for them too; the row stays as a random number that figures hang on: return it."""
    cards.drop(tx, shop_id, [customer_id])
    mine = *_of(tx, shop_id), customers.c.id == customer_id
    number = f"{_NUMBER_OF_NOBODY}{random_word(12)}"
    tx.run(update(customers).where(*mine).values(id=number, forgotten_at=now, **_NOBODY))
    return number


def is_nobody(customer_id: str) -> bool:
    """Tell whether this is no number of the shop's, but the random one of somebody forgotten."""
    return customer_id.startswith(_NUMBER_OF_NOBODY)


def members_of(tx: Tx, shop_id: int, customer_ids: Sequence[str]) -> set[int]:
    """Return the members behind these customers."""
    return set(member_of_each(tx, shop_id, customer_ids).values())


def with_points(tx: Tx, shop_id: int, points: int) -> list[str]:
    """Return the customers of a shop whose members hold that many points, in the order of their ids."""
    here = customers.c.removed_at.is_(None), customers.c.forgotten_at.is_(None)
    rows = tx.all(
        select(customers.c.id)
        .join(
            members,
            and_(members.c.merchant_id == customers.c.merchant_id, members.c.id == customers.c.member_id),
        )
        .where(*_of(tx, shop_id), members.c.balance >= points, *here)
        .order_by(customers.c.id)
    )
    return [row.id for row in rows]


def member_of_each(tx: Tx, shop_id: int, customer_ids: Sequence[str]) -> dict[str, int]:
    """Return the member behind each of these customers; who is not known here is left out."""
    if not customer_ids:
        return {}
    fields = customers.c.id, customers.c.member_id
    rows = tx.all(select(*fields).where(*_of(tx, shop_id), bulk.among(customers.c.id, customer_ids)))
    return {row.id: row.member_id for row in rows}


def members_claiming(tx: Tx, shop_id: int, hashes: Sequence[bytes]) -> set[int]:
    """Return the members who may claim guest orders of these e-mail hashes in the shop."""
    return set[int]().union(*claimants(tx, shop_id, hashes).values())


def claimants(tx: Tx, shop_id: int, hashes: Sequence[bytes]) -> dict[bytes, set[int]]:
    """Return the members who may claim guest orders in the shop, by e-mail hash."""
    if not hashes:
        return {}
    chosen = select(customers.c.email_hash, customers.c.member_id).where(
        *_of(tx, shop_id), bulk.among(customers.c.email_hash, hashes), customers.c.email_verified
    )
    found: dict[bytes, set[int]] = {}
    for row in tx.all(chosen):
        found.setdefault(bytes(row.email_hash), set()).add(row.member_id)
    return found


_OWNED = "member_id shop_id id created_at email_hash removed_at forgotten_at currency".split()


def owners(tx: Tx, member_ids: Sequence[int]) -> list[Owner]:
    """Return every customer of these members, oldest first."""
    elder = customers.alias("elder")
    # A guest's order goes to one customer only, even where two accounts share an address: the first.
    first = ~exists().where(
        elder.c.merchant_id == customers.c.merchant_id,
        elder.c.shop_id == customers.c.shop_id,
        elder.c.email_hash == customers.c.email_hash,
        elder.c.email_verified,
        tuple_(elder.c.created_at, elder.c.id) < tuple_(customers.c.created_at, customers.c.id),
    )
    claims = and_(customers.c.email_hash.is_not(None), customers.c.email_verified, first).label("claims")
    rows = tx.all(
        select(*customers.c[*_OWNED], claims)
        .where(customers.c.merchant_id == tx.merchant_id, bulk.among(customers.c.member_id, member_ids))
        .order_by(customers.c.created_at, customers.c.shop_id, customers.c.id)
    )
    return [
        Owner(
            row.member_id,
            row.shop_id,
            row.id,
            row.created_at,
            row.email_hash if row.claims else None,
            row.removed_at is not None or row.forgotten_at is not None,
            row.currency,
        )
        for row in rows
    ]


def count(tx: Tx, shop_id: int, before: datetime | None = None) -> int:
    """Return how many customers the shop has here; of those made before this moment, where one is given."""
    there = [*_of(tx, shop_id), customers.c.removed_at.is_(None)]
    if before is not None:
        there.append(customers.c.created_at < before)
    chosen = select(func.count()).where(*there)
    return int(tx.value(chosen))


def all_ids(tx: Tx, shop_id: int, before: datetime) -> Iterator[str]:
    """Yield the ids of every customer that is not deleted in the shop and was there before this moment, in their order."""
    there = (
        customers.c.removed_at.is_(None),
        customers.c.created_at < before,
        customers.c.forgotten_at.is_(None),
    )
    return bulk.in_order(tx, customers.c.id, *_of(tx, shop_id), *there)


def in_shop(tx: Tx, shop_id: int, limit: int, without: Sequence[int] = ()) -> list[int]:
    """Return the first so many of the members that have a customer in the shop, without these."""
    others = *_of(tx, shop_id), ~bulk.among(customers.c.member_id, without)
    chosen = select(customers.c.member_id).where(*others).distinct().order_by(customers.c.member_id)
    return list(tx.run(chosen.limit(limit)).scalars())


def also_elsewhere(tx: Tx, shop_id: int, member_ids: Sequence[int]) -> list[int]:
    """Return those of these members whom another shop of the merchant knows too."""
    others = customers.c.merchant_id == tx.merchant_id, customers.c.shop_id != shop_id
    chosen = select(customers.c.member_id).where(*others, bulk.among(customers.c.member_id, member_ids))
    return list(tx.run(chosen.distinct().order_by(customers.c.member_id)).scalars())


_NEVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _of(tx: Tx, shop_id: int):  # type: ignore[no-untyped-def]
    return customers.c.merchant_id == tx.merchant_id, customers.c.shop_id == shop_id
