"""Bringing a database up to date: our tables by Alembic, the queue's by its own schema, then the walls and the rights."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text

from connector.store import rights, unfinished, walls

NEWER = "The tables are those of a newer Comeback; start that one again, or restore a backup from before it."
_FOLDER = Path(__file__).parent / "migrations"


class Unfinished(Exception):
    """A restore has not ended: tables made now would stand in its way. The text says what to do."""


class Newer(Exception):
    """The tables are those of a newer Comeback, which this one does not know. The text says what to do."""


def upgrade(owner_url: str) -> None:
    """Migrate to the newest version; safe to repeat, and safe when two processes start at once.

    Raises walls.CannotProtect, Unfinished and Newer, each with what to do.
    """
    engine = create_engine(owner_url, connect_args={"connect_timeout": 5})
    try:
        with engine.begin() as connection:
            if (why := unfinished.found(connection)) is not None:
                raise Unfinished(why)
            up(connection)
    finally:
        engine.dispose()


def up(connection: Connection) -> None:
    """Migrate in the transaction of the tables' owner. Raises walls.CannotProtect and Newer."""
    # Two processes that migrate at once would both create the same tables.
    connection.execute(text("SELECT pg_advisory_xact_lock(7203, 1)"))
    if is_newer(connection):
        raise Newer(NEWER)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    walls.put_up(connection)
    rights.give(connection)


def is_newer(connection: Connection) -> bool:
    """Tell whether the tables were migrated by a newer version than this."""
    return not all(map(knows, MigrationContext.configure(connection).get_current_heads()))


def is_current(engine: Engine) -> bool:
    """Tell whether the database has exactly the tables that this code expects."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        return set(context.get_current_heads()) == set(ScriptDirectory.from_config(_config()).get_heads())


def is_new(connection: Connection) -> bool:
    """Tell whether the database has never been migrated."""
    return not MigrationContext.configure(connection).get_current_heads()


def newest() -> str:
    """Return the name of the newest migration that this code knows."""
    return ", ".join(sorted(ScriptDirectory.from_config(_config()).get_heads()))


def knows(version: str) -> bool:
    """Tell whether this code can migrate from tables of this version."""
    return version in {step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config
