"""Cards: what each customer's balance and tier should be in the shop, and whether that stands there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Exists, Select, and_, case, delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from connector.records import Card
from connector.store import bulk
from connector.store.database import Tx
from connector.store.tables import cards, outbox

_KEY = ("merchant_id", "shop_id", "customer_id")


def want(tx: Tx, wanted: Sequence[tuple[int, Card]]) -> list[tuple[int, str]]:
    """Write down what customers' cards should say; return (shop, customer) of those that now need a push.

    Who has neither points nor tier gets none.
    """
    rows = [
        {
            "merchant_id": tx.merchant_id,
            "shop_id": shop_id,
            "customer_id": card.customer_id,
            "balance": card.balance,
            "tier": card.tier,
        }
        for shop_id, card in wanted
    ]
    if not rows:
        return []
    new = upsert(cards).from_select(list(rows[0]), _changed(rows))
    kept = new.on_conflict_do_update(
        index_elements=_KEY,
        # Our own writing moves the customer's date: that it moved by then is no news.
        set_={"balance": new.excluded.balance, "tier": new.excluded.tier, "shown_at": None, "as_of": None},
    )
    return [
        (row.shop_id, row.customer_id) for row in tx.all(kept.returning(cards.c.shop_id, cards.c.customer_id))
    ]


def _changed(rows: list[dict[str, Any]]) -> Select[Any]:
    """Return those rows that say something new. What is looked at only costs less than what is written over."""
    given, known = bulk.records(cards, list(rows[0]), rows).subquery(), cards.alias("known")
    first = known.c.customer_id.is_(None), or_(given.c.balance != 0, given.c.tier.is_not(None))
    other = or_(given.c.balance != known.c.balance, given.c.tier.is_distinct_from(known.c.tier))
    return (
        select(*given.c)
        .outerjoin(known, and_(*(known.c[name] == given.c[name] for name in _KEY)))
        .where(or_(and_(*first), other))
    )


def get(tx: Tx, shop_id: int, customer_ids: Sequence[str]) -> dict[str, Card]:
    """Return the cards of these customers, by customer; who has none is left out."""
    if not customer_ids:
        return {}
    rows = tx.all(select(cards).where(*_of(tx, shop_id), bulk.among(cards.c.customer_id, customer_ids)))
    return {row.customer_id: Card(row.customer_id, row.balance, row.tier) for row in rows}


def stands(tx: Tx, shop_id: int, card: Card, now: datetime) -> None:
    """Note that this is what the shop shows now; where something else is wanted meanwhile, that is still to come."""
    same = cards.c.balance == card.balance, cards.c.tier.is_not_distinct_from(card.tier)
    mine = *_of(tx, shop_id), cards.c.customer_id == card.customer_id
    tx.run(update(cards).where(*mine, *same).values(shown_at=now))


def drop(tx: Tx, shop_id: int, customer_ids: Sequence[str]) -> None:
    """Forget the cards of these customers: they are not in the shop any more."""
    tx.run(delete(cards).where(*_of(tx, shop_id), bulk.among(cards.c.customer_id, customer_ids)))


def doubt(tx: Tx, shop_id: int) -> None:
    """Note that none of the shop's cards may stand there any more."""
    tx.run(update(cards).where(*_of(tx, shop_id)).values(shown_at=None))


def doubt_some(tx: Tx, shop_id: int, since: datetime, limit: int) -> int:
    """Note of some cards that stood in the shop by then that they may not stand there any more; return of how many."""
    stood = select(cards.c.customer_id).where(*_of(tx, shop_id), cards.c.shown_at <= since).limit(limit)
    doubted = update(cards).where(*_of(tx, shop_id), cards.c.customer_id.in_(stood))
    return tx.run(doubted.values(shown_at=None)).rowcount


def changed(tx: Tx, shop_id: int, moved: Sequence[tuple[str, datetime]]) -> list[str]:
    """Note by what date of its own the shop shows these customers; return those whose card somebody may have written over.

    Dates of the shop are held against its own, for its clock may not be ours; only the first after a card was shown cannot
    be. Cards that are on their way are left out, for they are compared when they arrive.
    """
    rows = [
        {"merchant_id": tx.merchant_id, "shop_id": shop_id, "customer_id": customer_id, "as_of": as_of}
        for customer_id, as_of in moved
    ]
    if not rows:
        return []
    given = bulk.records(cards, list(rows[0]), rows).subquery()
    same = *(cards.c[name] == given.c[name] for name in _KEY), cards.c.as_of.is_distinct_from(given.c.as_of)
    over = or_(cards.c.as_of.is_not(None), given.c.as_of > cards.c.shown_at)
    noted = update(cards).where(*_of(tx, shop_id), *same, ~_on_the_way())
    kept = noted.values(as_of=given.c.as_of, shown_at=case((over, None), else_=cards.c.shown_at))
    return [
        row.customer_id
        for row in tx.all(kept.returning(cards.c.customer_id, cards.c.shown_at))
        if row.shown_at is None
    ]


def doubtful(tx: Tx, shop_id: int, after: str, limit: int) -> list[str]:
    """Return customers whose cards may not stand in the shop and are on no way there, from behind `after` on."""
    chosen = _idle(tx, shop_id).where(cards.c.shown_at.is_(None), cards.c.customer_id > after)
    return list(tx.run(chosen.order_by(cards.c.customer_id).limit(limit)).scalars())


def not_seen_since(tx: Tx, shop_id: int, moment: datetime, limit: int) -> list[str]:
    """Return customers whose cards were last known to stand in the shop before the moment, the longest ago first."""
    chosen = _idle(tx, shop_id).where(cards.c.shown_at < moment)
    return list(tx.run(chosen.order_by(cards.c.shown_at, cards.c.customer_id).limit(limit)).scalars())


def _idle(tx: Tx, shop_id: int) -> Select[tuple[str]]:
    return select(cards.c.customer_id).where(*_of(tx, shop_id), ~_on_the_way())


def _on_the_way() -> Exists:
    return exists().where(
        outbox.c.merchant_id == cards.c.merchant_id,
        outbox.c.shop_id == cards.c.shop_id,
        outbox.c.kind == "card",
        outbox.c.subject == cards.c.customer_id,
        outbox.c.state.in_(("waiting", "parked")),
    )


def _of(tx: Tx, shop_id: int):  # type: ignore[no-untyped-def]
    return cards.c.merchant_id == tx.merchant_id, cards.c.shop_id == shop_id
