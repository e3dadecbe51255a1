"""Bringing a database up to date: our tables by Alembic, the queue's by its own schema, rights for the app's role."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text

APP_ROLE = "comeback_app"
_MAY_ANALYZE = 170_000  # from PostgreSQL 17 on others than the owner can be allowed to
_FOLDER = Path(__file__).parent / "migrations"


def upgrade(owner_url: str) -> None:
    """Migrate to the newest version; safe to repeat, and safe when two processes start at once."""
    engine = create_engine(owner_url, connect_args={"connect_timeout": 5})
    try:
        with engine.begin() as connection:
            # Two processes that migrate at once would both create the same tables.
            connection.execute(text("SELECT pg_advisory_xact_lock(7203, 1)"))
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            _grant(connection)
    finally:
        engine.dispose()


def is_current(engine: Engine) -> bool:
    """Tell whether the database has exactly the tables that this code expects."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        return set(context.get_current_heads()) == set(ScriptDirectory.from_config(_config()).get_heads())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


def _grant(connection: Connection) -> None:
    """Give the app's own role what it needs, and no more: it may not change or delete what is booked."""
    found = connection.execute(
        text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": APP_ROLE}
    ).scalar()
    if not found:
        return
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}",
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {APP_ROLE}",
        f"REVOKE UPDATE ON entries FROM {APP_ROLE}",
    ):
        connection.execute(text(statement))
    version = connection.execute(text("SELECT current_setting('server_version_num')::int")).scalar_one()
    if version >= _MAY_ANALYZE:
        connection.execute(text(f"GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO {APP_ROLE}"))
