"""Whether the database can be worked with, and the errors that say it is gone."""

from datetime import datetime

import msgspec
import psycopg
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolEmpty

from connector.store import migrate, rights, unfinished, walls

# What a query raises while the database is away, starting, full, read-only or too busy: trying later helps.
GONE = (
    OperationalError,
    InterfaceError,
    InternalError,  # read-only: SQLSTATE 25006
    PoolEmpty,
    psycopg.OperationalError,
    psycopg.InternalError,
)
# Either, and anything else that it refuses: for work that may just as well be done a little later, and for the door.
TROUBLE = (DBAPIError, PoolEmpty, psycopg.Error)
# What it raises when it is there and cannot take what it is given: trying the same again does not help.
UNFIT = (DataError, IntegrityError, psycopg.DataError, psycopg.IntegrityError)

_AWAY = "check DATABASE_URL and that PostgreSQL runs"


def problem(engine: Engine, away: str = _AWAY) -> str | None:
    """Return what keeps the database from being used, with what to do (`away`: where it is gone); None when all is well."""
    try:
        with engine.connect() as connection:
            if (why := unfinished.found(connection)) is not None:
                return why
            if migrate.is_newer(connection):
                return migrate.NEWER
            if migrate.is_new(connection):
                return "There are no tables yet; run `comeback migrate`, or `comeback serve`, which makes them too."
        if not migrate.is_current(engine):
            return "The tables are not those of this version; run `comeback migrate`."
        with engine.connect() as connection:
            if connection.execute(text("SELECT to_regclass('procrastinate_jobs')")).scalar() is None:
                return "The queue's tables are missing; run `comeback migrate`."
            if connection.execute(text("SELECT current_setting('transaction_read_only')")).scalar() == "on":
                return "The database can only be read just now; look whether it is a standby, or full."
            return _open_wall(connection)
    except GONE as error:
        return f"The database does not answer ({_kind(error)}); {away}."
    except DBAPIError as error:
        return f"The database refuses to be read ({_kind(error)}); run `comeback migrate` as the owner of the tables."


class Introduction(msgspec.Struct, frozen=True):
    """What a database says of itself. `tables`: the newest migration it has; `now`: its clock, UTC."""

    version: str
    bytes: int
    tables: str
    now: datetime


def introduce(connection: Connection) -> Introduction:
    """Ask the database who it is."""
    row = connection.execute(text(_INTRODUCTION)).one()
    return Introduction(row.version, row.bytes, migrate.newest(), row.now)


_INTRODUCTION = """
SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS bytes,
       clock_timestamp() AS now
"""


def unsafe(engine: Engine) -> str | None:
    """Return why this role must not serve merchants, with what to do; None when it may, or when nobody answers yet."""
    try:
        with engine.connect() as connection:
            return _open_wall(connection)
    except DBAPIError:
        return None


def _open_wall(connection: Connection) -> str | None:
    """Return why the rows of one merchant are not safe from another's pages, with what to do."""
    role = walls.role(connection)
    instead = (
        f"Make the role {walls.APP_ROLE} and name it in DATABASE_URL, the owner's in DATABASE_OWNER_URL "
        "(docs/operations.md shows how), then run `comeback migrate`."
    )
    if role.superuser or role.bypasses:
        return f"DATABASE_URL connects as {role.name}, whom row-level security does not hold. {instead}"
    if role.owns:
        return (
            f"DATABASE_URL connects as {role.name}, who owns the tables and could open their walls. {instead}"
        )
    if role.inherits:
        return (
            f"The role {role.name} always has the rights of {walls.ACROSS_ROLE}, and would see every merchant's rows. "
            f"Run: GRANT {walls.ACROSS_ROLE} TO {role.name} WITH INHERIT FALSE, SET TRUE."
        )
    if not role.may_switch:
        return f"The role {role.name} may not become {walls.ACROSS_ROLE}. {instead}"
    return _hole(connection)


def _hole(connection: Connection) -> str | None:
    if gaps := walls.gaps(connection):
        named = ", ".join(gaps)
        return f"Tables without row-level security as it should be: {named}; run `comeback migrate`."
    more = rights.too_many(connection)
    if more:
        return f"More is allowed than should be: {', '.join(more)}; run `comeback migrate`."
    return None


def _kind(error: Exception) -> str:
    cause = getattr(error, "orig", None)
    return type(cause or error).__name__
