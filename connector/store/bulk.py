"""Many rows in one statement: sent as one JSON parameter, so that it is the same statement for one row and a thousand."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, Table, Text, cast, column, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, Insert
from sqlalchemy.dialects.postgresql import insert as upsert


def insert(table: Table, rows: Sequence[Mapping[str, Any]]) -> Insert:
    """Return an insert of these rows, all of one shape; no column may hold bytes."""
    names = list(rows[0])
    return upsert(table).from_select(names, records(table, names, rows))


def records(table: Table, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Select[Any]:
    """Return the rows as something to select from, typed like the table's columns."""
    packed = cast(literal(msgspec.json.encode(rows).decode(), Text), JSONB)
    columns = [column(name, table.c[name].type) for name in names]
    shaped = func.jsonb_to_recordset(packed).table_valued(*columns).render_derived(with_types=True)
    return select(*(shaped.c[name] for name in names))
