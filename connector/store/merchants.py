"""Merchants: the tenants, and the one-time passes by which their browsers come in."""

from datetime import datetime, timedelta
from secrets import randbelow
from typing import Literal

import msgspec
from sqlalchemy import Connection, delete, insert, select, text, update

from connector.secrets import KeyRing, fingerprint, random_word
from connector.store.database import Tx, bind
from connector.store.tables import logins, merchants, passes, visits

# Taken first: a row may only be written by a transaction that is bound to its merchant.
_NEXT = text("SELECT nextval(pg_get_serial_sequence('merchants', 'id'))")
PassKind = Literal["sign_in", "join"]


class Merchant(msgspec.Struct, frozen=True):
    """Who runs the programme. `currency`: the one tiers and rewards are stated in.

    `sign_ins` changes when all visits are ended at once: those begun under another number are over.
    """

    id: int
    name: str
    currency: str
    timezone: str
    language: str
    sign_ins: int = 0


def add(
    connection: Connection,
    ring: KeyRing,
    name: str,
    currency: str,
    timezone: str,
    language: str,
    now: datetime,
) -> int:
    """Keep a new merchant with a coupon secret of their own; return the id. The transaction is theirs from here on."""
    merchant_id: int = connection.execute(_NEXT).scalar_one()
    bind(connection, merchant_id)
    connection.execute(
        insert(merchants).values(
            id=merchant_id,
            name=name,
            currency=currency,
            timezone=timezone,
            language=language,
            code_secret_sealed=ring.seal(random_word(32).encode(), secret_place(merchant_id)),
            created_at=now,
        )
    )
    return merchant_id


def get(tx: Tx) -> Merchant:
    """Return the transaction's merchant; raise LookupError when there is none."""
    fields = (merchants.c[name] for name in Merchant.__struct_fields__)
    row = tx.first(select(*fields).where(merchants.c.id == tx.merchant_id))
    if row is None:
        raise LookupError(f"no merchant {tx.merchant_id}")
    return Merchant(**row._mapping)


def every(connection: Connection) -> list[int]:
    """Return the ids of all merchants."""
    return list(connection.execute(select(merchants.c.id).order_by(merchants.c.id)).scalars())


def has_left(tx: Tx) -> None:
    """Leave of a merchant whose last shop was erased what the ledger needs: their name and ways in are gone."""
    tx.run(update(merchants).where(merchants.c.id == tx.merchant_id).values(name=""))
    for table in (passes, visits, logins):
        tx.run(delete(table).where(table.c.merchant_id == tx.merchant_id))


def code_secret(tx: Tx) -> bytes:
    """Return the secret that makes this merchant's coupon codes."""
    sealed = tx.value(select(merchants.c.code_secret_sealed).where(merchants.c.id == tx.merchant_id))
    return tx.ring.open(sealed, secret_place(tx.merchant_id))


def give_pass(tx: Tx, kind: PassKind, now: datetime, valid: timedelta) -> str:
    """Return a one-time word that stands for this merchant for a while."""
    word = random_word()
    tx.run(
        insert(passes).values(
            merchant_id=tx.merchant_id, word_hash=_hash(word), kind=kind, expires_at=now + valid
        )
    )
    return word


def find_pass(connection: Connection, word: str, kind: PassKind, now: datetime) -> int | None:
    """Use a pass up and return whose it was; None when it is unknown, used or too old."""
    used = delete(passes).where(passes.c.word_hash == _hash(word), passes.c.kind == kind)
    row = connection.execute(used.returning(passes.c.merchant_id, passes.c.expires_at)).first()
    return row.merchant_id if row is not None and row.expires_at > now else None


def sign_out_everywhere(tx: Tx) -> Merchant:
    """End every visit of this merchant's but those inside an admin, and every link that could begin one."""
    merchant_id = tx.merchant_id
    tx.run(delete(passes).where(passes.c.merchant_id == merchant_id, passes.c.kind == "sign_in"))
    # At random, not one more: after a restore the number of a visit that was ended must not come again.
    tx.run(update(merchants).where(merchants.c.id == merchant_id).values(sign_ins=1 + randbelow(2**31 - 1)))
    return get(tx)


def is_out(connection: Connection, kind: PassKind, now: datetime) -> bool:
    """Tell whether a pass of this kind, of whichever merchant, can still be used."""
    there = select(passes.c.expires_at).where(passes.c.kind == kind, passes.c.expires_at > now)
    return connection.execute(there.limit(1)).first() is not None


def _hash(word: str) -> bytes:
    return fingerprint(b"pass", word.encode())


def secret_place(merchant_id: int) -> str:
    """Return where the secret of a merchant's codes is kept, as its seal says."""
    return f"merchants.code_secret:{merchant_id}"
