"""Whether the database can be worked with, and the errors that say it is gone."""

import psycopg
from sqlalchemy import Engine, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolEmpty

from connector.store import migrate

# What a query raises while the database is away, starting, full or too busy: trying later helps.
GONE = (OperationalError, InterfaceError, PoolEmpty, psycopg.OperationalError)
# Either, and anything else that it refuses: for work that may just as well be done a little later.
TROUBLE = (DBAPIError, PoolEmpty, psycopg.Error)
# What it raises when it is there and cannot take what it is given: trying the same again does not help.
UNFIT = (DataError, IntegrityError, psycopg.DataError, psycopg.IntegrityError)


def problem(engine: Engine) -> str | None:
    """Return what keeps the database from being used, with what to do; None when all is well."""
    try:
        if not migrate.is_current(engine):
            return "The tables are not those of this version; run `comeback migrate`."
        with engine.connect() as connection:
            if connection.execute(text("SELECT to_regclass('procrastinate_jobs')")).scalar() is None:
                return "The queue's tables are missing; run `comeback migrate`."
    except GONE as error:
        return f"The database does not answer ({_kind(error)}); check DATABASE_URL and that PostgreSQL runs."
    except DBAPIError as error:
        return f"The database refuses to be read ({_kind(error)}); run `comeback migrate` as the owner of the tables."
    return None


def _kind(error: Exception) -> str:
    cause = getattr(error, "orig", None)
    return type(cause or error).__name__
