"""Run by the environment that holds pymagento: reads a shop's lists, keeps nothing, says what its work cost.

What it is told comes as JSON on standard input, what it found goes out as JSON: rows by list, and the seconds of
processor time from the first call to the last row.
"""

from __future__ import annotations

import json
import resource
import sys

from magento import Magento  # type: ignore[import-not-found]

TOLD = json.load(sys.stdin)
LISTS = ("orders", "invoices", "shipments", "credit_memos", "customers")


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _read() -> dict[str, int]:
    shop = Magento(TOLD["token"], TOLD["address"], batch_page_size=TOLD["rows"])
    found = {}
    for name in LISTS:
        fields = TOLD["fields"].get(name)
        found[name] = sum(1 for _ in getattr(shop, f"get_{name}")(fields=fields))
    return found


begun = _used()
rows = _read()
json.dump({"rows": rows, "seconds": _used() - begun}, sys.stdout)
