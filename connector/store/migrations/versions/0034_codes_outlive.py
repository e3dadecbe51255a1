"""For how long after its end a shop's code may still pass"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shops", sa.Column("codes_outlive", sa.Interval(), server_default="0", nullable=False))
