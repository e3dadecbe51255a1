"""Find PHP and its tools, which check the Magento module, or fetch them; prints which. Run by `make test` and `make php`.

Debian's packages, installed where we may install. Without them the module's tests are skipped; in CI they must be there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

TOOLS = ("php", "phpunit", "phpcs", "xmllint")
EXTENSIONS = {"dom", "mbstring", "pdo_sqlite"}
PACKAGES = (
    "php-cli",
    "php-xml",
    "php-mbstring",
    "php-sqlite3",
    "phpunit",
    "php-codesniffer",
    "libxml2-utils",
)


def missing() -> list[str]:
    """Name the tools and extensions that are not here."""
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    if "php" in absent:
        return absent
    ran = subprocess.run(["php", "-m"], capture_output=True, text=True, check=False)
    return absent + sorted(EXTENSIONS - set(ran.stdout.lower().split()))


def fetch() -> None:
    """Install Debian's packages, if this is a Debian and we may."""
    if shutil.which("apt-get") is None:
        return
    root: tuple[str, ...] = () if os.geteuid() == 0 else ("sudo", "-n")
    if root and (shutil.which("sudo") is None or not _run("sudo", "-n", "true")):
        return
    # Nothing here must outlive a power cut, and without waiting for the disk it is twice as fast.
    options = ("-o", "DPkg::Lock::Timeout=300", "-o", "DPkg::Options::=--force-unsafe-io")
    apt = (*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", *options)
    install = (*apt, "install", "-y", "--no-install-recommends", *PACKAGES)
    if not _run(*install):
        _run(*apt, "update")
        _run(*install)


def _run(*command: str) -> bool:
    ran = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ran.returncode:
        print(f"  {' '.join(command)}: {ran.stderr.strip()[-300:]}", file=sys.stderr)
    return ran.returncode == 0


def main() -> int:
    if missing():
        print("PHP: not all here, fetching it (some seconds) ...", flush=True)
        fetch()
    if absent := missing():
        print(f"PHP: without {', '.join(absent)} the Magento module is not checked", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    print(f"PHP: {shutil.which('php')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
