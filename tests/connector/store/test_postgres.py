"""Our own PostgreSQL, the real thing: made, started, joined, killed and found again."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from connector import config, doctor
from connector.store.postgres import APP, OWNER, CannotStart, Server, start, state

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="comeback-pg-"))
    made.chmod(0o755)
    yield made
    _wait_until(lambda: not _running(made), "the server to end")
    shutil.rmtree(made)


def _ask(server: Server, question: str, role: str = APP) -> str:
    with psycopg.connect(server.url_of(role).replace("+psycopg", ""), autocommit=True) as line:
        row = line.execute(question.encode()).fetchone()
    return str(row[0]) if row else ""


def _write(server: Server, number: int) -> None:
    with psycopg.connect(server.owner_url.replace("+psycopg", "")) as line:
        line.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        line.execute("INSERT INTO kept VALUES (%s)", (number,))


def _pid(folder: Path) -> int:
    return int((folder / "cluster" / "postmaster.pid").read_text().split()[0])


def _running(folder: Path) -> bool:
    try:
        return psutil.Process(_pid(folder)).status() != psutil.STATUS_ZOMBIE
    except (FileNotFoundError, psutil.NoSuchProcess):
        return False


def _wait_until(true: object, what: str) -> None:
    assert callable(true)
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until, f"waited 60 s for {what}"
        time.sleep(0.02)


def test_a_new_folder_becomes_a_server_that_answers_over_its_socket_only(folder: Path) -> None:
    server = start(folder)
    try:
        assert _ask(server, "SHOW server_version").startswith("18")
        assert _ask(server, "SHOW fsync") == "on"
        assert _ask(server, "SHOW listen_addresses") == ""
        assert _ask(server, "SHOW server_encoding") == "UTF8"
    finally:
        server.stop()
    assert not _running(folder)
    assert not server.sockets.exists()


def test_neither_the_application_nor_the_owner_passes_row_level_security(folder: Path) -> None:
    server = start(folder)
    try:
        for role in (APP, OWNER):
            answer = _ask(
                server, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user", role
            )
            assert answer == "False"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            _ask(server, "CREATE TABLE mine (n int)")
    finally:
        server.stop()


def test_the_rows_are_there_after_stop_and_start(folder: Path) -> None:
    server = start(folder)
    _write(server, 7)
    server.stop()
    server.stop()  # twice is harmless
    again = start(folder)
    try:
        assert _ask(again, "SELECT sum(number) FROM kept", OWNER) == "7"
    finally:
        again.stop()


def test_after_kill_9_of_the_server_the_next_start_has_the_rows_at_the_same_address(folder: Path) -> None:
    server = start(folder)
    _write(server, 7)
    os.kill(_pid(folder), signal.SIGKILL)
    again = start(folder)
    try:
        assert again.url == server.url
        assert _ask(again, "SELECT sum(number) FROM kept", OWNER) == "7"
    finally:
        server.stop()
        again.stop()


def test_a_killed_server_is_started_again_under_those_who_use_it_and_their_address_stays(
    folder: Path,
) -> None:
    server = start(folder)
    _write(server, 7)
    assert (state(folder), server.revive()) == ("running", False)
    os.kill(_pid(folder), signal.SIGKILL)
    _wait_until(lambda: not _running(folder), "the killed server to end")
    shutil.rmtree(server.sockets)  # what tidies /tmp did it
    try:
        assert (state(folder), server.revive(), state(folder)) == ("killed", True, "running")
        assert _ask(server, "SELECT sum(number) FROM kept", OWNER) == "7"
    finally:
        server.stop()
    assert state(folder) == "stopped"


def test_the_doctor_says_that_the_server_was_gone_before_it_starts_one_to_look_further(folder: Path) -> None:
    env = config.fresh_secrets() | {"COMEBACK_HOME": str(folder)}
    own = folder / "postgres"
    assert state(own) == "absent"
    server = start(own)
    os.kill(_pid(own), signal.SIGKILL)
    server.stop()
    assert state(own) == "killed"
    first, second = ([one for one in doctor.examine(env) if "own" in one.about] for _ in range(2))
    assert [(one.well, one.says) for one in first] == [
        (False, "was killed or broke off, and nobody had started it again; this look has")
    ]
    assert [(one.well, one.says) for one in second] == [(True, "did not run; it does for this look only")]


def test_a_pid_file_that_names_somebody_elses_process_does_not_keep_it_from_starting(folder: Path) -> None:
    server = start(folder)
    os.kill(_pid(folder), signal.SIGKILL)
    _wait_until(lambda: not _running(folder), "the killed server to end")
    pid_file = folder / "cluster" / "postmaster.pid"
    first, rest = pid_file.read_text().split("\n", 1)
    pid_file.write_text(f"{os.getpid()}\n{rest}")
    again = start(folder)
    try:
        assert _pid(folder) not in (os.getpid(), int(first))
    finally:
        server.stop()
        again.stop()


def test_two_starts_at_once_share_one_server_and_the_last_to_leave_stops_it(folder: Path) -> None:
    servers: list[Server] = []
    starts = [threading.Thread(target=lambda: servers.append(start(folder))) for _ in range(2)]
    for thread in starts:
        thread.start()
    for thread in starts:
        thread.join()
    first, second = servers
    assert first.url == second.url
    first.stop()
    assert _ask(second, "SELECT 1") == "1"
    second.stop()
    assert not _running(folder)


_PARENT = """
import sys, time
from pathlib import Path
from connector.store.postgres import start
server = start(Path(sys.argv[1]))
print(server.url, flush=True)
time.sleep(600)
"""


def _parent(folder: Path, *before: str) -> subprocess.Popen[str]:
    command = [*before, sys.executable, "-c", _PARENT, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)


def _kill(parent: subprocess.Popen[str]) -> None:
    parent.kill()
    parent.wait()
    assert parent.stdout
    parent.stdout.close()


@pytest.mark.skipif(
    shutil.which("flock") is None, reason="flock(1) is not on this machine, so nobody watches"
)
def test_a_killed_parent_takes_the_server_with_it(folder: Path) -> None:
    parent = _parent(folder)
    assert parent.stdout
    assert parent.stdout.readline().startswith("postgresql+psycopg://comeback_app@")
    _kill(parent)
    _wait_until(lambda: not _running(folder), "the watcher to stop the server")


def test_a_server_that_outlived_its_parent_is_found_again_and_stopped_by_the_next(folder: Path) -> None:
    parent = _parent(folder)
    assert parent.stdout
    url = parent.stdout.readline().strip()
    for process in psutil.process_iter(["cmdline"]):
        if str(folder / "users") in (process.info["cmdline"] or ()):
            process.kill()
    _kill(parent)
    left = _pid(folder)
    server = start(folder)
    assert (_pid(folder), server.url) == (left, url)
    server.stop()
    assert not _running(folder)


def test_ctrl_c_does_not_reach_the_server(folder: Path) -> None:
    server = start(folder)
    try:
        assert os.getsid(_pid(folder)) != os.getsid(0)
    finally:
        server.stop()


def test_a_folder_deeper_than_a_socket_path_may_be_long_works(folder: Path) -> None:
    deep = folder / ("d" * 90) / ("e" * 90)
    server = start(deep)
    try:
        assert _ask(server, "SELECT 1") == "1"
    finally:
        server.stop()


def test_an_initdb_that_was_killed_halfway_is_swept_away(folder: Path) -> None:
    half = folder / "cluster.half-killed"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    server = start(folder)
    try:
        assert not half.exists()
        assert _ask(server, "SELECT 1") == "1"
    finally:
        server.stop()


def test_a_refused_row_is_not_written_to_the_log(folder: Path) -> None:
    server = start(folder)
    try:
        with psycopg.connect(server.owner_url.replace("+psycopg", ""), autocommit=True) as line:
            line.execute("CREATE TABLE people (email text PRIMARY KEY)")
            line.execute("INSERT INTO people VALUES ('ada@shop.example')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                line.execute("INSERT INTO people VALUES ('ada@shop.example')")
    finally:
        server.stop()
    said = (folder / "postgres.log").read_text()
    assert "duplicate key" in said
    assert "ada@" not in said


def test_a_server_that_cannot_start_says_what_its_log_says(folder: Path) -> None:
    start(folder).stop()
    with (folder / "cluster" / "postgresql.conf").open("a") as settings:
        settings.write("\nshared_buffers = 'a lot'\n")
    with pytest.raises(CannotStart, match='invalid value for parameter "shared_buffers"'):
        start(folder)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


@needs_root
def test_as_root_the_server_runs_as_nobody(folder: Path) -> None:
    server = start(folder)
    try:
        assert psutil.Process(_pid(folder)).username() == "nobody"
    finally:
        server.stop()


@needs_root
def test_as_root_under_a_closed_home_the_server_runs_in_a_user_namespace(folder: Path) -> None:
    if subprocess.run(["unshare", "--user", "true"], check=False, capture_output=True).returncode:
        with pytest.raises(CannotStart, match="set DATABASE_URL"):
            start(_closed(folder))
        return
    server = start(_closed(folder))
    try:
        assert _ask(server, "SELECT 1") == "1"
    finally:
        server.stop()


def _closed(folder: Path) -> Path:
    home = folder / "home"
    home.mkdir(mode=0o700)
    return home / "comeback"


@needs_root
def test_as_root_programs_that_nobody_can_reach_are_copied_beside_the_rows(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connector.store import account

    package = account.programs().parent.parent
    home = _closed(folder)
    for part in (Path(package.name) / "pginstall18", Path(f"{package.name}.libs")):
        shutil.copytree(package.parent / part, home / part, symlinks=True)
    monkeypatch.setattr(account, "programs", lambda: home / package.name / "pginstall18" / "bin")
    server = start(folder / "open")
    try:
        assert _ask(server, "SELECT 1") == "1"
        assert (folder / "open" / "programs" / package.name / "pginstall18" / "bin" / "postgres").exists()
    finally:
        server.stop()


@needs_root
def test_an_ordinary_account_runs_it_as_itself(folder: Path) -> None:
    daemon = pwd.getpwnam("daemon").pw_uid
    assert _life_of(daemon, folder) == f"{daemon} runs it, {APP} asks"


@needs_root
def test_an_account_without_a_name_as_in_a_container_runs_it_or_is_told_why_not(folder: Path) -> None:
    said = _life_of(61234, folder)
    assert said == f"61234 runs it, {APP} asks" or "refuses an account without a name" in said


def _life_of(uid: int, folder: Path) -> str:
    place, answer = folder / "theirs", folder / "answer"
    for path in (place, answer):
        path.mkdir()
        os.chown(path, uid, uid)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*multi-threaded", DeprecationWarning)
        # A child of this very process: under a closed home the account could not even start Python.
        child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        (answer / "said").write_text(_one_life(place))
        os._exit(0)
    os.waitpid(child, 0)
    return (answer / "said").read_text()


def _one_life(place: Path) -> str:
    try:
        server = start(place)
        try:
            return f"{psutil.Process(_pid(place)).uids().real} runs it, {_ask(server, 'SELECT current_user')} asks"
        finally:
            server.stop()
    except BaseException as error:
        return repr(error)


@needs_root
def test_another_accounts_rows_are_refused_with_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(folder).stop()
    monkeypatch.setattr(os, "geteuid", lambda: 61234)
    with pytest.raises(
        CannotStart, match=r"belongs to nobody, not to user 61234. Run Comeback as that account"
    ):
        start(folder)
