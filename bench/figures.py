"""What a figure is, and the page they are all written on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from bench.meter import Spread

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
FOUND = Path(__file__).with_name("found.md")


class Aim(msgspec.Struct, frozen=True):
    """What a ratio should be: at most, or at least."""

    bound: float
    at_least: bool = False

    def met(self, ratio: Spread) -> bool:
        return ratio.median >= self.bound if self.at_least else ratio.median <= self.bound

    @property
    def text(self) -> str:
        return f"{'at least' if self.at_least else 'at most'} {self.bound:g}"


class Ratio(msgspec.Struct, frozen=True):
    """One ratio of a figure, with what it is of."""

    name: str
    spread: Spread
    aim: Aim | None = None


class Figure(msgspec.Struct, frozen=True):
    """One figure. `how` says what is compared and what the plain side leaves out; `rows` are (what, how much)."""

    title: str
    how: str
    ratios: tuple[Ratio, ...]
    rows: tuple[tuple[str, str], ...]


class Size(msgspec.Struct, frozen=True):
    """How much is measured: `quick` only shows that everything still runs, `large` takes half an hour."""

    quick: bool = False
    large: bool = False

    def pick(self, whole: int, quick: int) -> int:
        return quick if self.quick else whole

    @property
    def rounds(self) -> int:
        return self.pick(7, 2)


def shown(spread: Spread, digits: int = 2) -> str:
    """A median with what it lay between."""
    return f"{spread.median:.{digits}f} ({spread.low:.{digits}f} to {spread.high:.{digits}f})"


def plain(figure: Figure) -> str:
    """The figure as text for a terminal."""
    lines = [figure.title]
    for ratio in figure.ratios:
        lines.append(f"  {ratio.name}: {shown(ratio.spread)}{_verdict(ratio, '; aim {}: {}')}")
    lines += [f"  {what}: {much}" for what, much in figure.rows]
    return "\n".join(lines)


def page(figures: Sequence[Figure], machine: Iterable[tuple[str, str]]) -> str:
    """The whole page, as docs/performance.md holds it."""
    ratios = [(figure, ratio) for figure in figures for ratio in figure.ratios]
    head = [
        "# What it costs",
        "",
        "Written by `make bench`; not to be edited by hand. Each ratio is taken within one run: both sides work in",
        "turn, several rounds of it, and each round gives one ratio. Shown is the median, in brackets the smallest and",
        "the largest. The rows below the ratios hold for this machine only.",
        "",
        *_table(("this run", ""), machine),
        "",
        *_table(
            ("ratio", "median (smallest to largest)", "aim", "met"),
            [(ratio.name, shown(ratio.spread), *_aim(ratio)) for _, ratio in ratios],
        ),
    ]
    parts = [line for figure in figures for line in _section(figure)]
    return "\n".join([*head, *parts, "", FOUND.read_text(encoding="utf-8").rstrip(), ""])


def machine(postgres: str) -> list[tuple[str, str]]:
    """What the figures were taken on."""
    return [
        ("processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("Python", platform.python_version()),
        ("PostgreSQL", f"{postgres}, with its own settings, fsync on"),
    ]


def _section(figure: Figure) -> list[str]:
    rows = [(ratio.name, f"**{shown(ratio.spread)}**") for ratio in figure.ratios]
    return ["", f"## {figure.title}", "", figure.how, "", *_table(("", ""), [*rows, *figure.rows])]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [_row(head), "|" + "---|" * len(head), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _aim(ratio: Ratio) -> tuple[str, str]:
    if ratio.aim is None:
        return "", ""
    return ratio.aim.text, "yes" if ratio.aim.met(ratio.spread) else "**no**"


def _verdict(ratio: Ratio, words: str) -> str:
    if ratio.aim is None:
        return ""
    return words.format(ratio.aim.text, "met" if ratio.aim.met(ratio.spread) else "NOT MET")


def _processor() -> str:
    cpus = Path("/proc/cpuinfo")
    names = (
        [line for line in cpus.read_text().splitlines() if line.startswith("model name")]
        if cpus.exists()
        else []
    )
    return names[0].partition(": ")[2] if names else platform.machine()
