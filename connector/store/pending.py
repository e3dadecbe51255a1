"""What a platform keeps for a while between two steps of connecting a shop: sealed, under a hash of its word."""

from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from connector.secrets import CannotOpen, KeyRing
from connector.store.tables import pending


def keep(
    connection: Connection, ring: KeyRing, word: str, what: bytes, now: datetime, until: datetime
) -> None:
    """Keep it under the word until then, instead of what was there."""
    drop_old(connection, now)
    word_hash = ring.word_hash("pending", word)
    row = upsert(pending).values(
        word_hash=word_hash, kept=ring.seal(what, f"pending:{word_hash.hex()}"), until=until
    )
    changed = {"kept": row.excluded.kept, "until": row.excluded.until}
    connection.execute(row.on_conflict_do_update(index_elements=["word_hash"], set_=changed))


def kept(connection: Connection, ring: KeyRing, word: str, now: datetime) -> bytes | None:
    """Return what is kept under the word; None where there is nothing, or its key is not listed any more."""
    word_hash = ring.word_hash("pending", word)
    wanted = select(pending.c.kept).where(pending.c.word_hash == word_hash, pending.c.until > now)
    found = connection.execute(wanted).scalar()
    try:
        return None if found is None else ring.open(found, f"pending:{word_hash.hex()}")
    except CannotOpen:
        # It outlived the key that sealed it; what is lost is one step of connecting, which the merchant can repeat.
        return None


def drop(connection: Connection, ring: KeyRing, word: str) -> None:
    """Forget what is kept under the word."""
    connection.execute(delete(pending).where(pending.c.word_hash == ring.word_hash("pending", word)))


def drop_old(connection: Connection, now: datetime) -> None:
    """Erase what has ended."""
    # Whoever is being erased by somebody else just now is passed over: two who wait for each other both fail.
    over = select(pending.c.word_hash).where(pending.c.until <= now).with_for_update(skip_locked=True)
    connection.execute(delete(pending).where(pending.c.word_hash.in_(over)))
