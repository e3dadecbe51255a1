"""In which currency the books of a customer's part of the shop are kept"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customers", sa.Column("currency", sa.Text(), nullable=True))
