"""The import against tap-shopify, which reads the same orders from the same shop and keeps none of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec
from graphql import GraphQLObjectType

from adapters.shopify.sandbox import sdl
from bench import figures, importing, meter, origin, stories
from bench.figures import Aim, Figure, Ratio, Size, shown
from bench.ground import Ground
from bench.meter import Cost, Spread
from bench.origin import Source

AIM = Aim(0.25)
VERSION = "3.13.0"
PLACE = figures.ROOT / "var" / "tap"
_HERE = Path(__file__).with_name("theirs")
_PINS = _HERE / "requirements.txt"
_HOW = (
    "One shop, read by both in turn over HTTP on this machine, without TLS on either side: by a fresh process that"
    " imports it in bulk under a running programme, from asking for the bulk operation to the last member settled,"
    " customers and all; and by the command `tap-shopify` {version} in an environment of its own, from asking for its"
    " bulk operation to its end, which writes what it reads to `/dev/null` and keeps nothing. Counted is the processor"
    " time of the process and, on Comeback's side, all of PostgreSQL's; start-up is counted on neither side. The tap"
    " asks for orders with their lines, and for no customers: as it comes, for every field that it knows and the sandbox"
    " serves; or narrowed down, for no field of an order that Comeback does not ask for (of a line it always asks for"
    " all it knows). A minute of its waiting is a quarter of a second here."
)
# What Comeback asks of an order, as far as the tap has it. Of a line the tap always asks for everything it knows.
SAME = frozenset(
    (
        "cancelledAt",
        "currencyCode",
        "discountCodes",
        "displayFinancialStatus",
        "displayFulfillmentStatus",
        "email",
        "lineItems",
        "name",
        "originalTotalAdditionalFeesSet",
        "originalTotalDutiesSet",
        "originalTotalPriceSet",
        "processedAt",
        "shippingLine",
        "taxesIncluded",
        "test",
        "totalRefundedSet",
        "totalRefundedShippingSet",
    )
)


# Of these the tap asks for things below that the sandbox does not serve.
UNSERVED = frozenset(("customer", "fulfillments"))
Way = Literal["as it comes", "narrowed down"]
WAYS: tuple[Way, ...] = ("as it comes", "narrowed down")


class Kind(msgspec.Struct, frozen=True):
    """A shop to import: the shipped history so many times over, each so-manieth customer, at most so many lines an order."""

    name: str
    words: str
    times: int
    every: int
    lines: int | None
    rounds: int


KINDS = (
    Kind("long", "orders of 23 lines", 1, 3, None, 3),
    Kind("short", "orders of two lines", 2, 1, 2, 5),
)


class Files(msgspec.Struct, frozen=True):
    """What the tap is given, and where its cost is noted."""

    config: Path
    catalog: Path
    notes: Path


class Notes(msgspec.Struct, frozen=True):
    """What the tap's process used, in seconds: until it asked for the bulk operation, and from there to its end."""

    start: float
    work: float


def measure(ground: Ground, size: Size) -> Figure:
    """Import shops of long and of short orders, and let the tap read them too."""
    origin.fetch(PLACE, _PINS)
    folder = Path(tempfile.mkdtemp(prefix="comeback-bench-"))
    ratios: list[Ratio] = []
    rows: list[tuple[str, str]] = []
    try:
        for kind in KINDS[1:] if size.quick else KINDS:
            with ExitStack() as stack:
                history = stories.longer_history(
                    folder / kind.name, size.pick(kind.times, 1), size.pick(kind.every, 24), kind.lines
                )
                source = origin.opened(ground, stack, folder, kind.name, history)
                found, more = _compare(ground, source, kind, folder, size)
            ratios += found
            rows += more
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Figure("The import against tap-shopify", _HOW.format(version=VERSION), tuple(ratios), tuple(rows))


def _compare(
    ground: Ground, source: Source, kind: Kind, folder: Path, size: Size
) -> tuple[list[Ratio], list[tuple[str, str]]]:
    costs: list[Cost] = []
    prepared = {way: _prepare(source, way, folder) for way in WAYS}

    def ours() -> float:
        cost, _ = importing.once(ground, source, importing.whole)
        costs.append(cost)
        return cost.whole

    sides = [partial(_theirs, source, files) for files in prepared.values()]
    mine, *others = meter.alternate(size.pick(kind.rounds, 1), ours, *sides)
    ratios = [
        Ratio(
            f"the import of {kind.words}: processor time against the tap {way}",
            meter.ratios(mine, other),
            AIM,
        )
        for way, other in zip(WAYS, others, strict=True)
    ]
    each = 1000 / source.orders
    rows = [
        (f"{kind.words} ({source.orders:,}): an order, process and PostgreSQL, ms", _each(mine, each)),
        (f"{kind.words}: an order, our process alone, ms", _each([cost.ours for cost in costs], each)),
        *(
            (f"{kind.words}: an order, the tap {way}, ms", _each(other, each))
            for way, other in zip(WAYS, others, strict=True)
        ),
    ]
    return ratios, rows


def _each(seconds: Iterable[float], each: float) -> str:
    return shown(Spread.of(one * each for one in seconds), 3)


def _theirs(source: Source, files: Files) -> float:
    """Let the tap read every order; return its seconds of processor time."""
    files.notes.unlink(missing_ok=True)
    ran = _tap(source, files, "--catalog", files.catalog)
    assert f"orders: {source.orders}\n" in ran.stderr, ran.stderr[-1000:]
    return msgspec.json.decode(files.notes.read_bytes(), type=Notes).work


def _tap(
    source: Source, files: Files, *words: str | Path, keep: bool = False
) -> subprocess.CompletedProcess[str]:
    env = {
        "PATH": source.env["PATH"],
        "PYTHONPATH": str(_HERE),
        "TAP_NAME": f"{source.name}.myshopify.com",
        "TAP_PLACE": source.base,
        "TAP_NOTES": str(files.notes),
    }
    command = [PLACE / "bin" / "tap-shopify", "--config", files.config, *words]
    out = subprocess.PIPE if keep else subprocess.DEVNULL
    return subprocess.run(
        command, env=env, stdout=out, stderr=subprocess.PIPE, text=True, check=True, timeout=900
    )


def _prepare(source: Source, way: Way, folder: Path) -> Files:
    """Write the tap's configuration, and its catalog with what it is to read."""
    files = Files(*(folder / f"{source.name}-{way}-{what}" for what in ("config", "catalog", "notes")))
    config = {
        "shop": source.name,
        "access_token": origin.token(source),
        "start_date": "2000-01-01T00:00:00Z",
        # In days: one bulk operation for everything, and not one for every month.
        "date_window_size": 20_000,
    }
    files.config.write_text(json.dumps(config))
    found = json.loads(_tap(source, files, "--discover", keep=True).stdout)
    orders = next(one for one in found["streams"] if one["stream"] == "orders")
    wanted = SAME if way == "narrowed down" else _served() - UNSERVED
    for one in orders["metadata"]:
        place = one["breadcrumb"]
        one["metadata"]["selected"] = not place or place[-1] in wanted
    files.catalog.write_text(json.dumps({"streams": [orders]}))
    return files


def _served() -> frozenset[str]:
    kind = sdl.schema().type_map["Order"]
    assert isinstance(kind, GraphQLObjectType)
    return frozenset(kind.fields)
