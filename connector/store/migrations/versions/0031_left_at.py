"""When a shop's own mark was last found in the place of ours"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("marks", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
