"""The import: a shop's whole history, from its own wire to members settled; and how it grows."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import msgspec
import requests

from bench import meter, stories
from bench.figures import Aim, Figure, Ratio, Size, shown
from bench.ground import Ground, house, start_programme
from bench.meter import Spread
from connector import rounds
from connector.app import create_app
from connector.demo.cast import Player, ready_line
from connector.demo.ground import free_port
from connector.port import Batch
from connector.serving import Web
from connector.store import shops

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


class Source(msgspec.Struct, frozen=True):
    """A sandbox that holds so many histories, and a database in which its shop has just installed Comeback."""

    times: int
    orders: int
    database: str
    env: dict[str, str]
    merchant_id: int
    shop_id: int


class Taken(msgspec.Struct, frozen=True):
    """What one import cost its process: seconds of processor time, and megabytes at most."""

    seconds: float
    peak: float
    lines: int = 0


def measure(ground: Ground, size: Size) -> Figure:
    """Compare the import with parse and COPY, and look at how it grows."""
    peaks: dict[int, list[float]] = {}
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
        source.times: Spread.of(cost * 1000 / source.orders for cost in costs)
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
            (f"{times}x ({source.orders:,} orders): an order, ms", shown(each[times]))
            for times, source in ((source.times, source) for source in sources)
        ),
        *((f"{times}x: memory at most, MB", shown(Spread.of(peaks[times]), 0)) for times in each),
    ]
    ratios = [ratio]
    if len(sources) > 1:
        exponents = [_exponent(orders, costs) for costs in zip(*grown, strict=True)]
        ratios.append(
            Ratio(
                "the import: exponent of its growth with orders (1 is linear)", Spread.of(exponents), Aim(1.1)
            )
        )
        memory = [
            last / first for first, last in zip(sorted(peaks[1]), sorted(peaks[_TIMES[-1]]), strict=False)
        ]
        ratios.append(Ratio("the import: memory at 8x against 1x", Spread.of(memory), Aim(1.2)))
    return Figure("The import", _HOW.format(lines=lines[0] / base.orders), tuple(ratios), tuple(rows))


def _round(
    ground: Ground, source: Source, side: str, peaks: dict[int, list[float]], lines: list[int] | None = None
) -> float:
    """Import a copy once; return seconds of processor time, ours and PostgreSQL's."""
    name = ground.copy(source.database)
    if side == "plain":
        with ground.owner(name) as connection:
            connection.execute(_PLAIN_TABLE)
            connection.execute("GRANT ALL ON plain_orders TO comeback_app")
    env = source.env | {key: word for key, word in ground.env(name).items() if key.startswith("DATABASE")}
    theirs = meter.of_postgres(ground.server)
    taken: Taken = meter.apart(whole if side == "whole" else plain, env, source.merchant_id, source.shop_id)
    theirs = meter.of_postgres(ground.server) - theirs
    ground.drop(name)
    peaks.setdefault(source.times, []).append(taken.peak)
    if lines is not None:
        lines.append(taken.lines)
    return taken.seconds + theirs


def whole(env: dict[str, str], merchant_id: int, shop_id: int) -> Taken:
    """Import and settle, in this process."""
    with house(env) as opened:
        begun = meter.here()
        assert rounds.import_history(opened, merchant_id, shop_id)
        rounds.settle(opened, merchant_id)
        return Taken(meter.here() - begun, meter.peak())


def plain(env: dict[str, str], merchant_id: int, shop_id: int) -> Taken:
    """Read the same wire and COPY, in this process."""
    with house(env) as opened:
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
            times = (1,) if size.quick else _TIMES
            yield [_source(ground, stack, folder, one, size.pick(1, 24)) for one in times]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _source(ground: Ground, stack: ExitStack, folder: Path, times: int, every: int) -> Source:
    past = stories.longer_history(folder / str(times), times, every)
    name, domain = ground.database(), f"bench-{times}.myshopify.com"
    arguments = ["sandbox", "shopify", "--port", "0", "--history", past, "--domain", domain]
    player = stack.enter_context(Player(f"sandbox-{times}", arguments, ground.env(name), folder))
    ready = ready_line(player)
    port = free_port()
    base = ready.environment["SHOPIFY_BASE_URL"]
    env = ground.env(name, port, **ready.environment, ALLOW_PRIVATE_HOSTS=base.partition("//")[2])
    with house(env) as opened:
        web = Web(create_app(opened), "127.0.0.1", port)
        try:
            asked = {"public_url": f"http://127.0.0.1:{port}"}
            answer = requests.post(f"{ready.url}/_sandbox/install", json=asked, timeout=120)
            assert answer.status_code == 200, answer.text[:300]
        finally:
            web.stop()
        with opened.database.everyone() as connection:
            shop = shops.find_by_address(connection, "shopify", ready.address)
        assert shop is not None
        start_programme(opened, shop.merchant_id)
    return Source(times, ready.orders, name, env, shop.merchant_id, shop.id)


def _exponent(orders: list[int], costs: tuple[float, ...]) -> float:
    """The slope of costs over orders, both as logarithms, by least squares."""
    across, up = [math.log(one) for one in orders], [math.log(one) for one in costs]
    middle, height = sum(across) / len(across), sum(up) / len(up)
    rise = sum((x - middle) * (y - height) for x, y in zip(across, up, strict=True))
    return rise / sum((x - middle) ** 2 for x in across)
