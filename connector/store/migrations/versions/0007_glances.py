"""The overview's figures of large merchants, as they were last counted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "glances",
        sa.Column("merchant_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", name="glances_pkey"),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name="glances_merchant_id_fkey", ondelete="CASCADE"
        ),
    )
