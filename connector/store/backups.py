"""When backups were made and put back."""

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import Connection, insert, select

from connector.secrets import KeyRing
from connector.store.tables import backups

Kind = Literal["backup", "restore"]


class Note(msgspec.Struct, frozen=True):
    """A backup (`as_of` is when it was made) or a restore (`as_of` is when its backup was made)."""

    kind: Kind
    at: datetime
    as_of: datetime
    proof: bytes


def proof(ring: KeyRing) -> bytes:
    """Return the keyed hash that only the same SECRET_KEY makes."""
    return ring.word_hash("backup", "the same house")


def note(connection: Connection, ring: KeyRing, kind: Kind, at: datetime, as_of: datetime) -> None:
    """Write down that a backup was made or put back."""
    connection.execute(insert(backups).values(kind=kind, at=at, as_of=as_of, proof=proof(ring)))


def latest(connection: Connection, kind: Kind) -> Note | None:
    """Return the newest note of a kind."""
    fields = (backups.c[name] for name in Note.__struct_fields__)
    newest = select(*fields).where(backups.c.kind == kind).order_by(backups.c.id.desc()).limit(1)
    row = connection.execute(newest).first()
    return None if row is None else Note(**row._mapping)
