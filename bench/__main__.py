"""`make bench`: every figure, written to docs/performance.md; named figures or `--quick` ones are only printed."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from bench import accept, backup, figures, footprint, growth, importing, magento, members, overview, road, tap
from bench.figures import Figure, Size
from bench.ground import ground

MEASURES = {
    "accept": accept.measure,
    "road": road.measure,
    "import": importing.measure,
    "tap": tap.measure,
    "magento": magento.measure,
    "growth": growth.measure,
    "settle": members.measure,
    "redeem": members.measure_redeeming,
    "overview": overview.measure,
    "backup": backup.measure,
    "footprint": footprint.measure,
}


def main(argv: list[str]) -> int:
    """Measure what is asked for."""
    asked = argparse.ArgumentParser(prog="make bench", description=__doc__)
    asked.add_argument("names", nargs="*", choices=[[], *MEASURES], help="figures to take; default all")
    asked.add_argument("--quick", action="store_true", help="tiny sizes: shows that everything runs, no more")
    asked.add_argument("--large", action="store_true", help="growth: shops of up to 500,000 orders")
    asked.add_argument(
        "--page", type=Path, help="where the page goes; default docs/performance.md when all are taken"
    )
    words = asked.parse_args(argv)
    taken: list[Figure] = []
    with ground() as stands:
        for name in words.names or MEASURES:
            begun = time.monotonic()
            taken.append(MEASURES[name](stands, Size(words.quick, words.large)))
            print(f"{figures.plain(taken[-1])}\n  ({name}: {time.monotonic() - begun:.0f} s)\n", flush=True)
        machine = figures.machine(stands.version())
    page = words.page or (None if words.names or words.quick else figures.PAGE)
    if page is not None:
        page.write_text(figures.page(taken, machine), encoding="utf-8")
        print(f"written: {page}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
