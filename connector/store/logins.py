"""By which name and password a merchant signs in. Names are one's own over the whole installation."""

import unicodedata
from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError

from connector.secrets import KeyRing
from connector.store.database import Tx
from connector.store.tables import logins


class Login(msgspec.Struct, frozen=True):
    """A merchant's own name and what is kept of their password (passwords.hashed)."""

    name: str
    password: str
    changed_at: datetime

    def __repr__(self) -> str:
        return "Login(...)"  # a traceback that shows its locals must not show these


def owner(connection: Connection, ring: KeyRing, name: str) -> int | None:
    """Return the merchant who signs in by this name; case and outer blanks do not matter."""
    found = select(logins.c.merchant_id).where(logins.c.name_hash == _hash(ring, name))
    merchant_id: int | None = connection.execute(found).scalar()
    return merchant_id


def get(tx: Tx) -> Login | None:
    """Return how the merchant signs in; None where they have no password."""
    fields = (logins.c.name_sealed, logins.c.password_sealed, logins.c.changed_at)
    row = tx.first(select(*fields).where(logins.c.merchant_id == tx.merchant_id))
    if row is None:
        return None
    name = tx.ring.open(row.name_sealed, _place(tx, "name")).decode()
    return Login(name, tx.ring.open(row.password_sealed, _place(tx, "password")).decode(), row.changed_at)


def keep(tx: Tx, login: Login) -> bool:
    """Keep this in place of what was; False where the name is another merchant's."""
    row = upsert(logins).values(
        merchant_id=tx.merchant_id,
        name_hash=_hash(tx.ring, login.name),
        name_sealed=tx.ring.seal(login.name.encode(), _place(tx, "name")),
        password_sealed=tx.ring.seal(login.password.encode(), _place(tx, "password")),
        changed_at=login.changed_at,
    )
    names = ("name_hash", "name_sealed", "password_sealed", "changed_at")
    new = {name: row.excluded[name] for name in names}
    try:
        with tx.connection.begin_nested():
            tx.run(row.on_conflict_do_update(index_elements=["merchant_id"], set_=new))
    except IntegrityError:
        return False
    return True


def drop(tx: Tx) -> None:
    """Forget name and password; links still sign in."""
    tx.run(delete(logins).where(logins.c.merchant_id == tx.merchant_id))


def plain(name: str) -> str:
    """Return the one spelling under which a name is found."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _hash(ring: KeyRing, name: str) -> bytes:
    return ring.word_hash("login", plain(name))


def _place(tx: Tx, word: str) -> str:
    return f"logins.{word}:{tx.merchant_id}"
