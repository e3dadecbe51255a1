"""Of which shop, and about whom, a file for a person who asked is"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("privacy", sa.Column("of_shop", sa.BigInteger(), nullable=True))
    words = postgresql.ARRAY(sa.LargeBinary())
    op.add_column("privacy", sa.Column("about", words, server_default="{}", nullable=False))
