"""What the two roles may do with each table: given anew at every migration, and looked at before anything starts."""

from collections.abc import Iterator

from sqlalchemy import Connection, Table, text

from connector.store.tables import metadata
from connector.store.walls import ACROSS, ACROSS_ROLE, APP_ROLE, SHARED, exists, version

# Words that nobody needs for finding out whose something is.
_HIDDEN = ("_sealed", "_hash")
# A pass is found by the hash of its word, a merchant who signs in by that of their name, a shop that moved by its sign's.
_SHOWN = {("passes", "word_hash"), ("logins", "name_hash"), ("shops", "sign_hash")}
# What is booked, told or noted stays as it is, and which migrations there were is for the owner to say.
NEVER: dict[str, tuple[str, ...]] = {
    "entries": ("UPDATE", "DELETE"),
    "notices": ("UPDATE", "DELETE"),
    "merchants": ("DELETE",),
    "backups": ("UPDATE", "DELETE"),
    "alembic_version": ("INSERT", "UPDATE", "DELETE"),
}
_MAY_ANALYZE = 170_000  # from PostgreSQL 17 on others than the owner can be allowed to
_QUEUE = r"SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'procrastinate\_%' ORDER BY 1"
_WORDS = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"]


def give(connection: Connection) -> None:
    """Give each role what it needs and no more; safe to repeat."""
    for statement in _grants(connection):
        connection.execute(text(statement))


def too_many(connection: Connection) -> list[str]:
    """Return what this connection's role, or the one it may become, is allowed beyond that: "role may UPDATE entries"."""
    (app,) = connection.execute(text("SELECT current_user")).scalars()
    found = [
        f"{app} may {word} {name}"
        for name, word in _had(connection, app)
        if word == "TRUNCATE" or word in NEVER.get(name, ())
    ]
    for name, word in _had(connection, ACROSS_ROLE):
        if word not in (*ACROSS.get(name, ()), *SHARED.get(name, "").split(", ")):
            found.append(f"{ACROSS_ROLE} may {word} {name}")
    for name, column in connection.execute(text(_COLUMNS), {"role": ACROSS_ROLE, "names": list(ACROSS)}):
        if column not in _columns(metadata.tables[name]):
            found.append(f"{ACROSS_ROLE} may SELECT {name}.{column}")
    return found


# Rights may also come by way of everybody (PUBLIC) or another role, and for single columns: all that is counted.
_HAD = """
SELECT c.relname AS name, w.word FROM pg_class c CROSS JOIN unnest(CAST(:words AS text[])) w(word)
 WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(:names)
   AND CASE WHEN w.word IN ('DELETE', 'TRUNCATE') THEN has_table_privilege(:role, c.oid, w.word)
       ELSE has_any_column_privilege(:role, c.oid, w.word) END
 ORDER BY 1, 2
"""
_COLUMNS = """
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(:names) AND a.attnum > 0 AND NOT a.attisdropped
   AND has_column_privilege(:role, c.oid, a.attnum, 'SELECT')
 ORDER BY 1, 2
"""


def _had(connection: Connection, role: str) -> list[tuple[str, str]]:
    asked = {"role": role, "names": _tables(), "words": _WORDS}
    return [(row.name, row.word) for row in connection.execute(text(_HAD), asked)]


def _tables() -> list[str]:
    return [*(table.name for table in metadata.sorted_tables), "alembic_version"]


def _grants(connection: Connection) -> Iterator[str]:
    yield f"GRANT USAGE ON SCHEMA public TO {ACROSS_ROLE}"
    for name in _tables():
        yield f"REVOKE ALL ON {name} FROM PUBLIC, {ACROSS_ROLE}"
    for table in metadata.sorted_tables:
        if table.name in SHARED:
            yield f"GRANT {SHARED[table.name]} ON {table.name} TO {ACROSS_ROLE}"
        for word in ACROSS.get(table.name, ()):
            names = f" ({', '.join(_columns(table))})" if word == "SELECT" else ""
            yield f"GRANT {word}{names} ON {table.name} TO {ACROSS_ROLE}"
    for name in connection.execute(text(_QUEUE)).scalars():
        yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {ACROSS_ROLE}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {ACROSS_ROLE}"
    yield f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {ACROSS_ROLE}"
    if exists(connection, APP_ROLE):
        yield from _grants_to_app(connection)


def _grants_to_app(connection: Connection) -> Iterator[str]:
    yield f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}"
    yield f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {APP_ROLE}"
    # Emptying a table asks no wall.
    yield f"REVOKE TRUNCATE ON ALL TABLES IN SCHEMA public FROM {APP_ROLE}"
    for name, words in NEVER.items():
        yield f"REVOKE {', '.join(words)} ON {name} FROM {APP_ROLE}"
    if version(connection) >= _MAY_ANALYZE:
        yield f"GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO {APP_ROLE}"


def _columns(table: Table) -> list[str]:
    return [
        column.name
        for column in table.columns
        if not column.name.endswith(_HIDDEN) or (table.name, column.name) in _SHOWN
    ]
