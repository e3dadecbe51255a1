"""By which date of a customer their card was last looked at"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cards", sa.Column("as_of", sa.DateTime(timezone=True), nullable=True))
