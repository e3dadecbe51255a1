"""What a platform sends because a file told it to, and when a shop was last heard so"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shops", sa.Column("declared_word", sa.Text(), nullable=True))
    op.add_column("shops", sa.Column("declared_at", sa.DateTime(timezone=True), nullable=True))
