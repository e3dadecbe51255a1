"""Persons: who is known as several members by one verified address."""

from collections.abc import Sequence

from sqlalchemy import func, select

from connector.store import bulk
from connector.store.database import Tx
from connector.store.tables import customers


def same_person(tx: Tx, email_hash: bytes) -> list[int]:
    """Return the members with a verified customer of this address, the oldest first."""
    chosen = (
        select(customers.c.member_id)
        .where(
            customers.c.merchant_id == tx.merchant_id,
            customers.c.email_hash == email_hash,
            customers.c.email_verified,
            customers.c.removed_at.is_(None),
        )
        .distinct()
        .order_by(customers.c.member_id)
    )
    return list(tx.run(chosen).scalars())


def shared_addresses(
    tx: Tx, email_hashes: Sequence[bytes] | None = None, after: bytes = b"", limit: int | None = None
) -> list[bytes]:
    """Return those of these addresses (or of all) that verified customers of different members have, in order.

    From behind `after` on, and no more than `limit`.
    """
    if email_hashes is not None and not email_hashes:
        return []
    which = [] if email_hashes is None else [bulk.among(customers.c.email_hash, email_hashes)]
    if after:
        which.append(customers.c.email_hash > after)
    chosen = (
        select(customers.c.email_hash)
        .where(
            customers.c.merchant_id == tx.merchant_id,
            *which,
            customers.c.email_hash.is_not(None),
            customers.c.email_verified,
            customers.c.removed_at.is_(None),
        )
        .group_by(customers.c.email_hash)
        .having(func.count(customers.c.member_id.distinct()) > 1)
        .order_by(customers.c.email_hash)
        .limit(limit)
    )
    return list(tx.run(chosen).scalars())
