"""The demo: shops and Comeback agree, and nothing is left behind however it ends."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from connector.demo import ground as stand
from connector.demo import show
from connector.demo.cast import DidNotStart, Player, ready_line
from connector.house import House
from connector.store import merchants
from connector.store.shops import Shop


def demo(home: Path, *words: str) -> subprocess.Popen[str]:
    home.mkdir()
    # As root PostgreSQL runs as nobody, who must be able to enter.
    for folder in (home, *list(home.parents)[:3]):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    command = [sys.executable, "-m", "connector.cli", "demo", "--port", "0", *words]
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "COMEBACK_HOME": str(home),
        "COLUMNS": "120",
        "PYTHONUNBUFFERED": "1",
    }
    # Tests that a shell runs in the background are deaf to Ctrl-C, and so would be whatever they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            command, env=env, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    finally:
        signal.signal(signal.SIGINT, before)


def until(found: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found():
            return True
        time.sleep(0.2)
    return found()


def descendants(home: Path) -> list[psutil.Process]:
    """Every process that this demo started, wherever it hangs in the tree by now."""
    mine = []
    for process in psutil.process_iter():
        try:
            env_home = (
                process.environ().get("COMEBACK_HOME") if process.status() != psutil.STATUS_ZOMBIE else None
            )
            if env_home == str(home) or str(home) in " ".join(process.cmdline()):
                mine.append(process)
        except psutil.Error:
            continue
    return mine


@pytest.mark.timeout(600)
def test_once_it_imports_starts_pushes_and_both_sides_agree(tmp_path: Path) -> None:
    playing = demo(tmp_path / "home", "--once")
    said, _ = playing.communicate(timeout=570)
    assert playing.returncode == 0, said
    assert "Shops and Comeback agree." in said
    for line in ("orders in the shop", "points issued", "coupon codes read back", "differences found"):
        assert line in said
    assert descendants(tmp_path / "home") == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_behind_when_it_is_ended(how: signal.Signals, tmp_path: Path) -> None:
    home = tmp_path / "home"
    playing = demo(home)
    worker = home / "demo" / "web.log"
    try:
        assert until(worker.exists, 120)
        assert len(descendants(home)) > 4
        playing.send_signal(how)
        playing.wait(60)
        # A PostgreSQL that ends in order writes everything down first; on a busy machine pg_ctl gives it a minute.
        assert until(lambda: not descendants(home), 90), [left.cmdline() for left in descendants(home)]
        assert not (home / "demo/postgres/cluster/postmaster.pid").exists()
    finally:
        if playing.poll() is None:
            playing.kill()
        playing.communicate()


def test_once_its_link_is_used_up_the_next_one_is_due(house: House, shop: Shop) -> None:
    said = io.StringIO()
    scene = show.Scene(Console(file=said, width=200), house, (), ())
    assert not show._is_invited(house)
    show._invite(scene, shop.merchant_id, "Come in")
    assert show._is_invited(house)
    word = said.getvalue().strip().removeprefix(f"Come in: {house.settings.public_url}/signin/")
    with house.database.everyone() as connection:
        assert merchants.find_pass(connection, word, "sign_in", house.now()) == shop.merchant_id
    assert not show._is_invited(house)


def test_a_second_demo_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "lock").touch()
    import fcntl

    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(stand.AnotherRuns, match="another demo runs"), stand.ground(tmp_path):
            pass


def test_what_does_not_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with Player("nobody", ["sandbox", "nobody"], os.environ, tmp_path) as player:
        with pytest.raises(DidNotStart, match=r"'nobody' is not among the installed sandboxes"):
            ready_line(player)
        with pytest.raises(DidNotStart):
            player.wait_until(lambda: False)
