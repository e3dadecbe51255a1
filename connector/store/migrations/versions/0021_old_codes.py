"""Codes that were taken out of the merchant's list"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("coupons", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
