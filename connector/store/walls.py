"""Walls between merchants: row-level security on every table that has a merchant, put up again at every migration.

Queries keep to their merchant by themselves; the walls hold when one forgets. They bind the application's role to the
merchant that its transaction names. Finding whose something is happens under a second role, which sees the rows that
this takes and nothing sealed.
"""

import hashlib
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
    "logins": ("SELECT",),
    "members": ("SELECT",),
    "inbox": ("SELECT",),
    "outbox": ("SELECT",),
    "runs": ("SELECT",),
}
# Tables without a merchant that work across merchants writes to.
SHARED = {
    "strays": "SELECT, INSERT, UPDATE",
    "backups": "SELECT, INSERT",
    "spent": "SELECT, INSERT, UPDATE, DELETE",
    "pending": "SELECT, INSERT, UPDATE, DELETE",
    "rates": "SELECT, INSERT, UPDATE, DELETE",
    "tallies": "SELECT, INSERT, UPDATE",
    "processes": "SELECT, INSERT, UPDATE, DELETE",
}


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
    """Close every table whose wall is not as it should be; make the second role. Raises CannotProtect."""
    _make_role(connection)
    standing = _standing(connection)
    for table, column in closed():
        if table.name not in standing:
            for statement in _wall(connection, table.name, column):
                connection.execute(text(statement))
            _remember(connection, table.name, column)


def gaps(connection: Connection) -> list[str]:
    """Return the tables that have a merchant and no wall, or another one than we put up."""
    standing = _standing(connection)
    return [table.name for table, _ in closed() if table.name not in standing]


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
_FORCED = """
SELECT relname FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relrowsecurity AND relforcerowsecurity
"""
# PostgreSQL writes a policy in its own words, which differ by version: compared with what it wrote when we made it.
_FOUND = """
SELECT c.relname AS table, p.polname AS name, quote_ident(p.polname) AS quoted,
       coalesce(obj_description(p.oid, 'pg_policy'), '') AS kept,
       encode(sha256(convert_to(concat_ws('|', p.polcmd, p.polpermissive,
         (SELECT string_agg(coalesce(r.rolname, 'public'), ',' ORDER BY r.rolname)
            FROM unnest(p.polroles) o LEFT JOIN pg_roles r ON r.oid = o),
         coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')),
         'UTF8')), 'hex') AS digest
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = 'public'::regnamespace
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


def _standing(connection: Connection) -> set[str]:
    """Return the tables whose policies are ours, all of them and no other, just as they were made."""
    forced = set(connection.execute(text(_FORCED)).scalars())
    found: dict[str, dict[str, bool]] = {}
    wanted = {table.name: _policies(table.name, column) for table, column in closed()}
    for one in connection.execute(text(_FOUND)):
        words = wanted.get(one.table, {}).get(one.name)
        ours = words is not None and one.kept == _kept(words, one.digest)
        found.setdefault(one.table, {})[one.name] = ours
    return {
        name
        for name, policies in wanted.items()
        if name in forced and found.get(name) == dict.fromkeys(policies, True)
    }


def _kept(words: str, digest: str) -> str:
    """Return what is written beside a policy: of our words for it, and of PostgreSQL's."""
    return f"{hashlib.sha256(words.encode()).hexdigest()} {digest}"


def _wall(connection: Connection, table: str, column: str) -> Iterator[str]:
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
    for one in connection.execute(text(_FOUND)).all():
        if (
            one.table == table
        ):  # a policy of somebody else's would open what ours close: they are joined by OR
            yield f"DROP POLICY {one.quoted} ON {table}"
    for name, words in _policies(table, column).items():
        yield f"CREATE POLICY {name} ON {table} {words}"


def _remember(connection: Connection, table: str, column: str) -> None:
    wanted = _policies(table, column)
    for one in connection.execute(text(_FOUND)).all():
        if one.table == table:
            kept = _kept(wanted[one.name], one.digest)
            connection.execute(text(f"COMMENT ON POLICY {one.quoted} ON {table} IS '{kept}'"))


def _make_role(connection: Connection) -> None:
    if version(connection) < OLDEST:
        raise CannotProtect("PostgreSQL 16 or newer is needed; this one is older.")
    if not exists(connection, ACROSS_ROLE):
        _try(connection, f"CREATE ROLE {ACROSS_ROLE} NOLOGIN")
    if exists(connection, APP_ROLE) and not connection.execute(text(_LENT), _NAMES).scalar():
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


def exists(connection: Connection, name: str) -> bool:
    found = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name})
    return found.scalar() is not None


def version(connection: Connection) -> int:
    found: int = connection.execute(text("SELECT current_setting('server_version_num')::int")).scalar_one()
    return found
