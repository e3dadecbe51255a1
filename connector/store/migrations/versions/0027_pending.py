"""What is kept for minutes while a shop is being connected"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pending",
        sa.Column("word_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kept", sa.LargeBinary(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("word_hash", name=op.f("pending_pkey")),
    )
    op.create_index(op.f("pending_until"), "pending", ["until"], unique=False)
