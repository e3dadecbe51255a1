"""An index for counting the notices that are worth telling now, in a log that only grows."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("notices_good", "notices", ["merchant_id", "good_until"], unique=False)
