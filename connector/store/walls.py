"""Walls between merchants: row-level security on every table that has a merchant, put up again at every migration.

Queries keep to their merchant by themselves; the walls hold when one forgets. They bind the application's role to the
merchant that its transaction names. Finding whose something is happens under a second role, which sees the rows that
this takes and nothing sealed.
"""

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import ProgrammingError

from connector.store.tables import metadata

APP_ROLE = "comeback_app"
ACROSS_ROLE = "comeback_everyone"
SETTING = "comeback.merchant"
# The oldest PostgreSQL in which a role can be lent without its rights being inherited.
OLDEST = 160_000

# After a transaction the setting is an empty text, not nothing; the inner SELECT is evaluated once per statement.
_BOUND = f"(SELECT nullif(current_setting('{SETTING}', true), ''))"

# What may be done across merchants, by table: to find whose a message, a visit or a piece of work is, and no more.
ACROSS: dict[str, tuple[str, ...]] = {
    "merchants": ("SELECT",),
    "shops": ("SELECT",),
    "passes": ("SELECT", "DELETE"),
    "members": ("SELECT",),
    "inbox": ("SELECT",),
    "outbox": ("SELECT",),
    "runs": ("SELECT",),
}
# Tables without a merchant that work across merchants writes to.
_SHARED = {
    "strays": "SELECT, INSERT, UPDATE",
    "backups": "SELECT, INSERT",
    "spent": "SELECT, INSERT, UPDATE, DELETE",
    "tallies": "SELECT, INSERT, UPDATE",
    "processes": "SELECT, INSERT, UPDATE, DELETE",
}
# Words that nobody needs for finding out whose something is.
_HIDDEN = ("_sealed", "_hash")
# A pass is found by the hash of its word.
_SHOWN = {("passes", "word_hash")}


class CannotProtect(Exception):
    """The owner of the tables may not do what the walls need; the message says what to do."""


class Role(msgspec.Struct, frozen=True):
    """How the database's roles stand: what the application's own role is, and what it may become."""

    name: str
    superuser: bool
    bypasses: bool
    owns: bool
    inherits: bool
    may_switch: bool


def closed() -> Iterator[tuple[Table, str]]:
    """Yield every table with a merchant, and the column that names them."""
    for table in metadata.sorted_tables:
        if table.name == "merchants":
            yield table, "id"
        elif "merchant_id" in table.c:
            yield table, "merchant_id"


def put_up(connection: Connection) -> None:
    """Close every table that is still open, and give both roles what they need; safe to repeat. Raises CannotProtect."""
    _make_role(connection)
    for table, column in closed():
        if not _stands(connection, table.name):
            for statement in _wall(table.name, column):
                connection.execute(text(statement))
    for statement in _rights(connection):
        connection.execute(text(statement))


def gaps(connection: Connection) -> list[str]:
    """Return the tables that have a merchant and no wall."""
    return [table.name for table, _ in closed() if not _stands(connection, table.name)]


def role(connection: Connection) -> Role:
    """Return how the role of this connection stands."""
    row = connection.execute(text(_STANDING), {"across": ACROSS_ROLE}).one()
    return Role(**row._mapping)


_STANDING = """
SELECT r.rolname AS name, r.rolsuper AS superuser, r.rolbypassrls AS bypasses,
       EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relname = 'merchants'
                AND pg_has_role(current_user, c.relowner, 'MEMBER')) AS owns,
       coalesce((SELECT pg_has_role(current_user, e.oid, 'USAGE') FROM pg_roles e WHERE e.rolname = :across), false)
           AS inherits,
       coalesce((SELECT pg_has_role(current_user, e.oid, 'SET') FROM pg_roles e WHERE e.rolname = :across), false)
           AS may_switch
  FROM pg_roles r WHERE r.rolname = current_user
"""
_WALLS = """
SELECT c.relrowsecurity AND c.relforcerowsecurity
       AND (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = ANY(:names)) = :count
  FROM pg_class c WHERE c.oid = to_regclass(:name)
"""


def _policies(table: str, column: str) -> dict[str, str]:
    found = {
        "merchant": f"USING ({column} = {_BOUND}::bigint) WITH CHECK ({column} = {_BOUND}::bigint)",
        # Migrations and dumps see all of it; bound to a merchant the owner sees no more than the application.
        "owner": f"TO CURRENT_USER USING ({_BOUND} IS NULL) WITH CHECK ({_BOUND} IS NULL)",
    }
    for word in ACROSS.get(table, ()):
        found[f"everyone_{word.lower()}"] = f"FOR {word} TO {ACROSS_ROLE} USING (true)"
    return found


def _stands(connection: Connection, table: str) -> bool:
    names = list(_policies(table, "id"))
    asked = {"name": f"public.{table}", "names": names, "count": len(names)}
    return bool(connection.execute(text(_WALLS), asked).scalar())


def _wall(table: str, column: str) -> Iterator[str]:
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
    for name, words in _policies(table, column).items():
        yield f"DROP POLICY IF EXISTS {name} ON {table}"
        yield f"CREATE POLICY {name} ON {table} {words}"


def _make_role(connection: Connection) -> None:
    if _version(connection) < OLDEST:
        raise CannotProtect("PostgreSQL 16 or newer is needed; this one is older.")
    if not _exists(connection, ACROSS_ROLE):
        _try(connection, f"CREATE ROLE {ACROSS_ROLE} NOLOGIN")
    if _exists(connection, APP_ROLE) and not connection.execute(text(_LENT), _NAMES).scalar():
        _try(connection, f"GRANT {ACROSS_ROLE} TO {APP_ROLE} WITH INHERIT FALSE, SET TRUE")


_NAMES = {"across": ACROSS_ROLE, "app": APP_ROLE}
_LENT = """
SELECT 1 FROM pg_auth_members m WHERE m.roleid = (SELECT oid FROM pg_roles WHERE rolname = :across)
   AND m.member = (SELECT oid FROM pg_roles WHERE rolname = :app) AND m.set_option AND NOT m.inherit_option
"""


def _try(connection: Connection, statement: str) -> None:
    try:
        with connection.begin_nested():
            connection.execute(text(statement))
    except ProgrammingError as error:
        raise CannotProtect(
            "The owner of the tables may not make roles. Run once, as an administrator of PostgreSQL: "
            f"CREATE ROLE {ACROSS_ROLE} NOLOGIN; GRANT {ACROSS_ROLE} TO {APP_ROLE} WITH INHERIT FALSE, SET TRUE; "
            "then `comeback migrate` again."
        ) from error


def _rights(connection: Connection) -> Iterator[str]:
    """What each role needs and no more: nobody but the owner may change or delete what is booked."""
    yield f"GRANT USAGE ON SCHEMA public TO {ACROSS_ROLE}"
    for table in metadata.sorted_tables:
        yield f"REVOKE ALL ON {table.name} FROM {ACROSS_ROLE}"
        if table.name in _SHARED:
            yield f"GRANT {_SHARED[table.name]} ON {table.name} TO {ACROSS_ROLE}"
        for word in ACROSS.get(table.name, ()):
            yield f"GRANT {word}{_shown(table) if word == 'SELECT' else ''} ON {table.name} TO {ACROSS_ROLE}"
    for name in connection.execute(text(_QUEUE)).scalars():
        yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {ACROSS_ROLE}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {ACROSS_ROLE}"
    yield f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {ACROSS_ROLE}"
    if not _exists(connection, APP_ROLE):
        return
    yield f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}"
    yield f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {APP_ROLE}"
    yield f"REVOKE UPDATE, DELETE ON entries, notices FROM {APP_ROLE}"
    yield f"REVOKE DELETE ON merchants FROM {APP_ROLE}"
    if _version(connection) >= _MAY_ANALYZE:
        yield f"GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO {APP_ROLE}"


_MAY_ANALYZE = 170_000  # from PostgreSQL 17 on others than the owner can be allowed to
_QUEUE = r"SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'procrastinate\_%' ORDER BY 1"


def _shown(table: Table) -> str:
    names = [
        column.name
        for column in table.columns
        if not column.name.endswith(_HIDDEN) or (table.name, column.name) in _SHOWN
    ]
    return f" ({', '.join(names)})"


def _exists(connection: Connection, name: str) -> bool:
    found = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name})
    return found.scalar() is not None


def _version(connection: Connection) -> int:
    found: int = connection.execute(text("SELECT current_setting('server_version_num')::int")).scalar_one()
    return found
