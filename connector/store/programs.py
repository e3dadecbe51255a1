"""The programme: one draft that may change, and versions that never do."""

from datetime import datetime

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from connector.loyalty.terms import Terms, Version
from connector.store.database import Tx
from connector.store.tables import programs

_DRAFT = 0


def draft(tx: Tx) -> Terms | None:
    """Return the saved draft, if there is one."""
    row = tx.first(
        select(programs.c.terms).where(programs.c.merchant_id == tx.merchant_id, programs.c.number == _DRAFT)
    )
    return None if row is None else msgspec.convert(row.terms, Terms)


def save_draft(tx: Tx, terms: Terms, now: datetime) -> None:
    """Keep the draft as it is now."""
    row = upsert(programs).values(
        merchant_id=tx.merchant_id, number=_DRAFT, terms=msgspec.to_builtins(terms), saved_at=now
    )
    tx.run(
        row.on_conflict_do_update(
            index_elements=["merchant_id", "number"],
            set_={"terms": row.excluded.terms, "saved_at": row.excluded.saved_at},
        )
    )


def versions(tx: Tx) -> tuple[Version, ...]:
    """Return the published versions, first to last."""
    rows = tx.all(
        select(programs)
        .where(programs.c.merchant_id == tx.merchant_id, programs.c.number > _DRAFT)
        .order_by(programs.c.number)
    )
    return tuple(
        Version(row.number, row.starts_at, row.counts_from, msgspec.convert(row.terms, Terms)) for row in rows
    )


def words(tx: Tx) -> set[str]:
    """Return every tag or group that any version of the programme writes."""
    found: set[str] = set()
    for version in versions(tx):
        terms = version.terms
        found |= {tier.tag for tier in terms.tiers} | {terms.returning_tag}
        found.update(msgspec.structs.astuple(terms.stage_tags))
    return found - {""}


def tiers(tx: Tx) -> tuple[str, ...]:
    """Return the word of every tier of any version, in the order of their letters."""
    return tuple(sorted({tier.tag for version in versions(tx) for tier in version.terms.tiers}))


def publish(tx: Tx, terms: Terms, counts_from: datetime, now: datetime) -> Version:
    """Add a version, in force from now on. Two publications at once: the second waits and gets the next number."""
    tx.run(select(func.pg_advisory_xact_lock(3, tx.merchant_id)))
    newest = tx.value(select(func.max(programs.c.number)).where(programs.c.merchant_id == tx.merchant_id))
    version = Version(number=(newest or _DRAFT) + 1, starts_at=now, counts_from=counts_from, terms=terms)
    tx.run(
        upsert(programs).values(
            merchant_id=tx.merchant_id,
            number=version.number,
            starts_at=version.starts_at,
            counts_from=version.counts_from,
            terms=msgspec.to_builtins(terms),
            saved_at=now,
        )
    )
    return version
