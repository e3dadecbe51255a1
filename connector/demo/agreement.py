"""The table: what each shop says of itself, beside what Comeback says of it."""

from __future__ import annotations

from itertools import islice

import msgspec
from rich.console import Console
from rich.table import Table

from connector.demo import figures
from connector.demo.figures import ShopFigures
from connector.house import House
from connector.port import Counts, ShopAdapter
from connector.records import Coupon
from connector.store.shops import Shop

_ASK = 100  # ids in one question


class Comparison(msgspec.Struct, frozen=True):
    """One shop from both sides. `found` is what reconciliation differed in; `carried` what customers really carry."""

    title: str
    shop: Shop
    counts: Counts
    known: ShopFigures
    carried: dict[str, tuple[str, ...]]
    coupons: dict[str, Coupon]
    found: int

    @property
    def marked(self) -> int:
        """How many customers carry what they should, as read back from the shop."""
        return sum(bool(wanted) and self._right(customer) for customer, wanted in self.known.marks.items())

    @property
    def disagreements(self) -> tuple[str, ...]:
        """Everything in which the two sides differ, one sentence each."""
        said = [
            _unequal("orders", self.counts.orders, self.known.orders),
            _unequal("customers", self.counts.customers, self.known.customers),
        ]
        wrong = [customer for customer in self.known.marks if not self._right(customer)]
        if wrong:
            said.append(f"{len(wrong)} customers do not carry what they should, such as {wrong[0]}")
        missing = self.known.codes.keys() - self.coupons.keys()
        foreign = self.coupons.keys() - self.known.codes.keys()
        if missing:
            said.append(f"{len(missing)} codes are not in the shop")
        if foreign:
            said.append(f"{len(foreign)} codes in the shop are not known here")
        both = self.known.codes.keys() & self.coupons.keys()
        other = [code for code in both if self.known.codes[code] != _worth(self.coupons[code])]
        if other:
            said.append(f"{len(other)} codes are worth something else in the shop")
        if self.found:
            said.append(f"reconciliation found {self.found} differences")
        return tuple(f"{self.title}: {sentence}" for sentence in said if sentence)

    def _right(self, customer: str) -> bool:
        """Ours stand on the customer as wanted, and no other of ours; what the shop put there itself does not count."""
        ours = {mark for marks in self.known.marks.values() for mark in marks}
        return set(self.carried.get(customer, ())) & ours == set(self.known.marks[customer])


def compare(house: House, shop: Shop, found: int) -> Comparison:
    """Read the shop through its adapter, and Comeback from its tables."""
    line = house.line(shop)
    known = figures.of_shop(house.database, shop.merchant_id, shop.id)
    return Comparison(
        title=house.platforms[shop.platform].title,
        shop=shop,
        counts=line.counts(),
        known=known,
        carried=_carried(line, known),
        coupons={coupon.code: coupon for coupon in line.coupons()},
        found=found,
    )


def show(console: Console, comparisons: list[Comparison]) -> None:
    """Print the table, shops side by side, and what differs."""
    table = Table(title="Shop and Comeback, side by side", title_justify="left")
    table.add_column("")
    for one in comparisons:
        table.add_column(f"{one.title}\n{one.shop.name}, {one.shop.currency}", justify="right")
    for title, *cells in _lines(comparisons):
        table.add_row(title, *cells)
    console.print(table)
    for sentence in (sentence for one in comparisons for sentence in one.disagreements):
        console.print(f"[red]differs:[/red] {sentence}")


def _lines(comparisons: list[Comparison]) -> list[tuple[str, ...]]:
    tiers = dict.fromkeys(tier for one in comparisons for tier, _ in one.known.tiers)
    rows: list[tuple[str, list[str]]] = [
        ("orders in the shop", [_n(one.counts.orders) for one in comparisons]),
        ("orders in Comeback", [_n(one.known.orders) for one in comparisons]),
        ("customers in the shop", [_n(one.counts.customers) for one in comparisons]),
        ("customers in Comeback", [_n(one.known.customers) for one in comparisons]),
        ("points issued", [_n(one.known.points) for one in comparisons]),
        *(
            (f"members: {tier or 'no tier'}", [_n(dict(one.known.tiers).get(tier, 0)) for one in comparisons])
            for tier in tiers
        ),
        ("customers to be marked", [_n(sum(map(bool, one.known.marks.values()))) for one in comparisons]),
        ("marked, read back from the shop", [_n(one.marked) for one in comparisons]),
        ("coupon codes in Comeback", [_n(len(one.known.codes)) for one in comparisons]),
        ("coupon codes read back from the shop", [_n(len(one.coupons)) for one in comparisons]),
        ("differences found by reconciliation", [_n(one.found) for one in comparisons]),
    ]
    return [(title, *cells) for title, cells in rows]


def _carried(line: ShopAdapter, known: ShopFigures) -> dict[str, tuple[str, ...]]:
    ids, carried = iter(known.marks), dict[str, tuple[str, ...]]()
    while batch := tuple(islice(ids, _ASK)):
        carried |= {customer.id: customer.marks for customer in line.customers(batch).values()}
    return carried


def _unequal(what: str, there: int, here: int) -> str:
    return "" if there == here else f"{there:,} {what} in the shop, {here:,} in Comeback"


def _worth(coupon: Coupon) -> tuple[str, int]:
    return coupon.kind, coupon.value


def _n(figure: int) -> str:
    return f"{figure:,}"
