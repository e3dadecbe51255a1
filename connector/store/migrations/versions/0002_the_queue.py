"""The queue's own tables, and a ledger that cannot be rewritten."""

from alembic import op
from procrastinate import App, SyncPsycopgConnector

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# A ledger line is never changed. Deleting is left to the owner alone, for a merchant who asks to be erased.
_APPEND_ONLY = """
CREATE FUNCTION entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger entries are never changed; book a new one';
END $$;
CREATE TRIGGER entries_stay BEFORE UPDATE ON entries FOR EACH ROW EXECUTE FUNCTION entries_stay();
"""


def upgrade() -> None:
    schema = App(connector=SyncPsycopgConnector()).schema_manager.get_schema()
    # The schema is full of % signs, which SQLAlchemy's own execution would read as parameters.
    driver = op.get_bind().connection.driver_connection
    driver.execute(schema)
    driver.execute(_APPEND_ONLY)
