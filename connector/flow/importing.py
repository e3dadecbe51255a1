"""Importing: a shop's history comes in batches; each batch and its checkpoint are kept in one transaction."""

from collections.abc import Iterator
from datetime import datetime

from connector.flow import joining, settling
from connector.port import Batch
from connector.store import intake, members, people, persons, purchases, queue, runs, shops
from connector.store.database import Tx

# A checkpoint of ours, behind all of the platform's: what is left of the run is the house's alone.
READ = "read"


def take(tx: Tx, shop_id: int, run: runs.Run, batch: Batch, done: int, now: datetime) -> None:
    """Keep one batch and how far the import is; whom it touches is settled soon."""
    take_in(tx, shop_id, batch, now)
    runs.progress(tx, run, batch.checkpoint, done, batch.total)


def take_in(tx: Tx, shop_id: int, batch: Batch, now: datetime) -> None:
    """Keep what a batch holds, and say nothing of how far the import is: the rest of it may still be to come."""
    withheld = shops.get(tx, shop_id).withholds if batch.customers else ()
    made = intake.take_customers(tx, shop_id, batch.customers, now, withheld)
    before = purchases.known(tx, shop_id, [order.id for order in batch.orders]).values()
    made |= intake.take_orders(tx, shop_id, batch.orders, now)
    _join(tx, batch)
    touched = {customer.id for customer in batch.customers}
    touched |= {order.customer_id for order in batch.orders if order.customer_id is not None}
    claimed = {word for order in batch.orders if (word := purchases.guest_hash(tx, order)) is not None}
    # Whose it was is settled too, where it is another's now, or where the shop keeps back a guest's address.
    touched |= {one.customer_id for one in before if one.customer_id is not None}
    claimed |= {one.guest_hash for one in before if one.guest_hash is not None}
    concerned = people.members_of(tx, shop_id, list(touched))
    concerned |= people.members_claiming(tx, shop_id, list(claimed))
    members.make_due(tx, now, sorted(concerned - made))


def singly(batch: Batch) -> Iterator[Batch]:
    """Yield every object of a batch by itself, in its order."""
    for customer in batch.customers:
        yield Batch((customer,), (), batch.checkpoint, batch.total)
    for order in batch.orders:
        yield Batch((), (order,), batch.checkpoint, batch.total)


def is_in(tx: Tx, run: runs.Run, done: int) -> None:
    """The history is read: who goes on with the run has nothing to ask the shop any more."""
    runs.progress(tx, run, READ, done, done)
    intake.take_stock(tx)


def finish(tx: Tx, shop_id: int, run: runs.Run, done: int, now: datetime) -> None:
    """The history is in, and whoever came by two ways at once is joined: have everyone settled."""
    runs.finish(tx, run, now, done)
    # What changed while the history was read is looked at again by the first window.
    shops.looked_until(tx, shop_id, run.started_at)
    settling.due_soon(tx, [], now)


def reads_more(tx: Tx, shop_id: int, shown_since: datetime | None, now: datetime) -> bool:
    """Have the whole history imported once more where the shop shows more of it now; tell whether it does."""
    last = runs.latest(tx, shop_id, "import")
    if shown_since is not None or last is None or last.since is None or last.state != "done":
        return False
    runs.begin(tx, shop_id, "import", now)
    queue.import_history(tx.connection, tx.merchant_id, shop_id)
    return True


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
    for word in persons.shared_addresses(tx, verified):
        joining.join_same_person(tx, word)
