"""The README tells the truth: every file it names is there, every command it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connector.cli import commands

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def words(page: Path) -> list[str]:
    """Everything a page sets in code type."""
    return re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_or_links_to_is_there(page: Path) -> None:
    linked = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [name for name in linked if not (page.parent / name).exists()]
    rooms = ("connector/", "adapters/", "webhooks/", "tests/", "docs/")
    named = [word for word in words(page) if word.startswith(rooms) and "<" not in word and " " not in word]
    missing += [name for name in named if "*" not in name and not (ROOT / name).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    text = "\n".join([*words(page), *re.findall(r"^ {4}(.+)$", page.read_text(encoding="utf-8"), re.M)])
    named = set(re.findall(r"(?:^|/|\s)comeback ([a-z-]+)", text, re.M))
    assert named <= set(commands.commands)
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"(?:^|\s)make ([a-z]+)", text, re.M)) <= targets


def test_the_tour_walks_through_the_house_in_ten_stops() -> None:
    tour = (
        (ROOT / "README.md")
        .read_text(encoding="utf-8")
        .partition("## The house in ten minutes")[2]
        .partition("\n## ")[0]
    )
    assert len(re.findall(r"^\d+\. ", tour, re.M)) == 10
