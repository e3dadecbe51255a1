"""The desk: what a batch of deliveries knows already, and what it has still to write.

One question for the whole batch instead of some for each delivery, and one writing at its end: asking one by one costs ten
times what applying does. Whoever looks at the tables themselves clears the desk first.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from connector.records import Order
from connector.store import coupons, inbox, people, purchases
from connector.store.database import Tx


class Touched(msgspec.Struct):
    """Whom one delivery touches: members, and whoever is behind customers, guests' hashes and codes when all is written."""

    members: set[int] = msgspec.field(default_factory=set)
    customers: set[str] = msgspec.field(default_factory=set)
    guests: set[bytes] = msgspec.field(default_factory=set)
    codes: set[str] = msgspec.field(default_factory=set)

    def by(self, order: purchases.Known) -> None:
        """Touch whoever this state of an order concerns."""
        if order.customer_id is not None:
            self.customers.add(order.customer_id)
        if order.guest_hash is not None:
            self.guests.add(order.guest_hash)
        self.codes.update(order.codes)


class Result(msgspec.Struct, frozen=True):
    """What became of a change. `erase`: the message holds words of somebody whose words are not to be kept."""

    did: bool
    said: str
    subject: str | None = None
    erase: bool = False


class Desk:
    """One batch of one shop, in one transaction. `withheld`: what the shop keeps from us of its customers."""

    def __init__(self, tx: Tx, shop_id: int, now: datetime, withheld: Collection[str] = ()) -> None:
        self.tx, self.shop_id, self.now, self.withheld = tx, shop_id, now, withheld
        self.proven: set[bytes] = set()  # hashes of the verified addresses of those it brought up to date
        self.shop_gone = False  # a message of this batch had everything of the shop erased
        self._orders: dict[str, purchases.Known | None] = {}
        self._people: dict[str, people.Known | None] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        self._done: list[inbox.Done] = []

    def look_up(self, orders: Iterable[Order], customers: Iterable[str] = ()) -> None:
        """Ask once what is known of these orders, of those who placed them, and of these customers."""
        told = list(orders)
        ids = sorted({order.id for order in told} - self._orders.keys())
        placed_by = {order.customer_id for order in told if order.customer_id}
        names = sorted(placed_by.union(customers) - self._people.keys())
        if ids:
            self._orders |= dict.fromkeys(ids) | purchases.known(self.tx, self.shop_id, ids)
        if names:
            self._people |= dict.fromkeys(names) | people.known(self.tx, self.shop_id, names)

    def order(self, order_id: str) -> purchases.Known | None:
        """Return what is known of an order, as this batch leaves it so far."""
        if order_id not in self._orders:
            self._orders[order_id] = purchases.known(self.tx, self.shop_id, [order_id]).get(order_id)
        return self._orders[order_id]

    def customer(self, customer_id: str) -> people.Known | None:
        """Return what is known of a customer."""
        if customer_id not in self._people:
            found = people.known(self.tx, self.shop_id, [customer_id])
            self._people[customer_id] = found.get(customer_id)
        return self._people[customer_id]

    def keep(self, order: Order) -> purchases.Known:
        """Have this state of an order written at the end; return what is known of it from now on."""
        row = purchases.row(self.tx, self.shop_id, order)
        known = self.order(order.id) if order.orphaned else None
        # The shop has forgotten whose it is, and we have not: the points stay with the person.
        return self._keep(order, row if known is None else row | known.whose)

    def keep_nameless(self, order: Order, number: str | None) -> purchases.Known:
        """The same for an order of somebody forgotten, under the random number they have here, if any."""
        row = purchases.row(self.tx, self.shop_id, order)
        return self._keep(order, row | {"customer_id": number, "guest_hash": None})

    def _keep(self, order: Order, row: dict[str, Any]) -> purchases.Known:
        known = self._orders[order.id] = purchases.known_from(row)
        self._rows[order.id] = row
        return known

    def done(self, done: inbox.Done) -> None:
        """Have a delivery marked done at the end."""
        self._done.append(done)

    def forget_people(self) -> None:
        """Somebody was written down: ask again."""
        self._people.clear()

    def clear(self) -> None:
        """Write what there is to write, and know nothing any more."""
        purchases.write(self.tx, list(self._rows.values()))
        inbox.finish(self.tx, self.shop_id, self._done, self.now)
        self._rows, self._done = {}, []
        self._orders.clear()
        self._people.clear()

    def members(self, touched: Sequence[Touched]) -> list[set[int]]:
        """Return the members whom each of these touches, now that all is written."""
        customers = people.member_of_each(self.tx, self.shop_id, _all(one.customers for one in touched))
        claimants = people.claimants(self.tx, self.shop_id, _all(one.guests for one in touched))
        holders = coupons.holders(self.tx, _all(one.codes for one in touched))
        return [
            one.members.union(
                (customers[word] for word in one.customers & customers.keys()),
                *(claimants[word] for word in one.guests & claimants.keys()),
                *(holders[word] for word in one.codes & holders.keys()),
            )
            for one in touched
        ]


def _all(words: Iterable[set[Any]]) -> list[Any]:
    return sorted(set[Any]().union(*words))
