"""Many rows or values in one statement: sent as one parameter, so that it is the same statement for one and a thousand.

A statement that grows with its values is written, sent and planned anew each time, and that costs more than running it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Select,
    Table,
    Text,
    any_,
    cast,
    column,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, Insert
from sqlalchemy.dialects.postgresql import insert as upsert

from connector.store.database import Tx

PAGE = 5_000


def insert(table: Table, rows: Sequence[Mapping[str, Any]]) -> Insert:
    """Return an insert of these rows, all of one shape."""
    names = list(rows[0])
    return upsert(table).from_select(names, records(table, names, rows))


def records(table: Table, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Select[Any]:
    """Return the rows as something to select from, typed like the table's columns."""
    # As JSON and not JSONB, which would be built only to be taken apart at once.
    packed = cast(literal(msgspec.json.encode(rows).decode(), Text), JSON)
    bytes_ = {name for name in names if isinstance(table.c[name].type, LargeBinary)}
    columns = [column(name, Text() if name in bytes_ else table.c[name].type) for name in names]
    shaped = func.json_to_recordset(packed).table_valued(*columns).render_derived(with_types=True)
    # JSON knows no bytes: msgspec writes them in base64.
    return select(
        *(
            func.decode(shaped.c[name], "base64", type_=LargeBinary).label(name)
            if name in bytes_
            else shaped.c[name]
            for name in names
        )
    )


def among(one: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Ask for rows where the column holds one of these values."""
    return one == any_(literal(list(values), ARRAY(one.type)))


def in_order(tx: Tx, word: ColumnElement[str], *where: ColumnElement[bool]) -> Iterator[str]:
    """Yield the column's values in the order of their letters, a few thousand at a time, while the transaction lasts."""
    chosen = select(word).where(*where).order_by(word.collate("C"))
    yield from tx.connection.execute(chosen.execution_options(yield_per=PAGE)).scalars()


def pairs_among(
    one: ColumnElement[int], other: ColumnElement[Any], pairs: Iterable[tuple[int, Any]]
) -> ColumnElement[bool]:
    """Ask for rows where the two columns hold one of these pairs; of few different first values, such as shops."""
    by_first = groupby(sorted(pairs), itemgetter(0))
    return or_(
        false(), *((one == first) & among(other, [second for _, second in some]) for first, some in by_first)
    )
