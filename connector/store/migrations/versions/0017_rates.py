"""How often somebody came to the shopper's page within the last minute"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rates",
        sa.Column("word_hash", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("word_hash", name=op.f("rates_pkey")),
        # Written at every look and worth nothing a minute later: a crash of PostgreSQL may empty it.
        prefixes=["UNLOGGED"],
    )
