"""The overview's figures are counted at every look: its cache goes, and two indexes hold what the counting asks."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SALE = ["total", "test", "cancelled_at", "removed_at"]


def upgrade() -> None:
    op.create_index(
        "orders_of_customer",
        "orders",
        ["merchant_id", "shop_id", "customer_id", "paid_at"],
        postgresql_include=_SALE,
    )
    op.create_index(
        "orders_of_guest",
        "orders",
        ["merchant_id", "guest_hash", "shop_id", "paid_at"],
        postgresql_include=["customer_id", *_SALE],
        postgresql_where=sa.text("guest_hash IS NOT NULL"),
    )
    op.drop_index("orders_merchant_id_shop_id_customer_id_paid_at", "orders")
    op.drop_index("orders_merchant_id_guest_hash", "orders")
    op.drop_table("glances")
    # Whoever looked just before the update has left a job that no worker knows any more.
    op.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'glance' AND status = 'todo'")
