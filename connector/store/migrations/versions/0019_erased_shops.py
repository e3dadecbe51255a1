"""Shops that were erased under privacy law, and members whom no shop knows any more"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shops", sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("members", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "members_closed",
        "members",
        ["merchant_id", "id"],
        postgresql_where=sa.text("closed_at IS NOT NULL"),
    )
