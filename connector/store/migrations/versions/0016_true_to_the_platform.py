"""What is heard oddly from a shop, and proofs of what was done under privacy law"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# The ledger stays as it is written, but for the free words of staff about a person whom the law has forgotten: with these
# blanked nothing else of a line may differ. The app's role may not update the ledger; it may call this.
_REASONS = """
CREATE OR REPLACE FUNCTION entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.rule = 'adjustment' AND to_jsonb(NEW) = jsonb_set(to_jsonb(OLD), '{inputs,reason}', '""', false) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'ledger entries are never changed; book a new one';
END $$;
CREATE FUNCTION comeback_forget_reasons(_merchant bigint, _members bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    _rows bigint;
BEGIN
    UPDATE entries SET inputs = jsonb_set(inputs, '{reason}', '""')
     WHERE merchant_id = _merchant AND merchant_id::text = current_setting('comeback.merchant', true) AND member_id = ANY(_members) AND rule = 'adjustment' AND inputs->>'reason' <> '';
    GET DIAGNOSTICS _rows = ROW_COUNT;
    RETURN _rows;
END $$;
"""
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
    op.get_bind().connection.driver_connection.execute(_REASONS)
