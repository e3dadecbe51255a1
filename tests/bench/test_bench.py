"""The bench still runs: every figure in its smallest size. How large the figures are is nobody's business here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.figures import Aim, Figure, Ratio, page
from bench.meter import Spread, alternate, ratios

ROOT = Path(__file__).parents[2]
TITLES = (
    "Accepting a webhook",
    "The road",
    "The import",
    "The import against tap-shopify",
    "A Magento shop against pymagento",
    "The import of large shops",
    "Settling one member",
    "A redemption",
    "The overview of a large merchant",
    "Backup and restore",
    "Footprint",
)


def test_every_figure_can_be_taken_and_stands_on_the_page(tmp_path: Path) -> None:
    written = tmp_path / "performance.md"
    command = [sys.executable, "-m", "bench", "--quick", "--page", str(written)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=280)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    text = written.read_text()
    assert [title for title in TITLES if f"## {title}\n" not in text] == []


def test_a_ratio_is_taken_round_by_round_so_that_a_slow_round_is_slow_on_both_sides() -> None:
    slow = iter([1.0, 4.0, 2.0])
    known: list[float] = []

    def below() -> float:
        known.append(next(slow))
        return known[-1]

    above, plain = [2.0, 8.0, 4.0], alternate(3, below)[0]
    assert ratios(above, plain) == Spread(2.0, 2.0, 2.0)


def test_sides_take_turns_in_beginning() -> None:
    order: list[str] = []
    alternate(2, lambda: order.append("a") or 1.0, lambda: order.append("b") or 1.0)
    assert order == ["a", "b", "b", "a"]


def test_the_page_says_of_each_aim_whether_it_is_met() -> None:
    one = Figure(
        "Something",
        "How.",
        (
            Ratio("cheap", Spread(1.2, 1.1, 1.3), Aim(1.5)),
            Ratio("dear", Spread(1.7, 1.4, 1.8), Aim(1.5)),
            Ratio("slow", Spread(0.8, 0.7, 0.95), Aim(0.9, at_least=True)),
        ),
        (("how many", "7"),),
    )
    text = page([one], [("PostgreSQL", "18")])
    assert "| cheap | 1.20 (1.10 to 1.30) | at most 1.5 | yes |" in text
    assert "| dear | 1.70 (1.40 to 1.80) | at most 1.5 | **no** |" in text
    assert "| slow | 0.80 (0.70 to 0.95) | at least 0.9 | **no** |" in text
    assert "| how many | 7 |" in text
