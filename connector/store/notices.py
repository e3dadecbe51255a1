"""Notices: what is worth telling members, written once and read by mail tools from where they stopped."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from connector.loyalty.facts import Notice
from connector.store import bulk
from connector.store.database import Tx
from connector.store.tables import members, notices

LOCK = 4  # of a merchant's log: many may write at once, and who reads waits for them


def written(tx: Tx, member_ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """Return the keys written for each member, with those of members that live on as them."""
    whose = bulk.among(members.c.id, member_ids) | bulk.among(members.c.survivor_id, member_ids)
    rows = tx.all(
        select(members.c.id, members.c.survivor_id, notices.c.key)
        .join(
            notices, (notices.c.merchant_id == members.c.merchant_id) & (notices.c.member_id == members.c.id)
        )
        .where(members.c.merchant_id == tx.merchant_id, whose)
    )
    found: dict[int, set[str]] = {member_id: set() for member_id in member_ids}
    for row in rows:
        found[row.survivor_id or row.id].add(row.key)
    return {member_id: frozenset(keys) for member_id, keys in found.items()}


def write(tx: Tx, lines: Sequence[tuple[int, Notice]], now: datetime) -> None:
    """Add notices, each with its member."""
    if not lines:
        return
    tx.run(select(func.pg_advisory_xact_lock_shared(LOCK, tx.merchant_id)))
    fields = Notice.__struct_fields__
    rows = [
        {"merchant_id": tx.merchant_id, "member_id": member_id, "noted_at": now}
        | {name: getattr(notice, name) for name in fields}
        for member_id, notice in lines
    ]
    tx.run(bulk.insert(notices, rows))
