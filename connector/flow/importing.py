"""Importing: a shop's history comes in batches; each batch and its checkpoint are kept in one transaction."""

from collections.abc import Iterator
from datetime import datetime

from connector.flow import joining, settling
from connector.port import Batch
from connector.store import intake, people, purchases, runs, shops
from connector.store.database import Tx


def take(tx: Tx, shop_id: int, run: runs.Run, batch: Batch, done: int, now: datetime) -> None:
    """Keep one batch and how far the import is; whom it touches is settled soon."""
    take_in(tx, shop_id, batch, now)
    runs.progress(tx, run, batch.checkpoint, done, batch.total)


def take_in(tx: Tx, shop_id: int, batch: Batch, now: datetime) -> None:
    """Keep what a batch holds, and say nothing of how far the import is: the rest of it may still be to come."""
    intake.take_customers(tx, shop_id, batch.customers, now)
    intake.take_orders(tx, shop_id, batch.orders, now)
    _join(tx, batch)
    touched = {customer.id for customer in batch.customers}
    touched |= {order.customer_id for order in batch.orders if order.customer_id is not None}
    emails = {order.email for order in batch.orders}
    claimed = [word for email in emails if (word := tx.ring.email_hash(tx.merchant_id, email))]
    members = people.members_of(tx, shop_id, list(touched)) | people.members_claiming(tx, shop_id, claimed)
    people.make_due(tx, now, sorted(members))


def singly(batch: Batch) -> Iterator[Batch]:
    """Yield every object of a batch by itself, in its order."""
    for customer in batch.customers:
        yield Batch((customer,), (), batch.checkpoint, batch.total)
    for order in batch.orders:
        yield Batch((), (order,), batch.checkpoint, batch.total)


def finish(tx: Tx, shop_id: int, run: runs.Run, done: int, now: datetime) -> None:
    """The history is in: have everyone settled."""
    runs.finish(tx, run, now, done)
    # What changed while the history was read is looked at again by the first window.
    shops.looked_until(tx, shop_id, run.started_at)
    intake.take_stock(tx)
    settling.due_soon(tx, [], now)


def counted(tx: Tx, shop_id: int) -> int:
    """Return how many objects of the shop are here."""
    return people.count(tx, shop_id) + purchases.count(tx, shop_id)


def _join(tx: Tx, batch: Batch) -> None:
    """Join whoever is known by the same verified address elsewhere."""
    verified = [
        word
        for customer in batch.customers
        if customer.email_verified and (word := tx.ring.email_hash(tx.merchant_id, customer.email))
    ]
    for word in people.shared_addresses(tx, verified):
        joining.join_same_person(tx, word)
