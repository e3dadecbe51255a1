"""The page about security tells the truth: every test that it names is there, in a file that its row names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROWS = [
    line
    for line in (ROOT / "docs" / "security.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| promise")
]


def those_in(name: str) -> set[str]:
    """Every test that a file defines."""
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:50])
def test_every_promise_names_a_test_that_exists(row: str) -> None:
    _, _promise, asvs, check, shown, _ = (cell.strip() for cell in row.split("|"))
    files = re.findall(r"`(tests/[a-z0-9_/]+\.py)`", shown)
    named = re.findall(r"`(test_[a-z0-9_]+)`", shown)
    assert files
    assert named
    there = {test for file in files for test in those_in(file)}
    assert [test for test in named if test not in there] == []
    assert re.fullmatch(r"(\d+\.\d+\.\d+(, \d+\.\d+\.\d+)*)?", asvs)
    assert re.fullmatch(r"[A-Z_]*", check)


def test_the_page_has_rows() -> None:
    assert len(ROWS) > 35
