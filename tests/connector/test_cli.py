"""The commands, run as people run them: as processes, in a folder, with an environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import text

from connector import config
from connector.demo.ground import free_port
from connector.doctor import examine
from connector.house import House
from connector.store import merchants
from connector.store.shops import Shop


@pytest.fixture
def env(database: Any, tmp_path: Path) -> dict[str, str]:
    """A complete environment, and nothing of the caller's own installation."""
    kept = {name: word for name, word in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    urls = {"DATABASE_URL": database.url, "DATABASE_OWNER_URL": database.owner_url}
    return kept | config.fresh_secrets() | urls | {"COMEBACK_HOME": str(tmp_path / "home")}


def comeback(env: dict[str, str], folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "connector.cli", *words]
    return subprocess.run(
        command, env=env, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def test_wrong_settings_end_in_sentences_not_in_a_traceback(tmp_path: Path) -> None:
    told = comeback({"PATH": os.environ["PATH"], "PUBLIC_URL": "ftp://x"}, tmp_path, "worker")
    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    for name in ("SECRET_KEY", "ENCRYPTION_KEYS", "PUBLIC_URL"):
        assert name in told.stderr


def test_a_folder_that_cannot_be_made_ends_in_a_sentence(env: dict[str, str], tmp_path: Path) -> None:
    wrong = env | {"DATABASE_URL": "", "DATABASE_OWNER_URL": "", "COMEBACK_HOME": "/proc/nope"}
    told = comeback(wrong, tmp_path, "migrate")
    assert (told.returncode, "Traceback" in told.stderr) == (1, False), told.stderr
    assert "Set COMEBACK_HOME to a folder that Comeback may write in, or set DATABASE_URL." in told.stderr
    [finding] = examine(wrong)
    assert (finding.check, finding.well, finding.what_to_do in told.stderr) == ("database", False, True)


def test_a_short_word_for_the_monitor_is_refused(env: dict[str, str]) -> None:
    [finding] = examine(env | {"METRICS_TOKEN": "x" * 15})
    assert (finding.about, finding.what_to_do) == (
        "METRICS_TOKEN",
        "is too short; take at least 16 random characters",
    )


def test_an_env_file_that_is_no_text_is_named_with_its_line_and_the_doctors_json_stays_json(
    tmp_path: Path,
) -> None:
    (tmp_path / ".env").write_bytes("HOST=127.0.0.1\n# Café\n".encode("latin-1"))
    bare = {"PATH": os.environ["PATH"]}
    told = comeback(bare, tmp_path, "migrate")
    assert (told.returncode, "Traceback" in told.stderr) == (1, False)
    assert ".env: line 2 is not UTF-8; save the file as UTF-8 text" in told.stderr
    [finding] = json.loads(comeback(bare, tmp_path, "doctor", "--json").stdout)
    assert (finding["check"], finding["about"], finding["well"]) == ("settings", ".env", False)


def test_the_secrets_printed_make_a_good_env_file(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(comeback(env, tmp_path, "secrets").stdout)
    bare = {name: word for name, word in env.items() if name not in ("SECRET_KEY", "ENCRYPTION_KEYS")}
    assert comeback(bare, tmp_path, "migrate").stdout == "The tables are up to date.\n"


def test_the_doctor_finds_all_well(env: dict[str, str], tmp_path: Path) -> None:
    told = comeback(env, tmp_path, "doctor", "--json")
    findings = json.loads(told.stdout)
    assert told.returncode == 0, findings
    assert {finding["about"] for finding in findings} >= {"settings", "database", "shops"}
    assert all(finding["well"] for finding in findings)


def test_the_doctor_says_what_to_do_about_each_thing(env: dict[str, str], tmp_path: Path) -> None:
    told = comeback(env | {"SECRET_KEY": "short", "PORT": "x"}, tmp_path, "doctor")
    assert told.returncode == 1
    assert "SECRET_KEY" in told.stdout
    assert "PORT" in told.stdout
    away = comeback(env | {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, tmp_path, "doctor", "--json")
    [finding] = [finding for finding in json.loads(away.stdout) if not finding["well"]]
    assert finding["about"] == "database"
    assert "DATABASE_URL" in finding["what_to_do"]


def test_unknown_shops_sandboxes_and_merchants_are_named(env: dict[str, str], tmp_path: Path) -> None:
    for words, sentence in (
        (("sync", "nobody.example"), "there is no shop 'nobody.example'; connected shops: none"),
        (("sandbox", "paper"), "'paper' is not among the installed sandboxes"),
        (("signin",), "there is no merchant yet"),
    ):
        told = comeback(env, tmp_path, *words)
        assert (told.returncode, sentence in told.stderr) == (1, True), told.stderr


def test_comparing_where_no_shop_is_connected_says_so(env: dict[str, str], tmp_path: Path) -> None:
    told = comeback(env, tmp_path, "reconcile")
    said = "No shop is connected here, so there is nothing to compare.\n"
    assert (told.returncode, told.stdout) == (0, said), told.stderr
    assert comeback(env, tmp_path, "reconcile", "--json").stdout == "{}\n"


def test_a_merchant_gets_a_link_and_a_shop_is_synced_on_request(
    env: dict[str, str], house: House, shop: Shop, tmp_path: Path
) -> None:
    same = env | {"PUBLIC_URL": "https://loyalty.example"}
    link = comeback(same, tmp_path, "signin", "paper.example").stdout.strip()
    assert link.startswith("https://loyalty.example/signin/")
    with house.database.everyone() as connection:
        assert (
            merchants.find_pass(connection, link.rpartition("/")[2], "sign_in", house.now())
            == shop.merchant_id
        )
    assert "paper.example" in comeback(same, tmp_path, "sync", str(shop.id)).stdout
    with house.database.everyone() as connection:
        tasks = (
            connection.exec_driver_sql("SELECT task_name FROM procrastinate_jobs ORDER BY 1").scalars().all()
        )
    assert tasks == ["import_history", "keep_alive", "reconcile", "subscribe"]


@pytest.mark.parametrize(
    "words", [("serve", "--port", "0"), ("web", "--port", "0"), ("worker",), ("doctor",)]
)
def test_a_role_that_could_read_every_merchants_rows_is_refused(
    env: dict[str, str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    told = comeback(env | {"DATABASE_URL": env["DATABASE_OWNER_URL"]}, tmp_path, *words)
    assert told.returncode == 1
    said = told.stdout + told.stderr
    assert "comeback_owner, who owns the tables" in said
    assert "docs/operations.md" in said
    assert "Traceback" not in said


def test_the_doctor_names_a_shop_whose_platform_is_not_set_up(
    env: dict[str, str], shop: Shop, tmp_path: Path
) -> None:
    told = comeback(env, tmp_path, "doctor", "--json")
    [worker, finding] = [finding for finding in json.loads(told.stdout) if not finding["well"]]
    assert (worker["check"], worker["says"]) == ("worker", "none runs, and shops are connected")
    assert (told.returncode, finding["about"], finding["says"]) == (
        1,
        "shop paper.example",
        "its platform is not set up",
    )


def test_a_port_in_use_is_told_in_one_line(env: dict[str, str], tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = comeback(env, tmp_path, "web", "--port", str(taken.getsockname()[1]))
    assert told.returncode == 1
    assert "cannot listen on" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_serve_keeps_its_own_postgresql_running_though_killed_until_it_is_told_to_stop(
    how: signal.Signals, env: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    own = env | {"DATABASE_URL": "", "DATABASE_OWNER_URL": "", "PUBLIC_URL": f"http://127.0.0.1:{port}"}
    tmp_path.chmod(0o755)
    command = [sys.executable, "-m", "connector.cli", "serve", "--port", str(port)]
    log = tmp_path / "log"
    with log.open("wb") as out:
        serving = subprocess.Popen(command, env=own, cwd=tmp_path, stdout=out, stderr=out)
    try:
        until = time.monotonic() + 60
        while not _ready(port):
            assert serving.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.2)
        pid_file = tmp_path / "home/postgres/cluster/postmaster.pid"
        if how == signal.SIGTERM:  # once is enough
            is_started_again(pid_file, port, log)
        serving.send_signal(how)
        assert serving.wait(60) == 0, log.read_text()
    finally:
        if serving.poll() is None:
            serving.kill()
            serving.wait()
    assert "Traceback" not in log.read_text()
    assert not pid_file.exists()


def is_started_again(pid_file: Path, port: int, log: Path) -> None:
    """Kill PostgreSQL, and wait until everything is well again by itself."""
    killed = int(pid_file.read_text().split()[0])
    os.kill(killed, signal.SIGKILL)
    until = time.monotonic() + 60
    while int(pid_file.read_text().split()[0]) in (killed, 2**31 - 1) or not _ready(port):
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.2)
    assert "our own PostgreSQL was gone and was started again" in log.read_text()


def _ready(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=60).status_code == 200
    except requests.RequestException:
        return False


def test_a_backup_is_put_back_by_two_commands_that_say_what_they_did(
    env: dict[str, str], house: House, shop: Shop, tmp_path: Path
) -> None:
    house.close()
    assert "as of" in comeback(env, tmp_path, "backup", "house.backup").stdout
    refused = comeback(env, tmp_path, "restore", "house.backup")
    assert (refused.returncode, "--replace" in refused.stderr) == (1, True)
    mistyped = comeback(env, tmp_path, "restore", "house.backup", "--replace", "--forgotten", "nowhere.log")
    assert (mistyped.returncode, "'nowhere.log' does not exist" in mistyped.stderr) == (2, True)
    done = comeback(env, tmp_path, "restore", "house.backup", "--replace")
    assert (done.returncode, "1 shops" in done.stdout) == (0, True), done.stderr
    assert f"There is no {env['COMEBACK_HOME']}/forgotten.log: " in done.stdout
    refused = comeback(env, tmp_path, "backup", "/proc/house.backup")
    assert refused.stderr.startswith("comeback: /proc/house.backup cannot be written: ")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert (
        comeback(env, tmp_path, "restore", "nothing", "--replace").stderr
        == "comeback: there is no file nothing\n"
    )
    assert json.loads(comeback(env, tmp_path, "parked", "--json").stdout) == []


def test_the_doctor_names_a_shop_that_does_not_answer(
    env: dict[str, str], house: House, shop: Shop, tmp_path: Path
) -> None:
    with house.database.merchant(shop.merchant_id) as tx:
        tx.run(
            text(
                "UPDATE shops SET platform = 'magento', failures = 6, failing_since = '2026-11-20 12:00Z',"
                " probe_at = '2026-11-20 12:10Z'"
            )
        )
    told = comeback(env, tmp_path, "doctor", "--json")
    [finding] = [one for one in json.loads(told.stdout) if "has not answered" in one["says"]]
    assert finding["says"] == "has not answered since 2026-11-20 12:00 UTC, after 6 tries in a row"
    assert "12:10 UTC" in finding["what_to_do"]


@pytest.mark.parametrize("command", ["serve", "web", "demo"])
def test_a_port_that_is_none_is_refused_in_a_line(command: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "connector.cli", command, "--port", "99999"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 2
    assert "99999 is not in the range 0<=x<=65535" in ran.stderr
