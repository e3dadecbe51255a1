"""Alembic's entry: runs on the connection that connector.store.migrate hands in."""

from alembic import context

from connector.store.tables import metadata


def ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave the queue's own tables alone: autogenerate would drop them."""
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, include_name=ours
)
context.run_migrations()
