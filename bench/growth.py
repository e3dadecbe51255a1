"""The import of ever larger shops: what an order costs, and the memory of the process that imports."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import msgspec

from bench import copies, importing, meter, origin, stories
from bench.copies import Shelf
from bench.figures import Aim, Figure, Ratio, Size
from bench.ground import Ground
from bench.meter import Cost, Spread
from bench.origin import Source

SIZES, LARGE = (10_000, 50_000), (10_000, 50_000, 200_000, 500_000)
_LINES = 2
_HOW = (
    "Shops of ever more orders of {lines} lines, imported once and settled under a running programme by a fresh process:"
    " processor time of that process and of PostgreSQL, and the memory that the process held at most. The bulk files are"
    " those of a sandbox, over and over with other numbers for everybody and everything, written while they are fetched"
    ' (a customer has as many orders in every size). `make bench ARGS="growth --large"` takes shops of up to 500,000 orders.'
)


class Grown(msgspec.Struct, frozen=True):
    """One shop imported: its orders, what that cost, and megabytes at most."""

    orders: int
    cost: Cost
    peak: float


def measure(ground: Ground, size: Size) -> Figure:
    """Import shops of every size."""
    folder = Path(tempfile.mkdtemp(prefix="comeback-bench-"))
    try:
        with ExitStack() as stack:
            history = stories.longer_history(folder / "growth", 1, size.pick(1, 24), _LINES)
            source = origin.opened(ground, stack, folder, "growth", history)
            customers, orders = copies.files(source)
        wanted = (100, 300) if size.quick else LARGE if size.large else SIZES
        grown = [
            _import(ground, source, Shelf(customers, orders, max(1, round(one / orders.roots))))
            for one in wanted
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    slope = meter.exponent([one.orders for one in grown], [one.cost.whole for one in grown])
    first, last = grown[0], grown[-1]
    ratios = (
        Ratio(
            f"the import of {first.orders:,} to {last.orders:,} orders: exponent of its growth",
            _once(slope),
            Aim(1.1),
        ),
        Ratio(
            f"the import of {last.orders:,} orders: memory against {first.orders:,}",
            _once(last.peak / first.peak),
            Aim(1.2),
        ),
    )
    rows = tuple(
        (
            f"{one.orders:,} orders: an order, ms; memory at most, MB",
            f"{one.cost.each(one.orders):.3f}; {one.peak:.0f}",
        )
        for one in grown
    )
    return Figure("The import of large shops", _HOW.format(lines=_LINES), ratios, rows)


def _import(ground: Ground, source: Source, shelf: Shelf) -> Grown:
    with copies.served(shelf) as url:
        there = {"SHOPIFY_BASE_URL": url, "ALLOW_PRIVATE_HOSTS": url.partition("//")[2]}
        larger = msgspec.structs.replace(source, env=source.env | there)
        cost, taken = importing.once(ground, larger, importing.whole)
    orders = shelf.orders.roots * shelf.copies
    assert taken.orders == orders, f"{taken.orders:,} of {orders:,} orders came"
    return Grown(orders, cost, taken.peak)


def _once(one: float) -> Spread:
    return Spread(one, one, one)
