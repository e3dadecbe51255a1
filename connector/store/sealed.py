"""Every sealed column with the place its words are bound to: for changing the keys under them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Table,
    and_,
    bindparam,
    case,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy import literal as given

from connector.secrets import CannotOpen
from connector.store.database import Tx
from connector.store.tables import metadata

# What `KeyRing.seal` was told when each word was kept; a column that is not here cannot be rotated, and fails a test.
PLACES: Mapping[tuple[str, str], str] = {
    ("merchants", "code_secret_sealed"): "merchants.code_secret:{id}",
    ("logins", "name_sealed"): "logins.name:{merchant_id}",
    ("logins", "password_sealed"): "logins.password:{merchant_id}",
    ("shops", "tokens_sealed"): "shops.tokens:{id}",
    ("customers", "email_sealed"): "customers.email:{shop_id}:{id}",
    ("customers", "name_sealed"): "customers.name:{shop_id}:{id}",
    ("inbox", "body_sealed"): "inbox.body:{shop_id}:{delivery_id}",
    ("privacy", "export_sealed"): "privacy.export:{id}",
}
_LONGEST_ID = 32  # bytes of a key's id with its length before it
_AN_ID = "^[A-Za-z0-9]+$"
_LOOKED_AT = 25  # words of one column and key, from either end, that are opened to see whether the key is the right one


class Batch(msgspec.Struct, frozen=True):
    """What one batch did. `last`: the key of its last row, None when there was none."""

    resealed: int
    last: tuple[object, ...] | None


class Shut(msgspec.Struct, frozen=True):
    """Words that do not open although the key they name is listed. `first`: the column and row of one of them.

    `key_id` is empty where they name none: those are no sealed words at all.
    """

    key_id: str
    looked_at: int
    count: int
    first: str

    def __add__(self, other: "Shut") -> "Shut":
        return Shut(
            self.key_id,
            self.looked_at + other.looked_at,
            self.count + other.count,
            self.first or other.first,
        )


def columns() -> Iterator[tuple[Table, Column[bytes]]]:
    """Yield every column that holds sealed words."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if column.name.endswith("_sealed"):
                yield table, column


def uses(tx: Tx) -> Counter[str]:
    """Count the merchant's sealed words by the id of the key that sealed them; empty where they begin with none."""
    found = Counter[str]()
    for table, column in columns():
        key_id = _key_id(column)
        chosen = (
            select(key_id.label("key_id"), func.count().label("words"))
            .where(_of(tx, table), func.length(column) > 0)
            .group_by(key_id)
        )
        for row in tx.all(chosen):
            found[row.key_id] += row.words
    return found


def probe(tx: Tx, key_id: str) -> Shut:
    """Open some of the merchant's words of this key, the first and the last of every column; return which do not open."""
    found = Shut(key_id, 0, 0, "")
    mark = bytes([len(key_id)]) + key_id.encode()
    for table, column in columns():
        key = list(table.primary_key.columns)
        theirs = func.substring(column, 1, len(mark)) == mark if key_id else _key_id(column) == ""
        wishes = (_of(tx, table), func.length(column) > 0, theirs)
        ends = (key, [one.desc() for one in key])
        rows = {
            tuple(row._mapping[one.name] for one in key): row
            for end in ends
            for row in tx.all(select(table).where(*wishes).order_by(*end).limit(_LOOKED_AT))
        }
        shut = [name for name, row in rows.items() if not _opens(tx, table, column, row)]
        first = f"{table.name}.{column.name} of {'/'.join(map(str, shut[0]))}" if shut else ""
        found += Shut(key_id, len(rows), len(shut), first)
    return found


def _opens(tx: Tx, table: Table, column: Column[bytes], row: Row[Any]) -> bool:
    words = row._mapping
    try:
        tx.ring.open(words[column.name], PLACES[table.name, column.name].format_map(dict(words)))
    except CannotOpen:
        return False
    return True


def _key_id(column: Column[bytes]) -> ColumnElement[str]:
    """Read the key's id off a sealed word, whatever bytes it is made of; what is none becomes empty."""
    head = func.substring(column, 1, _LONGEST_ID)
    # As text with escapes, never decoded: bytes that are no text would end the query.
    word = func.encode(func.substring(head, 2, func.get_byte(head, 0)), "escape")
    return case((word.op("~")(_AN_ID), word), else_="")


def reseal(
    tx: Tx, table: Table, column: Column[bytes], after: tuple[object, ...] | None, limit: int
) -> Batch:
    """Seal a batch of words again with the newest key, from behind `after` on; what others hold is left for a later turn."""
    names = [one.name for one in table.primary_key.columns]
    key = [table.c[name] for name in names]
    newest = tx.ring.mark
    old = and_(func.length(column) > 0, func.substring(column, 1, len(newest)) != newest)
    wishes: list[ColumnElement[bool]] = [_of(tx, table), old]
    if after is not None:
        wishes.append(
            tuple_(*key) > tuple_(*(given(word, one.type) for word, one in zip(after, key, strict=True)))
        )
    # Rows somebody works on are passed by: waiting for them while holding others could end in a deadlock.
    chosen = select(table).where(*wishes).order_by(*key).limit(limit).with_for_update(skip_locked=True)
    rows = tx.all(chosen)
    changes = []
    for row in rows:
        words = row._mapping
        place, sealed = PLACES[table.name, column.name].format_map(dict(words)), words[column.name]
        try:
            fresh = tx.ring.seal(tx.ring.open(sealed, place), place)
        except CannotOpen:
            continue  # `uses` counts what a missing key seals, `probe` finds what a listed one does not open
        changes.append({f"key_{name}": words[name] for name in names} | {"fresh": fresh})
    if changes:
        which = [table.c[name] == bindparam(f"key_{name}") for name in names]
        tx.run(update(table).where(*which).values({column.name: bindparam("fresh")}), changes)
    last = tuple(rows[-1]._mapping[name] for name in names) if rows else None
    return Batch(len(changes), last)


def _of(tx: Tx, table: Table) -> ColumnElement[bool]:
    return (table.c.id if table.name == "merchants" else table.c.merchant_id) == tx.merchant_id
