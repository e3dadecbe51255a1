"""What of the shop's own a mark stands in place of, and which mark is the tier's"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("marks", sa.Column("tier", sa.Text(), nullable=True))
    op.add_column("marks", sa.Column("before", sa.Text(), server_default="", nullable=False))
