"""Every sealed column with the place its words are bound to: for changing the keys under them."""

from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Table,
    and_,
    bindparam,
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
    ("shops", "tokens_sealed"): "shops.tokens:{id}",
    ("customers", "email_sealed"): "customers.email:{shop_id}:{id}",
    ("customers", "name_sealed"): "customers.name:{shop_id}:{id}",
    ("inbox", "body_sealed"): "inbox.body:{shop_id}:{delivery_id}",
    ("privacy", "export_sealed"): "privacy.export:{id}",
}
_LONGEST_ID = 32  # bytes of a key's id with its length before it


class Batch(msgspec.Struct, frozen=True):
    """What one batch did. `last`: the key of its last row, None when there was none."""

    resealed: int
    last: tuple[object, ...] | None


def columns() -> Iterator[tuple[Table, Column[bytes]]]:
    """Yield every column that holds sealed words."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if column.name.endswith("_sealed"):
                yield table, column


def uses(tx: Tx) -> Counter[str]:
    """Count the merchant's sealed words by the id of the key that sealed them."""
    found = Counter[str]()
    for table, column in columns():
        head = func.substring(column, 1, _LONGEST_ID)
        key_id = func.convert_from(func.substring(head, 2, func.get_byte(head, 0)), "UTF8")
        chosen = (
            select(key_id.label("key_id"), func.count().label("words"))
            .where(_of(tx, table), func.length(column) > 0)
            .group_by(key_id)
        )
        for row in tx.all(chosen):
            found[row.key_id] += row.words
    return found


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
            continue  # `uses` counts what a missing key seals
        changes.append({f"key_{name}": words[name] for name in names} | {"fresh": fresh})
    if changes:
        which = [table.c[name] == bindparam(f"key_{name}") for name in names]
        tx.run(update(table).where(*which).values({column.name: bindparam("fresh")}), changes)
    last = tuple(rows[-1]._mapping[name] for name in names) if rows else None
    return Batch(len(changes), last)


def _of(tx: Tx, table: Table) -> ColumnElement[bool]:
    return (table.c.id if table.name == "merchants" else table.c.merchant_id) == tx.merchant_id
