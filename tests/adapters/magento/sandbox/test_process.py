"""The sandbox as a process: its ready line, its end, and what it keeps."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from requests_oauthlib import OAuth1

START = "import sys; from adapters.magento.sandbox import sandbox; sandbox.serve(sys.argv[1:])"


@contextmanager
def _running(*options: str, sign: int = signal.SIGTERM) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-c", START, "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert process.stdout
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.send_signal(sign)
        assert process.wait(60) == 0  # a second on a machine that is not busy
        process.stdout.close()


def test_the_ready_line_says_where_the_shop_is_and_what_the_app_must_be_told() -> None:
    with _running("--until", "2026-05-31") as ready:
        host = ready["url"].removeprefix("http://")
        assert ready == {
            "ready": True,
            "url": f"http://{host}",
            "address": f"http://{host}/",
            "environment": {"ALLOW_PRIVATE_HOSTS": host},
            "orders": 6_919,
            "customers": 2_357,
        }
        assert requests.get(f"{ready['url']}/_sandbox/ready", timeout=60).json() == ready


def test_it_ends_on_ctrl_c_while_shoppers_are_about() -> None:
    with _running("--history", "none", sign=signal.SIGINT) as ready:
        requests.post(f"{ready['url']}/_sandbox/live", json={"per_second": 50}, timeout=60)


def test_a_state_file_brings_the_shop_back(tmp_path: Path) -> None:
    options = ("--history", "none", "--state", str(tmp_path / "shop.state"))
    with _running(*options) as ready:
        lines = [{"sku": "A", "title": "A", "quantity": 1, "price": "5.00"}]
        order = {"email": "g@example.net", "lines": lines, "paid": True}
        requests.post(f"{ready['url']}/_sandbox/orders", json=order, timeout=60).raise_for_status()
        before = requests.get(f"{ready['url']}/_sandbox/orders", timeout=60).json()
        keys = requests.get(f"{ready['url']}/_sandbox/keys", timeout=60).json()
    with _running(*options) as ready:
        assert ready["orders"] == 1
        assert requests.get(f"{ready['url']}/_sandbox/orders", timeout=60).json() == before
        auth = OAuth1(*keys.values(), signature_method="HMAC-SHA256")
        answer = requests.get(f"{ready['address']}rest/V1/orders/1", auth=auth, timeout=60)
        assert answer.json()["grand_total"] == 5


def test_an_unknown_history_is_refused() -> None:
    command = [sys.executable, "-c", START, "--history", "nonsense"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "--history is none, slice or full:<folder>" in ended.stderr


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_explains_the_options(option: str) -> None:
    ended = subprocess.run([sys.executable, "-c", START, option], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0
    assert "--until" in ended.stdout
