"""A Magento shop, imported and settled, against pymagento, which reads the same lists and keeps nothing."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import msgspec
import requests

from adapters.magento import wire
from adapters.magento.sandbox import history
from bench import figures, importing, meter, origin
from bench.figures import Aim, Figure, Ratio, Size, shown
from bench.ground import Ground
from bench.meter import Cost, Spread
from bench.origin import Source

AIM = Aim(3.0)
VERSION = "2.14.0"
ROWS = 300
_HERE = Path(__file__).with_name("theirs")
_PINS = _HERE / "pymagento.txt"
PLACE = figures.ROOT / "var" / "pymagento"
_HOW = (
    "One shop of {orders:,} orders and {customers:,} customers, which gives out at most {rows} rows at once, read by both in"
    " turn over HTTP on this machine, without TLS on either side: by a fresh process that imports it under a running"
    " programme, page by page with signed calls, until the last member is settled; and by pymagento {version} in an"
    " environment of its own, which reads orders, invoices, shipments, credit memos and customers one after the other"
    " with the access token as a bearer's, counts the rows and keeps none. Counted is the processor time of the process;"
    " PostgreSQL's, which only one side has, stands beside it. Start-up is counted on neither side, and"
    " the sandbox's own time not at all."
    " pymagento reads as it comes, every field there is; or narrowed down, the fields that Comeback asks for."
)
# What Comeback asks of each list.
_KINDS: dict[str, type[msgspec.Struct]] = {
    "orders": wire.Order,
    "invoices": wire.Invoice,
    "shipments": wire.Shipment,
    "credit_memos": wire.CreditMemo,
    "customers": wire.Customer,
}


class Found(msgspec.Struct, frozen=True):
    """What pymagento read: rows of each list, in so many seconds of processor time."""

    rows: dict[str, int]
    seconds: float


def measure(ground: Ground, size: Size) -> Figure:
    """Import a shop of 5,000 orders, and let pymagento read it too."""
    origin.fetch(PLACE, _PINS)
    folder = Path(tempfile.mkdtemp(prefix="comeback-bench-"))
    try:
        with ExitStack() as stack:
            told = _history(folder / "history", size.pick(5000, 300))
            source = origin.opened_magento(ground, stack, folder, told)
            for path, body in (("limits", {"maximum_page_size": ROWS}), ("bearer", {"on": True})):
                requests.post(f"{source.base}/_sandbox/{path}", json=body, timeout=60).raise_for_status()
            return _compare(ground, source, size)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _compare(ground: Ground, source: Source, size: Size) -> Figure:
    costs: list[Cost] = []
    found: list[Found] = []

    def ours() -> float:
        cost, taken = importing.once(ground, source, importing.whole)
        assert taken.orders == source.orders
        costs.append(cost)
        return cost.ours

    def theirs(fields: dict[str, str]) -> float:
        found.append(_read(source, fields))
        assert found[-1].rows["orders"] == source.orders, found[-1]
        return found[-1].seconds

    asked = {name: wire.fields(kind) for name, kind in _KINDS.items()}
    mine, full, narrow = meter.alternate(size.pick(5, 1), ours, partial(theirs, {}), partial(theirs, asked))
    each = 1000 / source.orders
    rows = [
        ("an order, our process, ms", shown(Spread.of(one * each for one in mine), 3)),
        ("an order, PostgreSQL, ms", shown(Spread.of(one.postgres * each for one in costs), 3)),
        ("an order, pymagento as it comes, ms", shown(Spread.of(one * each for one in full), 3)),
        ("an order, pymagento narrowed down, ms", shown(Spread.of(one * each for one in narrow), 3)),
    ]
    with_postgres = tuple(one.whole for one in costs)
    ratios = (
        Ratio(
            "a Magento import: processor time against pymagento as it comes", meter.ratios(mine, full), AIM
        ),
        Ratio(
            "a Magento import with PostgreSQL's part: against pymagento as it comes",
            meter.ratios(with_postgres, full),
            AIM,
        ),
        Ratio(
            "a Magento import: processor time against pymagento narrowed down",
            meter.ratios(mine, narrow),
        ),
    )
    how = _HOW.format(orders=source.orders, customers=found[0].rows["customers"], rows=ROWS, version=VERSION)
    return Figure("A Magento shop against pymagento", how, ratios, tuple(rows))


def _read(source: Source, fields: dict[str, str]) -> Found:
    """Let pymagento read every list in a process of its own."""
    keys = requests.get(f"{source.base}/_sandbox/keys", timeout=60).json()
    told = {"token": keys["access_token"], "address": source.base, "rows": ROWS, "fields": fields}
    command = [PLACE / "bin" / "python", _HERE / "read_magento.py"]
    ran = subprocess.run(
        command, input=msgspec.json.encode(told), stdout=subprocess.PIPE, check=True, timeout=900
    )
    return msgspec.json.decode(ran.stdout, type=Found)


def _history(folder: Path, orders: int) -> str:
    """Write the first so many orders of the shipped slice as the sandbox loads them; return what to tell it."""
    folder.mkdir()
    rows = sorted(history.slice_rows(), key=lambda row: (row.day, row.customer))[:orders]
    lines = [f"{row.customer:05d} {row.day:%Y%m%d} {row.quantity} {row.cents / 100:.2f}\n" for row in rows]
    with gzip.open(folder / history.FULL_NAME, "wt", encoding="ascii") as out:
        out.writelines(["header\n", *lines])
    return f"full:{folder}"
