"""What tells that a shop at another address is the one that is here already"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shops", sa.Column("sign_hash", sa.LargeBinary(), nullable=True))
    op.add_column("shops", sa.Column("addresses", ARRAY(sa.Text()), server_default="{}", nullable=False))
