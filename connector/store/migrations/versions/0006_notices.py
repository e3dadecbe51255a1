"""The log of notices, which mail tools read."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Who reads with a cursor must find every line as it was written.
_APPEND_ONLY = """
CREATE FUNCTION notices_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'notices are never changed; they lapse by themselves';
END $$;
CREATE TRIGGER notices_stay BEFORE UPDATE ON notices FOR EACH ROW EXECUTE FUNCTION notices_stay();
"""


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("merchant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("moment", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("days_ahead", sa.Integer(), nullable=False),
        sa.Column("good_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id", "member_id"],
            ["members.merchant_id", "members.id"],
            name="notices_merchant_id_member_id_fkey",
        ),
        sa.PrimaryKeyConstraint("merchant_id", "id", name="notices_pkey"),
        sa.UniqueConstraint("merchant_id", "member_id", "key", name="notices_merchant_id_member_id_key_key"),
    )
    op.execute(_APPEND_ONLY)
