"""The ledger: entries that are only ever added, the acts of people, and what is cached of both on the member."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Text, cast, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from connector.loyalty.facts import Act, Adjustment, Closed, Entry, Redemption, Standing
from connector.store import bulk
from connector.store.database import Tx
from connector.store.tables import acts, entries, members


def booked(tx: Tx, member_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Return the sum of points per source for each member, with what was booked on members that live on as them."""
    mine = members.c.merchant_id == tx.merchant_id
    whose = (bulk.among(members.c.id, member_ids)) | (bulk.among(members.c.survivor_id, member_ids))
    rows = tx.all(
        select(members.c.id, members.c.survivor_id, entries.c.source, entries.c.points)
        .join(
            entries, (entries.c.merchant_id == members.c.merchant_id) & (entries.c.member_id == members.c.id)
        )
        .where(mine, whose)
    )
    sums: dict[int, dict[str, int]] = {member_id: {} for member_id in member_ids}
    for row in rows:
        of_member = sums[row.survivor_id or row.id]
        of_member[row.source] = of_member.get(row.source, 0) + row.points
    return sums


_NOBODY: Mapping[int, str] = {}


def book(
    tx: Tx, lines: Iterable[tuple[int, Entry]], now: datetime, asked: Mapping[int, str] = _NOBODY
) -> None:
    """Add entries, each with its member; `asked` names the request behind a member's, where it is not the transaction's."""
    rows = [
        {
            "merchant_id": tx.merchant_id,
            "member_id": member_id,
            "source": entry.source,
            "rule": entry.rule,
            "version": entry.version,
            "points": entry.points,
            "moment": entry.moment,
            "inputs": msgspec.to_builtins(entry.inputs),
            "booked_at": now,
            "request_id": asked.get(member_id, tx.request) or None,
        }
        for member_id, entry in lines
    ]
    if rows:
        tx.run(bulk.insert(entries, rows))


def settled(tx: Tx, standings: Mapping[int, tuple[Standing, datetime | None]], now: datetime) -> None:
    """Write down where each member stands now, and when to ask again."""
    rows = [
        {
            "merchant_id": tx.merchant_id,
            "id": member_id,
            "tier": standing.tier,
            "tier_until": standing.tier_until,
            "balance": standing.balance,
            "pending": sum(pending.points for pending in standing.pending),
            "order_count": standing.orders,
            "due_at": ask_again_at,
            "settled_at": now,
            "created_at": now,
        }
        for member_id, (standing, ask_again_at) in standings.items()
    ]
    if not rows:
        return
    # One statement for all of them: every row is there already and locked, so this always updates.
    new = bulk.insert(members, rows)
    fields = ("tier", "tier_until", "balance", "pending", "order_count", "due_at", "settled_at")
    tx.run(
        new.on_conflict_do_update(
            index_elements=["merchant_id", "id"], set_={name: new.excluded[name] for name in fields}
        )
    )


def add_act(tx: Tx, member_id: int, act: Act) -> bool:
    """Book an act of a person; False when this very act is booked already."""
    row = upsert(acts).values(
        merchant_id=tx.merchant_id,
        member_id=member_id,
        act_key=act.id,
        at=act.at,
        record=msgspec.to_builtins(act),
    )
    kept = row.on_conflict_do_nothing(index_elements=["merchant_id", "act_key"]).returning(acts.c.id)
    return tx.value(kept) is not None


def close(tx: Tx, member_id: int, closed: Sequence[Closed]) -> None:
    """Write down what sources came to in a shop that goes; an exchange is kept as that, and no longer as what it was."""
    rows = [
        {
            "merchant_id": tx.merchant_id,
            "member_id": member_id,
            "act_key": one.id,
            "at": one.at,
            "record": msgspec.to_builtins(one),
        }
        for one in closed
    ]
    if rows:
        new = bulk.insert(acts, rows)
        replaced = {"record": new.excluded.record}
        tx.run(new.on_conflict_do_update(index_elements=["merchant_id", "act_key"], set_=replaced))


def change_redemption(tx: Tx, redemption: Redemption) -> None:
    """Write down that the coupon of a redemption was refused, or that it is being tried again."""
    tx.run(
        update(acts)
        .where(acts.c.merchant_id == tx.merchant_id, acts.c.act_key == redemption.id)
        .values(record=msgspec.to_builtins(redemption))
    )


def find_act(tx: Tx, act_key: str) -> tuple[int, Act] | None:
    """Return an act and its member."""
    row = tx.first(
        select(acts.c.member_id, acts.c.record).where(
            acts.c.merchant_id == tx.merchant_id, acts.c.act_key == act_key
        )
    )
    return None if row is None else (row.member_id, _act(row.record))


def find_redemption(tx: Tx, source: str) -> tuple[int, Redemption] | None:
    """Return the redemption of this source and its member; None when the source is something else."""
    kind, _, act_key = source.partition(":")
    act = find_act(tx, act_key) if kind == "redemption" else None
    return (act[0], act[1]) if act is not None and isinstance(act[1], Redemption) else None


def acts_of(tx: Tx, member_ids: Sequence[int]) -> dict[int, list[Act]]:
    """Return the acts of each member, first come first."""
    rows = tx.all(
        select(acts.c.member_id, acts.c.record)
        .where(acts.c.merchant_id == tx.merchant_id, bulk.among(acts.c.member_id, member_ids))
        .order_by(acts.c.at, acts.c.id)
    )
    found: dict[int, list[Act]] = {member_id: [] for member_id in member_ids}
    for row in rows:
        found[row.member_id].append(_act(row.record))
    return found


def rebind(tx: Tx, shop_id: int, gone_id: str, kept_id: str) -> None:
    """Let the redemptions of one customer of a shop be another's."""
    record = acts.c.record
    whose = record["shop_id"].as_integer() == shop_id, record["customer_id"].as_string() == gone_id
    changed = func.jsonb_set(record, ["customer_id"], func.to_jsonb(cast(kept_id, Text)))
    tx.run(update(acts).where(acts.c.merchant_id == tx.merchant_id, *whose).values(record=changed))


def give(tx: Tx, gone: int, kept: int) -> None:
    """Let the acts of one member be another's."""
    tx.run(
        update(acts)
        .where(acts.c.merchant_id == tx.merchant_id, acts.c.member_id == gone)
        .values(member_id=kept)
    )


def _act(record: object) -> Act:
    return msgspec.convert(record, Redemption | Adjustment | Closed)
