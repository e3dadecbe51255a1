"""When backups were made and put back."""

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, insert

from connector.secrets import KeyRing
from connector.store.tables import backups

Kind = Literal["backup", "restore"]


def proof(ring: KeyRing) -> bytes:
    """Return the keyed hash that only the same SECRET_KEY makes."""
    return ring.word_hash("backup", "the same house")


def note(connection: Connection, ring: KeyRing, kind: Kind, at: datetime, as_of: datetime) -> None:
    """Write down that a backup was made, or put back; `as_of`: when it was made."""
    connection.execute(insert(backups).values(kind=kind, at=at, as_of=as_of, proof=proof(ring)))
