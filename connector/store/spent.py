"""Words that are good once, whichever process they are brought to. Only their hashes are kept, and only for as long."""

import hashlib
from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from connector.store.tables import spent


def take(connection: Connection, word: str, now: datetime, until: datetime) -> bool:
    """Use the word up until then; return False where somebody has before.

    Two who bring it at the same moment wait for each other: the second one sees what the first one wrote.
    """
    # Whoever is being cleared away by somebody else just now is passed over: two who wait for each other both fail.
    over = select(spent.c.word_hash).where(spent.c.until <= now).with_for_update(skip_locked=True)
    connection.execute(delete(spent).where(spent.c.word_hash.in_(over)))
    word_hash = hashlib.sha256(word.encode()).digest()
    row = upsert(spent).values(word_hash=word_hash, until=until).on_conflict_do_nothing()
    return connection.execute(row.returning(spent.c.until)).first() is not None


def is_taken(connection: Connection, word: str) -> bool:
    """Tell whether somebody has used the word up, and it is still kept."""
    word_hash = hashlib.sha256(word.encode()).digest()
    return connection.execute(select(spent.c.until).where(spent.c.word_hash == word_hash)).first() is not None
