"""Customers' balance and tier, for shops whose own pages can show them"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shops", sa.Column("shows_cards", sa.Boolean(), server_default="false", nullable=False))
    op.create_table(
        "cards",
        sa.Column("merchant_id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant_id", "shop_id"],
            ["shops.merchant_id", "shops.id"],
            name=op.f("cards_merchant_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("merchant_id", "shop_id", "customer_id", name=op.f("cards_pkey")),
    )
