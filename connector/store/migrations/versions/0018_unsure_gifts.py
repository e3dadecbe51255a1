"""When a gift was last tried without our knowing what came of it"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("coupons", sa.Column("unsure_at", sa.DateTime(timezone=True), nullable=True))
