"""The breaker of each shop's line: one that does not answer is left alone, and asked again by one worker at a time.

It is kept in the shop's row, because every worker on every machine heeds it. Closed: calls go out. Open: none does until
`probe_at`. Then half-open: whoever takes the probe makes one call; its answer closes the breaker, its failure opens it for
twice as long.
"""

from datetime import datetime, timedelta

from sqlalchemy import case, or_, update

from connector.store import inbox, outbox
from connector.store.database import Tx
from connector.store.shops import CLOSED
from connector.store.tables import shops

FAILURES = 5  # in a row
WITHIN = timedelta(seconds=60)  # of the one before; a shop that hangs takes a third of that for each
FIRST_PAUSE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(minutes=15)
PROBE_LASTS = timedelta(minutes=2)  # longer than any call; whoever died with the probe in hand gives it up so


def pause(failures: int) -> timedelta:
    """Return how long a line is left alone that failed so often in a row: a minute, doubling to a quarter of an hour."""
    doubled = min(max(failures - FAILURES, 0), 10)
    return min(FIRST_PAUSE * (1 << doubled), LONGEST_PAUSE)


def failed(tx: Tx, shop_id: int, now: datetime) -> None:
    """Count a call that got no answer, or none that a shop would give."""
    mine = shops.c.merchant_id == tx.merchant_id, shops.c.id == shop_id
    # While the breaker is open only the probe counts: calls that began before it opened end one after the other.
    counts = or_(shops.c.probe_at.is_(None), shops.c.probing)
    goes_on = or_(shops.c.probe_at.is_not(None), shops.c.failed_at >= now - WITHIN)
    row = tx.first(
        update(shops)
        .where(*mine, counts)
        .values(
            failures=case((goes_on, shops.c.failures + 1), else_=1),
            failing_since=case((goes_on, shops.c.failing_since), else_=now),
            failed_at=now,
            probing=False,
        )
        .returning(shops.c.failures)
    )
    if row is not None and row.failures >= FAILURES:
        tx.run(update(shops).where(*mine).values(probe_at=now + pause(row.failures)))


def answered(tx: Tx, shop_id: int, now: datetime) -> None:
    """Close the breaker: the shop answered. What waited for it goes at once, the oldest first."""
    mine = shops.c.merchant_id == tx.merchant_id, shops.c.id == shop_id
    was_open = tx.value(
        update(shops).where(*mine, shops.c.probe_at.is_not(None)).values(**CLOSED).returning(shops.c.id)
    )
    if was_open is None:
        tx.run(update(shops).where(*mine, shops.c.failures > 0).values(**CLOSED))
        return
    inbox.hurry(tx, shop_id)
    outbox.hurry(tx, shop_id, now)


def take_probe(tx: Tx, shop_id: int, now: datetime) -> bool:
    """Take the one call that may go out; False when it is not yet time, or somebody else has it."""
    taken = (
        update(shops)
        .where(shops.c.merchant_id == tx.merchant_id, shops.c.id == shop_id, shops.c.probe_at <= now)
        .values(probe_at=now + PROBE_LASTS, probing=True)
        .returning(shops.c.id)
    )
    return tx.value(taken) is not None


def give_back_probe(tx: Tx, shop_id: int, now: datetime) -> None:
    """Let somebody else have the probe: there was nothing to ask."""
    mine = shops.c.merchant_id == tx.merchant_id, shops.c.id == shop_id, shops.c.probing
    tx.run(update(shops).where(*mine).values(probe_at=now, probing=False))
