"""The import: a shop's whole history, from its own wire to members settled; and how it grows."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import msgspec

from bench import meter, origin, stories
from bench.figures import Aim, Figure, Ratio, Size, shown
from bench.ground import Ground, house
from bench.meter import Cost, Spread
from bench.origin import Source
from connector import rounds, rubbish
from connector.port import Batch
from connector.store import purchases, shops

AIM = Aim(3.0)
_TIMES = (1, 2, 4, 8)
_PLAIN_TABLE = (
    "CREATE TABLE plain_orders (id text, customer text, placed_at timestamptz, total bigint, lines jsonb)"
)
_HOW = (
    "A sandbox shop in a process of its own (not counted) holds a real shop's history, {lines:.0f} lines"
    " to an order; a fresh process"
    " imports it in bulk and settles everybody under a running programme. Processor time of that process"
    " and of PostgreSQL. Plain asks"
    " the same shop for the same file, reads it with the same reader and COPYs orders into one table"
    " without an index: no people, no"
    " sealing, no digests, no merging with what is known, no checkpoints, nothing settled."
)


class Taken(msgspec.Struct, frozen=True):
    """What one import cost its process: seconds of processor time, and megabytes at most."""

    seconds: float
    peak: float
    lines: int = 0
    orders: int = 0


def measure(ground: Ground, size: Size) -> Figure:
    """Compare the import with parse and COPY, and look at how it grows."""
    peaks: dict[str, list[float]] = {}
    with _sources(ground, size) as sources:
        base = sources[0]
        lines: list[int] = []
        above, below = meter.alternate(
            size.pick(5, 1),
            partial(_round, ground, base, "whole", peaks),
            partial(_round, ground, base, "plain", {}, lines),
        )
        grown = meter.alternate(
            size.pick(2, 1), *(partial(_round, ground, source, "whole", peaks) for source in sources)
        )
    each = {
        source.name: Spread.of(cost * 1000 / source.orders for cost in costs)
        for source, costs in zip(sources, grown, strict=True)
    }
    ratio = Ratio("the import: processor time against parse and COPY alone", meter.ratios(above, below), AIM)
    orders = [source.orders for source in sources]
    rows = [
        (
            "an order, from the wire to settled, ms",
            shown(Spread.of(one * 1000 / base.orders for one in above)),
        ),
        ("an order, plain, ms", shown(Spread.of(one * 1000 / base.orders for one in below))),
        *(
            (f"{times}x ({source.orders:,} orders): an order, ms", shown(each[source.name]))
            for times, source in zip(_TIMES, sources, strict=False)
        ),
        *(
            (f"{times}x: memory at most, MB", shown(Spread.of(peaks[source.name]), 0))
            for times, source in zip(_TIMES, sources, strict=False)
        ),
    ]
    ratios = [ratio]
    if len(sources) > 1:
        exponents = [meter.exponent(orders, costs) for costs in zip(*grown, strict=True)]
        ratios.append(
            Ratio(
                "the import: exponent of its growth with orders (1 is linear)", Spread.of(exponents), Aim(1.1)
            )
        )
        memory = [
            last / first
            for first, last in zip(sorted(peaks[base.name]), sorted(peaks[sources[-1].name]), strict=False)
        ]
        ratios.append(Ratio("the import: memory at 8x against 1x", Spread.of(memory), Aim(1.2)))
    return Figure("The import", _HOW.format(lines=lines[0] / base.orders), tuple(ratios), tuple(rows))


def _round(
    ground: Ground, source: Source, side: str, peaks: dict[str, list[float]], lines: list[int] | None = None
) -> float:
    """Import a copy once; return seconds of processor time, ours and PostgreSQL's."""
    cost, taken = once(ground, source, whole if side == "whole" else plain)
    peaks.setdefault(source.name, []).append(taken.peak)
    if lines is not None:
        lines.append(taken.lines)
    return cost.whole


def once(ground: Ground, source: Source, work: Callable[..., Taken]) -> tuple[Cost, Taken]:
    """Do the work in a fresh process on a copy of the shop's database; return what it cost and what it took."""
    name = ground.copy(source.database)
    with ground.owner(name) as connection:
        connection.execute(_PLAIN_TABLE)
        connection.execute("GRANT ALL ON plain_orders TO comeback_app")
    env = source.env | {key: word for key, word in ground.env(name).items() if key.startswith("DATABASE")}
    theirs = meter.of_postgres(ground.server)
    taken: Taken = meter.apart(work, env, source.merchant_id, source.shop_id)
    theirs = meter.of_postgres(ground.server) - theirs
    ground.drop(name)
    return Cost(taken.seconds, theirs), taken


def whole(env: dict[str, str], merchant_id: int, shop_id: int) -> Taken:
    """Import and settle, in this process, which looks for rubbish as seldom as a worker."""
    with house(env) as opened:
        rubbish.seldom()
        begun = meter.here()
        assert rounds.import_history(opened, merchant_id, shop_id)
        rounds.settle(opened, merchant_id)
        seconds, peak = meter.here() - begun, meter.peak()
        with opened.database.merchant(merchant_id) as tx:
            return Taken(seconds, peak, orders=purchases.count(tx, shop_id))


def plain(env: dict[str, str], merchant_id: int, shop_id: int) -> Taken:
    """Read the same wire and COPY, in this process."""
    with house(env) as opened:
        rubbish.seldom()
        with opened.database.merchant(merchant_id) as tx:
            shop = shops.get(tx, shop_id)
        begun, lines = meter.here(), 0
        for batch in opened.line(shop).history(None):
            lines += sum(len(order.lines) for order in batch.orders)
            with opened.database.merchant(merchant_id) as tx:
                _copy(tx.connection.connection.driver_connection, batch)
        return Taken(meter.here() - begun, meter.peak(), lines)


def _copy(driver: object, batch: Batch) -> None:
    with driver.cursor() as cursor, cursor.copy("COPY plain_orders FROM STDIN") as copy:  # type: ignore[attr-defined]
        for order in batch.orders:
            lines = msgspec.json.encode(order.lines).decode()
            copy.write_row((order.id, order.customer_id, order.placed_at, order.total, lines))


@contextmanager
def _sources(ground: Ground, size: Size) -> Iterator[list[Source]]:
    folder = Path(tempfile.mkdtemp(prefix="comeback-bench-"))
    try:
        with ExitStack() as stack:
            times, every = ((1,), 24) if size.quick else (_TIMES, 1)
            yield [
                origin.opened(
                    ground,
                    stack,
                    folder,
                    f"bench-{one}",
                    stories.longer_history(folder / str(one), one, every),
                )
                for one in times
            ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
