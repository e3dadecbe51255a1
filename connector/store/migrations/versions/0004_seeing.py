"""Requests can be followed, and what all processes count stands in one place."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("inbox", "entries", "outbox"):
        op.add_column(table, sa.Column("request_id", sa.Text()))
        named = sa.text("request_id IS NOT NULL")
        op.create_index(f"{table}_request", table, ["request_id"], postgresql_where=named)
    op.create_index("outbox_parked", "outbox", ["kind"], postgresql_where=sa.text("state = 'parked'"))
    open_runs = sa.text("state IN ('waiting', 'running')")
    op.create_index("runs_open", "runs", ["kind"], postgresql_where=open_runs)
    op.create_table(
        "tallies",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", "labels", name="tallies_pkey"),
    )
    op.create_table(
        "processes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="processes_pkey"),
    )
