"""Find the Chromium that the page tests drive, or fetch one; prints which. Run by `make test` and `make chromium`.

Looked for in this order: the one that COMEBACK_CHROMIUM names, one on the PATH, the one that Playwright keeps; else
Debian's package is installed where we may install, else Playwright downloads its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def found() -> Path | None:
    """The Chromium to drive, or None where there is none yet."""
    named = os.environ.get("COMEBACK_CHROMIUM")
    if named:
        return Path(named)
    for name in _NAMES:
        if path := shutil.which(name):
            return Path(path)
    return _playwrights()


def _playwrights() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def _fetch() -> bool:
    return _from_debian() or _run(sys.executable, "-m", "playwright", "install", "chromium")


def _from_debian() -> bool:
    if shutil.which("apt-get") is None:
        return False
    root: tuple[str, ...] = () if os.geteuid() == 0 else ("sudo", "-n")
    if root and (shutil.which("sudo") is None or not _run("sudo", "-n", "true")):
        return False
    apt = (*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300")
    install = (*apt, "install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core")
    return _run(*install) or (_run(*apt, "update") and _run(*install))


def _run(*command: str) -> bool:
    ran = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ran.returncode:
        print(f"  {' '.join(command)}: {ran.stderr.strip()[-300:]}", file=sys.stderr)
    return ran.returncode == 0


def main() -> int:
    here = found()
    if here is None:
        print("Chromium: none here, fetching one (a minute or two) ...", flush=True)
        _fetch()
        here = found()
    if here is None or not here.exists():
        print(
            f"Chromium: {here or 'none'} to be had. Install one and name it: COMEBACK_CHROMIUM=/path/to/chromium",
            file=sys.stderr,
        )
        return 1
    print(f"Chromium: {here}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
