"""How far the erasing of a shop is, which is done in portions"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shops", sa.Column("erasing_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("shops", sa.Column("erasing_asked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("shops", sa.Column("erased_rows", JSONB(), server_default="{}", nullable=False))
