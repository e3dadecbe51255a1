"""What goes out first, and gifts in doubt, are found without walking over all the others"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("outbox_waiting", "outbox")
    op.create_index(
        "outbox_waiting",
        "outbox",
        ["shop_id", "next_at", "id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "outbox_first",
        "outbox",
        ["shop_id", "next_at", "id"],
        postgresql_where=sa.text("state = 'waiting' AND kind IN ('coupon', 'revoke')"),
    )
    op.create_index(
        "coupons_unsure",
        "coupons",
        ["merchant_id", "shop_id", "unsure_at"],
        postgresql_where=sa.text("unsure_at IS NOT NULL"),
    )
