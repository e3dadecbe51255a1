"""An index for finding the change that has waited longest, which is not the one due first"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waiting = sa.text("state = 'waiting'")
    op.create_index("outbox_oldest", "outbox", ["shop_id", "made_at"], unique=False, postgresql_where=waiting)
