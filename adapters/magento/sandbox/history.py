"""A shop's past from the CDNOW data: what 23,570 people bought at a music shop from January 1997 to June 1998.

One row is one order over one line "CD": so many of them, the row's value as its total. All days are moved by whole
weeks, so that the newest order falls on `until` or up to six days before it and the weekdays stay true. The data
know no time of day: it is made from the row's number, between 8:00 and 22:00 in the shop. Every order is invoiced
at once and shipped a day later, unless that day is after `until`: then it still waits. Names and addresses are
invented from the customer's number. In a shop with two websites every fifth customer buys at the second.
"""

import gzip
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import msgspec
from msgspec.structs import replace

from adapters.magento.sandbox.places import TIMEZONE, Places, StoreView
from adapters.magento.sandbox.rows import Customer, Document, Line, Order, Piece, Stamp
from adapters.magento.sandbox.shop import Shop, stamp

SLICE = Path(__file__).parent / "data" / "cdnow_sample.csv.gz"
FULL_NAME = "CDNOW_master.txt.gz"

_FIRST = "Ada Ben Cleo Dan Eva Finn Gina Hugo Iris Jack Kim Leo Mona Nils Olga Paul Rosa Sam Tess Vic".split()
_LAST = (
    "Archer Baker Cooper Dyer Fisher Gardner Hunter Mason Miller Porter Sawyer Tanner Turner Weaver".split()
)


class Purchase(msgspec.Struct, frozen=True):
    """One row of the data: who, on which day, how many CDs, over how many cents."""

    customer: int
    day: date
    quantity: int
    cents: int


def slice_rows(path: Path = SLICE) -> list[Purchase]:
    """Read the slice that ships with the sandbox: customer, day, CDs, cents; one row a line."""
    rows = []
    with gzip.open(path, "rt", encoding="ascii") as lines:
        for line in lines:
            customer, day, quantity, cents = line.split(",")
            rows.append(Purchase(int(customer), _day(day), int(quantity), int(cents)))
    return rows


def full_rows(folder: Path) -> list[Purchase]:
    """Read the original file in a folder of data files; its first line is a header."""
    with gzip.open(folder / FULL_NAME, "rt", encoding="ascii") as lines:
        next(lines)
        return list(original_rows(lines))


def original_rows(lines: Iterator[str]) -> Iterator[Purchase]:
    """Read rows as the papers' files spell them; the last four words count (the sample has a second number)."""
    for line in lines:
        words = line.split()
        if words:
            dollars, _, rest = words[-1].partition(".")
            cents = int(dollars) * 100 + int((rest + "00")[:2])
            yield Purchase(int(words[0]), _day(words[-3]), int(words[-2]), cents)


def _day(word: str) -> date:
    return date(int(word[:4]), int(word[4:6]), int(word[6:8]))


def moved(newest: date, until: date) -> timedelta:
    """By how much the days move: whole weeks, the newest as near to `until` as they bring it, and not after it."""
    return timedelta(weeks=(until - newest).days // 7)


def fill(shop: Shop, purchases: list[Purchase], until: date) -> None:
    """Put the whole past into an empty shop."""
    if not purchases:
        return
    shift = moved(max(one.day for one in purchases), until)
    clock = _Clock()
    timed = [(clock.at(one.day + shift, index), one) for index, one in enumerate(purchases)]
    timed.sort(key=lambda item: item[0])
    last = clock.at(until + timedelta(days=1), None)
    sold: Counter[str] = Counter()
    ordered = []
    for number, (at, one) in enumerate(timed, start=1):
        view = shop.places.home_of(one.customer)
        sold[view.code] += 1
        order = _order(number, at, one, last)
        ordered.append(_sold_in(shop.places, view, sold[view.code], order) if view.id != 1 else order)
    _register(shop, ordered)
    for order in ordered:
        shop.orders.put(order)
        shop.invoices.put(_invoice(order))
        if order.shipped_at is not None:
            shop.shipments.put(_shipment(order, shop.shipments.next_id()))
    shop.numbers.update({f"order {code}": count for code, count in sold.items()})
    shop.numbers.update({f"invoice {code}": count for code, count in sold.items()})
    shop.numbers.update({f"shipment {code}": len(shop.shipments) for code in sold})
    shop.numbers["line"] = len(ordered)
    shop.numbers["piece"] = 2 * len(ordered)


def _sold_in(places: Places, view: StoreView, number: int, order: Order) -> Order:
    site = places.website(view.website_id)
    return replace(
        order,
        number=f"{view.prefix}{number:09d}",
        store_id=view.id,
        currency=view.currency,
        rate=view.rate,
        books=site.currency,
        to_global=site.to_global,
        store_name=places.full_name(view),
    )


class _Clock:
    """Shop time to UTC; a day's offset is looked up once."""

    def __init__(self) -> None:
        self.midnights: dict[date, datetime] = {}

    def at(self, day: date, number: int | None) -> Stamp:
        """A moment of that day made from a number; without one, its very beginning."""
        morning = self.midnights.get(day)
        if morning is None:
            # Eight in the morning lies behind any change of the clock, which happens at two.
            morning = datetime.combine(day, time(8), TIMEZONE).astimezone(UTC)
            self.midnights[day] = morning
        if number is None:
            return stamp(datetime.combine(day, time(0), TIMEZONE))
        return (morning + timedelta(seconds=number * 7919 % 50400)).strftime("%Y-%m-%d %H:%M:%S")


def _order(number: int, at: Stamp, one: Purchase, last: Stamp) -> Order:
    shipped_at = (datetime.fromisoformat(at) + timedelta(days=1)).isoformat(" ")
    shipped = shipped_at < last
    line = Line(
        id=number,
        sku="CD",
        title="CD",
        quantity=one.quantity,
        row=one.cents,
        invoiced=one.quantity,
        shipped=one.quantity if shipped else 0,
    )
    return Order(
        id=number,
        number=f"{number:09d}",
        store_id=1,
        currency="USD",
        rate=10000,
        customer_id=one.customer,
        guest=False,
        email=email(one.customer),
        first_name=_first(one.customer),
        last_name=_last(one.customer),
        group_id=1,
        placed_at=at,
        changed_at=shipped_at if shipped else at,
        lines=(line,),
        state="complete" if shipped else "processing",
        paid_at=at,
        shipped_at=shipped_at if shipped else None,
        invoices=1,
    )


def _register(shop: Shop, orders: list[Order]) -> None:
    """Everybody registered with the first order."""
    first: dict[int, Stamp] = {}
    for order in orders:
        first.setdefault(order.customer_id or 0, order.placed_at)
    for key in sorted(first):
        at = first[key]
        row = Customer(key, email(key), _first(key), _last(key), 1, at, at)
        view = shop.places.home_of(key)
        home = {"store_id": view.id, "website_id": view.website_id, "created_in": view.name}
        shop.customers.put(replace(row, **home) if view.id != 1 else row)


def _invoice(order: Order) -> Document:
    line = order.lines[0]
    piece = Piece(2 * order.id - 1, line.id, line.quantity, line.row)
    return Document(order.id, order.number, order.id, order.placed_at, (piece,))


def _shipment(order: Order, key: int) -> Document:
    line = order.lines[0]
    piece = Piece(2 * order.id, line.id, line.quantity, line.row)
    return Document(key, f"{key:09d}", order.id, order.shipped_at or order.placed_at, (piece,))


def email(customer: int) -> str:
    return f"customer-{customer}@example.com"


def _first(customer: int) -> str:
    return _FIRST[customer % len(_FIRST)]


def _last(customer: int) -> str:
    return _LAST[customer // len(_FIRST) % len(_LAST)]
