"""A breaker on every shop's line, and a count of our own faults about one message"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    none_yet = sa.text("0")
    op.add_column("shops", sa.Column("failures", sa.Integer(), server_default=none_yet, nullable=False))
    for name in ("failing_since", "failed_at", "probe_at"):
        op.add_column("shops", sa.Column(name, sa.DateTime(timezone=True)))
    op.add_column("shops", sa.Column("probing", sa.Boolean(), server_default=sa.false(), nullable=False))
    for table in ("inbox", "outbox"):
        op.add_column(table, sa.Column("faults", sa.Integer(), server_default=none_yet, nullable=False))
