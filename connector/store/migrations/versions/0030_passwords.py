"""Signing in by a password, and ending every visit of a merchant at once"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("merchants", sa.Column("sign_ins", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "logins",
        sa.Column("merchant_id", sa.BigInteger(), nullable=False),
        sa.Column("name_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("password_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("logins_merchant_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("merchant_id", name=op.f("logins_pkey")),
        sa.UniqueConstraint("name_hash", name=op.f("logins_name_hash_key")),
    )
