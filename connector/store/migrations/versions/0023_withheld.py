"""What a shop keeps from us of its customers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words = sa.Column("withholds", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    op.add_column("shops", words)
