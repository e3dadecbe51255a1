"""What a shop does not let Comeback give, for want of a right that its merchant may grant"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words = sa.Column("not_allowed", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    op.add_column("shops", words)
