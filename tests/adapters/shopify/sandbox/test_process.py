"""The shop as a process: one ready line, a quick end, a memory over restarts."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

START = [
    sys.executable,
    "-c",
    "from adapters.shopify.sandbox import sandbox; import sys; sandbox.serve(sys.argv[1:])",
]

SIZE = (3058, 702)  # orders and customers of the slice


def started(*options: str) -> tuple[subprocess.Popen[str], Any]:
    process = subprocess.Popen([*START, "--port", "0", *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def end(process: subprocess.Popen[str]) -> float:
    before = time.monotonic()
    process.terminate()
    assert process.wait(60) == 0
    assert process.stdout is not None
    process.stdout.close()
    return time.monotonic() - before


def test_the_ready_line_says_where_the_shop_is_and_what_the_app_must_know() -> None:
    process, ready = started("--history", "slice", "--until", "2026-11-20", "--client-id", "abc")
    try:
        assert ready["ready"] is True
        assert (ready["orders"], ready["customers"]) == SIZE
        assert ready["environment"]["SHOPIFY_CLIENT_ID"] == "abc"
        assert ready["environment"]["SHOPIFY_BASE_URL"] == ready["url"]
        assert ready["environment"]["SHOPIFY_API_VERSION"] == "2026-10"
        assert requests.get(f"{ready['url']}/_sandbox/ready", timeout=60).json() == ready
    finally:
        end(process)


def test_a_restart_finds_the_shop_as_it_was(tmp_path: Path) -> None:
    file = str(tmp_path / "shop.state")
    process, first = started("--state", file)
    lines = [{"title": "Mug", "quantity": 2, "price": "12.50"}]
    order = {"at": "2026-11-01T10:00:00Z", "lines": lines, "paid": True}
    requests.post(f"{first['url']}/_sandbox/orders", json=order, timeout=60).raise_for_status()
    before = requests.get(f"{first['url']}/_sandbox/orders", timeout=60).json()
    end(process)
    assert Path(file).stat().st_mode & 0o777 == 0o600
    process, second = started("--state", file)
    try:
        assert requests.get(f"{second['url']}/_sandbox/orders", timeout=60).json() == before
        for name in ("SHOPIFY_CLIENT_ID", "SHOPIFY_CLIENT_SECRET"):
            assert second["environment"][name] == first["environment"][name]
        again = requests.post(f"{second['url']}/_sandbox/orders", json=order, timeout=60).json()
        assert again["number"] == "#1002"
    finally:
        end(process)
