"""The forgotten: keyed hashes of persons who were erased, so that a late message does not bring them back."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from connector.store import bulk
from connector.store.database import Tx
from connector.store.tables import forgotten


def remember(tx: Tx, shop_id: int, hashes: Iterable[bytes], now: datetime) -> None:
    """Keep keyed hashes of a forgotten person, so that a late message does not bring them back."""
    for word in hashes:
        tx.run(
            upsert(forgotten)
            .values(merchant_id=tx.merchant_id, shop_id=shop_id, word_hash=word, at=now)
            .on_conflict_do_nothing()
        )


def at(tx: Tx, shop_id: int, moment: datetime) -> set[bytes]:
    """Return the keyed hashes of who was forgotten at this very moment."""
    mine = forgotten.c.merchant_id == tx.merchant_id, forgotten.c.shop_id == shop_id
    return set(tx.run(select(forgotten.c.word_hash).where(*mine, forgotten.c.at == moment)).scalars())


def anybody(tx: Tx, shop_id: int) -> bool:
    """Tell whether anybody at all was forgotten in the shop."""
    mine = forgotten.c.merchant_id == tx.merchant_id, forgotten.c.shop_id == shop_id
    return tx.first(select(forgotten.c.shop_id).where(*mine).limit(1)) is not None


def among(tx: Tx, shop_id: int, customer_ids: Iterable[str]) -> set[str]:
    """Return those of these numbers of the shop's whose persons were forgotten."""
    numbers = {tx.ring.word_hash("customer", one): one for one in customer_ids}
    return {numbers[word] for word in words(tx, shop_id, list(numbers))} if numbers else set()


def words(tx: Tx, shop_id: int, hashes: Sequence[bytes]) -> set[bytes]:
    """Return which of these hashes belong to somebody forgotten."""
    mine = forgotten.c.merchant_id == tx.merchant_id, forgotten.c.shop_id == shop_id
    return set(
        tx.run(
            select(forgotten.c.word_hash).where(*mine, bulk.among(forgotten.c.word_hash, hashes))
        ).scalars()
    )
