"""Old codes: they ended long ago, nobody used them, and they still stand in the merchant's list."""

from datetime import datetime
from typing import get_args

from sqlalchemy import exists, select, update

from connector.records import GIFTS, CouponKind
from connector.store.coupons import Kept, subject
from connector.store.database import Tx
from connector.store.tables import code_uses, coupons, outbox

# A gift is its holder's, used or not.
DISCOUNTS = tuple(kind for kind in get_args(CouponKind) if kind not in GIFTS)


def find(tx: Tx, shop_id: int, ended_before: datetime, limit: int) -> list[str]:
    """Return the outbox's names of old codes that were live in the shop once and are on no way out, oldest first."""
    used = exists().where(
        code_uses.c.merchant_id == tx.merchant_id,
        code_uses.c.shop_id == shop_id,
        code_uses.c.code == coupons.c.code,
    )
    on_the_way = exists().where(
        outbox.c.merchant_id == tx.merchant_id,
        outbox.c.shop_id == shop_id,
        outbox.c.kind == "delete",
        outbox.c.subject == coupons.c.source + " " + coupons.c.reward_key,
        outbox.c.state.in_(("waiting", "parked")),
    )
    there = coupons.c.merchant_id == tx.merchant_id, coupons.c.shop_id == shop_id
    over = coupons.c.state.in_(("live", "revoked")), coupons.c.ends_at < ended_before
    ours = coupons.c.remote_id.is_not(None), coupons.c.deleted_at.is_(None), coupons.c.kind.in_(DISCOUNTS)
    chosen = (
        select(coupons.c.source, coupons.c.reward_key)
        .where(*there, *over, *ours, ~used, ~on_the_way)
        .order_by(coupons.c.ends_at, coupons.c.source, coupons.c.reward_key)
        .limit(limit)
    )
    return [subject(row.source, row.reward_key) for row in tx.all(chosen)]


def gone(tx: Tx, kept: Kept, now: datetime) -> None:
    """Note that the shop was told to let go of the code."""
    mine = coupons.c.merchant_id == tx.merchant_id, coupons.c.shop_id == kept.shop_id
    one = coupons.c.source == kept.source, coupons.c.reward_key == kept.reward_key
    tx.run(update(coupons).where(*mine, *one, coupons.c.code == kept.coupon.code).values(deleted_at=now))
