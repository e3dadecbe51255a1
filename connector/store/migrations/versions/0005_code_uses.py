"""Which order used which code, one row for each: what the walls between merchants leave quick to find."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_KEPT = """
CREATE FUNCTION code_uses_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM code_uses
         WHERE merchant_id = OLD.merchant_id AND shop_id = OLD.shop_id AND order_id = OLD.id;
    END IF;
    INSERT INTO code_uses (merchant_id, shop_id, order_id, code)
    SELECT DISTINCT NEW.merchant_id, NEW.shop_id, NEW.id, code FROM unnest(NEW.coupon_codes) AS code;
    RETURN NULL;
END $$;
CREATE TRIGGER code_uses_begin AFTER INSERT ON orders FOR EACH ROW
  WHEN (NEW.coupon_codes <> '{}') EXECUTE FUNCTION code_uses_follow();
CREATE TRIGGER code_uses_change AFTER UPDATE ON orders FOR EACH ROW
  WHEN (NEW.coupon_codes IS DISTINCT FROM OLD.coupon_codes) EXECUTE FUNCTION code_uses_follow();
INSERT INTO code_uses (merchant_id, shop_id, order_id, code)
SELECT DISTINCT merchant_id, shop_id, id, code FROM orders, unnest(coupon_codes) AS code;
"""


def upgrade() -> None:
    op.create_table(
        "code_uses",
        sa.Column("merchant_id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id", "shop_id", "order_id"],
            ["orders.merchant_id", "orders.shop_id", "orders.id"],
            name=op.f("code_uses_merchant_id_shop_id_order_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("merchant_id", "shop_id", "order_id", "code", name=op.f("code_uses_pkey")),
    )
    op.create_index(op.f("code_uses_merchant_id_code"), "code_uses", ["merchant_id", "code"])
    op.get_bind().connection.driver_connection.execute(_KEPT)
    op.drop_index("orders_coupon_codes", table_name="orders")
