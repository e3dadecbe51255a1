"""The currencies that parts of a shop keep books in, beside its own"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words = sa.Column("currencies", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    op.add_column("shops", words)
