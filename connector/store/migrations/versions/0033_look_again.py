"""Since when a shop's marks and cards are to be looked at again"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shops", sa.Column("look_again_at", sa.DateTime(timezone=True), nullable=True))
