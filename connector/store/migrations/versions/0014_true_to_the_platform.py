"""What is heard oddly from a shop, and proofs of what was done under privacy law"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("shops", sa.Column("other_version", sa.Text(), nullable=True))
    for name in ("other_version_at", "old_secret_since", "old_secret_at"):
        op.add_column("shops", sa.Column(name, _MOMENT, nullable=True))
    for name in ("request_id", "version"):
        op.add_column("privacy", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.add_column("privacy", sa.Column("due_at", _MOMENT, nullable=True))
    op.add_column("privacy", sa.Column("tables", postgresql.JSONB(), server_default="{}", nullable=False))
    op.add_column("privacy", sa.Column("proof", sa.LargeBinary(), nullable=True))
