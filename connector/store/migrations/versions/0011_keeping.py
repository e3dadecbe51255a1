"""Keeping a message is one statement, and what it holds lies within its row.

Sealed words do not compress: PostgreSQL is told not to try, and to leave packed messages of a usual size in place.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_KEEP = """
CREATE FUNCTION comeback_keep(
  _merchant bigint, _shop bigint, _platform text, _address text, _delivery text, _way text, _topic text, _body bytea,
  _triggered timestamptz, _now timestamptz, _request text, _heard timestamptz
) RETURNS text LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  _kept bigint;
  _key text := 'apply:' || _shop;
BEGIN
  PERFORM set_config('comeback.merchant', _merchant::text, true);
  -- Each statement from here on sees what was committed before the announcement: every job that somebody could have
  -- fetched before us.
  PERFORM pg_advisory_xact_lock_shared(1, _shop::integer);
  IF _platform IS NOT NULL THEN
    PERFORM FROM shops WHERE merchant_id = _merchant AND id = _shop
        AND platform = _platform AND address = _address AND state <> 'removed';
    IF NOT FOUND THEN
      RETURN 'elsewhere';
    END IF;
  END IF;
  INSERT INTO inbox (merchant_id, shop_id, delivery_id, way, topic, body_sealed, triggered_at, received_at, state,
      request_id)
    VALUES (_merchant, _shop, _delivery, _way, _topic, _body, _triggered, _now, 'waiting', _request)
    ON CONFLICT (merchant_id, shop_id, delivery_id) DO NOTHING
    RETURNING id INTO _kept;
  IF _heard IS NOT NULL THEN
    UPDATE shops SET last_delivery_at = _now WHERE merchant_id = _merchant AND id = _shop
       AND (last_delivery_at IS NULL OR last_delivery_at < _heard);
  END IF;
  IF _kept IS NULL THEN
    RETURN 'repeat';
  END IF;
  PERFORM FROM procrastinate_jobs WHERE queueing_lock = _key AND status = 'todo';
  IF NOT FOUND THEN
    BEGIN
      PERFORM procrastinate_defer_jobs_v1(ARRAY[ROW('apply', 'apply', 0, NULL, _key,
        jsonb_build_object('merchant_id', _merchant, 'shop_id', _shop), NULL)::procrastinate_job_to_defer_v1]);
    EXCEPTION WHEN unique_violation THEN
      NULL; -- somebody else has just enqueued it, and it cannot be fetched before our announcement ends
    END;
  END IF;
  RETURN 'kept';
END
$$
"""


def upgrade() -> None:
    op.execute(_KEEP)
    op.execute("ALTER TABLE inbox SET (toast_tuple_target = 4080)")
    op.execute("ALTER TABLE inbox ALTER COLUMN body_sealed SET STORAGE EXTERNAL")
