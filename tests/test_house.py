"""Caretakers: what must be true of the house itself, whichever feature comes or goes."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector import logs

ROOT = Path(__file__).parents[1]
PLATFORMS = ("shopify", "magento")
PINNED = ("requirements.txt", "requirements-dev.txt", "bench/theirs/requirements.txt")
CHOSEN = ("requirements.in", "requirements-dev.in")


def _files(*places: str) -> Iterator[Path]:
    for place in places:
        found = sorted((ROOT / place).rglob("*")) if (ROOT / place).is_dir() else [ROOT / place]
        yield from (path for path in found if path.is_file() and "__pycache__" not in path.parts)


def _lines(pattern: str, paths: Iterator[Path]) -> list[str]:
    """Where the pattern occurs in Python files, as `file:line: text`, so that a failure shows the place."""
    sought = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in paths
        if path.suffix == ".py"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if sought.search(line)
    ]


@pytest.mark.parametrize("room", ["connector", "webhooks"])
def test_no_file_of_the_house_or_the_door_names_a_platform(room: str) -> None:
    named = [
        f"{path.relative_to(ROOT)} names {platform}"
        for path in _files(room)
        for platform in PLATFORMS
        if platform.encode() in path.read_bytes().lower() or platform in path.name.lower()
    ]
    assert named == []


def test_the_floors_of_the_house_hold() -> None:
    lint = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo"]
    ran = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


def test_only_the_store_says_sqlalchemy() -> None:
    outside = (path for path in _files("connector", "webhooks", "adapters") if "store" not in path.parts)
    assert _lines(r"^\s*(from|import) sqlalchemy\b", outside) == []


def test_nothing_goes_by_the_databases_clock() -> None:
    """The time is an argument; only the doctor asks the database what time it is there, to compare."""
    sought = r"(?i)(?<!\.)\b(now|clock_timestamp|statement_timestamp)\(\)|\bcurrent_(date|time|timestamp)\b|func\.now"
    ours = (path for path in _files("connector", "webhooks", "adapters") if "migrations" not in path.parts)
    # The other is the default of a column that is always given.
    found = [one.partition(":")[0] for one in _lines(sought, ours)]
    assert found == ["connector/store/health.py", "connector/store/tables.py"]


def test_whose_page_it_is_comes_from_the_session_and_never_from_the_address() -> None:
    """Only the platforms' own pages read which shop is meant, and there it has to prove itself."""
    house = (path for path in _files("connector", "webhooks") if "sandbox" not in path.parts)
    asked = r"request\.(args|values|form|headers|cookies|json)\b[^#\n]*[\"'](shop|merchant|tenant|merchant_id|shop_id)[\"']"
    # A form may say which of the merchant's own shops it means: Visit.shop answers 404 for any other.
    found = [line for line in _lines(asked, house) if "seen.shop(" not in line]
    assert found == []
    everywhere = _lines(
        r"session\.get\(.merchant_id.\)|session\[.merchant_id.\]", _files("connector", "webhooks", "adapters")
    )
    assert [line.partition(":")[0] for line in everywhere] == ["connector/settings/door.py"]


def test_nothing_in_the_store_commits_but_the_migrations() -> None:
    store = (path for path in _files("connector/store") if not {"migrate.py", "migrations"} & set(path.parts))
    assert _lines(r"\.commit\(", store) == []


def test_time_is_an_argument_below_the_top_floor() -> None:
    readers = sorted((ROOT / "adapters").glob("*/read*"))
    below = ("connector/records.py", "connector/money.py", "connector/loyalty", "connector/flow.py")
    places = [place for place in below if (ROOT / place).exists()]
    paths = _files(*places, *(str(path.relative_to(ROOT)) for path in readers))
    assert _lines(r"datetime\.now\(|utcnow\(|\btime\.time\(|date\.today\(", paths) == []


def test_money_and_the_promise_know_no_floats() -> None:
    places = [place for place in ("connector/money.py", "connector/loyalty") if (ROOT / place).exists()]
    assert _lines(r"\bfloat\(", _files(*places)) == []


@pytest.mark.parametrize("name", PINNED)
def test_every_requirement_is_pinned_to_one_version_and_its_hashes(name: str) -> None:
    text = re.sub(r"(?m)^\s*#.*\n", "", (ROOT / name).read_text()).replace("\\\n", " ")
    requirements = [line for line in text.splitlines() if line.strip()]
    assert len(requirements) > 15
    loose = [
        line[:60]
        for line in requirements
        if not re.match(r"[\w.-]+(\[\w+\])?==\S+ .*--hash=sha256:\w{64}", line)
    ]
    assert loose == []


@pytest.mark.parametrize("name", [*PINNED, *CHOSEN, "pyproject.toml", "Makefile"])
def test_no_package_host_is_named(name: str) -> None:
    assert (
        re.findall(
            r"https?://\S+|--(?:extra-)?index-url|--find-links|--trusted-host", (ROOT / name).read_text()
        )
        == []
    )


def test_every_chosen_dependency_has_its_reason_and_the_pinned_version_on_the_page() -> None:
    chosen = {
        line.strip()
        for name in CHOSEN
        for line in (ROOT / name).read_text().splitlines()
        if line.strip() and line[0] not in "#-"
    }
    page = (ROOT / "docs/dependencies.md").read_text()
    explained = dict(re.findall(r"(?m)^\| ([\w\[\].-]+) \| ([\w.]+), \d{4}-\d\d \| .+ \|$", page))
    assert set(explained) == chosen
    pins = dict(re.findall(r"(?m)^([\w.-]+)(?:\[\w+\])?==(\S+)", (ROOT / "requirements-dev.txt").read_text()))
    pinned = {name: pins[name.partition("[")[0]] for name in chosen}
    assert explained == pinned


def test_every_target_of_the_makefile_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = set(re.findall(r"(?m)^\.PHONY: (.+)$", makefile)[0].split())
    assert set(re.findall(r"(?m)^([a-z]+):.*## ", makefile)) == phony


def test_tests_are_not_packages_so_that_they_may_mirror_the_names_of_the_tree() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def _logged(path: Path) -> Iterator[tuple[int, str]]:
    """Every word given to a call that writes a line, with its line number."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        whose = ast.unparse(node.func.value)
        if node.func.attr in _LEVELS and ("_log" in whose or "getLogger" in whose or "get_logger" in whose):
            yield from ((node.lineno, keyword.arg or "**") for keyword in node.keywords)


_LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log", "bind"}


def test_every_word_that_is_given_to_the_log_is_on_its_list() -> None:
    """A word that is not would be left out without a sound, and the line would miss what it was written for."""
    given = [
        (f"{path.relative_to(ROOT)}:{line}", word)
        for path in _files("connector", "webhooks", "adapters")
        if path.suffix == ".py"
        for line, word in _logged(path)
    ]
    assert len(given) > 50, "the calls are found, or this shows nothing"
    assert [one for one in given if one[1] not in logs.ALLOWED | {"exc_info"}] == []
