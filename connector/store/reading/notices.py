"""The log of notices, as mail tools and the pages read it."""

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, func, or_, select

from connector.store.database import Tx
from connector.store.notices import LOCK
from connector.store.tables import members, notices

SIZE = 500


class NoticeLine(msgspec.Struct, frozen=True):
    """One notice. `id` is the cursor; `member_id` is who the member lives on as; times UTC, points whole numbers."""

    id: int
    member_id: int
    key: str
    kind: Literal["points_expire"]
    moment: datetime
    expires_at: datetime
    points: int
    days_ahead: int
    good_until: datetime
    noted_at: datetime


def since(tx: Tx, after_id: int, now: datetime, size: int = SIZE) -> tuple[NoticeLine, ...]:
    """Return the notices behind `after_id` that are still worth telling, in the order in which they were written.

    Keep the last line's id, and no notice is read twice or missed. The transaction should be short: the merchant's
    settlements wait for it before they write notices.
    """
    # Numbers are given when a line is written, but lines are seen when they are committed: without this wait a lower
    # number could appear behind a higher one that was read already, and would never be read.
    tx.run(select(func.pg_advisory_xact_lock(LOCK, tx.merchant_id)))
    known = members.c.closed_at.is_(None)
    return _lines(tx, notices.c.id > after_id, notices.c.good_until > now, known, size=size)


def of_member(tx: Tx, member_id: int, size: int | None) -> tuple[NoticeLine, ...]:
    """Return the latest notices (all: None) of a member, the newest first."""
    mine = or_(members.c.id == member_id, members.c.survivor_id == member_id)
    return _lines(tx, mine, size=size, newest=True)


def count(tx: Tx, now: datetime) -> int:
    """Return how many notices are worth telling now."""
    mine = notices.c.merchant_id == tx.merchant_id
    return int(
        tx.value(select(func.count()).where(mine, notices.c.good_until > now, notices.c.moment <= now))
    )


def _lines(
    tx: Tx, *which: ColumnElement[bool], size: int | None, newest: bool = False
) -> tuple[NoticeLine, ...]:
    who = func.coalesce(members.c.survivor_id, members.c.id).label("member_id")
    fields = [notices.c[name] for name in NoticeLine.__struct_fields__ if name != "member_id"]
    sequence = (notices.c.moment.desc(), notices.c.id.desc()) if newest else (notices.c.id,)
    rows = tx.all(
        select(*fields, who)
        .join(
            members, (members.c.merchant_id == notices.c.merchant_id) & (members.c.id == notices.c.member_id)
        )
        .where(notices.c.merchant_id == tx.merchant_id, *which)
        .order_by(*sequence)
        .limit(size)
    )
    return tuple(NoticeLine(**row._mapping) for row in rows)
