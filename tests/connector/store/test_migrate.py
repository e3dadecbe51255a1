"""An older Comeback leaves the tables of a newer one alone, and says what to do."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, text

from connector.store import health, migrate


def test_an_older_version_says_that_the_tables_are_of_a_newer_one(database: Any) -> None:
    owner = create_engine(database.owner_url)
    app = create_engine(database.url)
    try:
        migrate.upgrade(database.owner_url)
        assert health.problem(app) is None
        with owner.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        assert health.problem(app) == migrate.NEWER
        with pytest.raises(migrate.Newer, match="restore a backup from before it"):
            migrate.upgrade(database.owner_url)
    finally:
        owner.dispose()
        app.dispose()
