"""Visits inside a platform's admin, where no cookie goes"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "visits",
        sa.Column("merchant_id", sa.BigInteger(), nullable=False),
        sa.Column("sitting_hash", sa.LargeBinary(), nullable=False),
        sa.Column("record", postgresql.JSONB(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("visits_merchant_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("merchant_id", "sitting_hash", name=op.f("visits_pkey")),
    )
