"""Our own PostgreSQL: who has no database yet gets a real one, in one folder, without installing anything.

Everyone who uses the server holds a shared lock on the file `users`; whoever lets go last stops it. A watcher waits
for the same lock, so that the server also ends when its users were killed and could not say goodbye.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import stat
import tempfile
import time
from io import FileIO
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import msgspec
import psutil

from connector.store.account import Account, CannotStart, choose

__all__ = ["APP", "OWNER", "CannotStart", "Server", "State", "start", "state"]

State = Literal["absent", "running", "stopped", "killed"]

OWNER = "comeback_owner"
APP = "comeback_app"
_DATABASE = "comeback"
_PATIENCE = 60.0
# The kernel's limit for a socket's path is 108 bytes with its closing zero.
_SOCKET_BYTES = 107
_NO_PROCESS = 2**31 - 1

_SETTINGS = """
# Comeback's own settings for a small machine; what is not here is PostgreSQL's default (fsync is on).
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 128MB
timezone = 'UTC'
log_timezone = 'UTC'
# A refused row must not end up in the log: it holds names and addresses.
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length_on_error = 0
"""

# One command a line: PostgreSQL's single-user mode takes the end of a line as the end of a command.
_ROLES = f"""\
CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE
CREATE ROLE {APP} LOGIN
CREATE DATABASE {_DATABASE} OWNER {OWNER}
"""


class Server(msgspec.Struct, frozen=True):
    """A running PostgreSQL and our hold on it; `stop()` lets go, and stops it if nobody else holds on.

    Keep it for as long as the server is needed: forgetting it lets go as well.
    """

    folder: Path
    sockets: Path
    port: int
    hold: FileIO

    @property
    def url(self) -> str:
        """Where the application connects: a role that neither owns the tables nor passes row-level security."""
        return self.url_of(APP)

    @property
    def owner_url(self) -> str:
        """Where migrations connect: the role that owns the tables."""
        return self.url_of(OWNER)

    def url_of(self, role: str, database: str = _DATABASE) -> str:
        """The address of a database on this server for a role, as SQLAlchemy writes it."""
        where = f"host={quote(str(self.sockets), safe='/')}&port={self.port}"
        return f"postgresql+psycopg://{quote(role)}@/{quote(database)}?{where}"

    def revive(self) -> bool:
        """Start the server again, at the same address, where it was killed; tell whether it was. Raises CannotStart."""
        cluster = self.folder / "cluster"
        if _alive(cluster):
            return False
        with _Turn(self.folder):
            if _alive(cluster):
                return False
            account = choose(self.folder, cluster)
            if not self.sockets.exists():
                # Everyone who is connected knows this address, and what tidies /tmp takes the folder away.
                self.sockets.mkdir(mode=0o700)
                account.give(self.sockets)
            _launch(self.folder, cluster, account)
            _watch(self.folder, cluster, account)
        return True

    def stop(self) -> None:
        """Let go of the server and, when nobody else holds it, wait until it has stopped; twice is harmless."""
        if self.hold.closed:
            return
        with _Turn(self.folder):
            try:
                fcntl.flock(self.hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _end(self.folder / "cluster")
                shutil.rmtree(self.sockets, ignore_errors=True)
            except BlockingIOError:
                # Others use it (then this passes at once) or the watcher is stopping it (then this waits for it).
                fcntl.flock(self.hold, fcntl.LOCK_SH)
            finally:
                self.hold.close()


def state(folder: Path) -> State:
    """How the PostgreSQL in `folder` is found, without starting anything."""
    cluster = folder.resolve() / "cluster"
    try:
        if _alive(cluster):
            return "running"
        if (cluster / "postmaster.pid").exists():
            return "killed"  # one that ends in order takes the file along
        return "stopped" if cluster.exists() else "absent"
    except OSError:
        return "absent"  # somebody else's; `start` says so


def start(folder: Path) -> Server:
    """The PostgreSQL that lives in `folder`: made if it is not there yet, started if it does not run, else joined.

    Raises CannotStart, saying what to do.
    """
    folder = folder.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "users").touch(mode=0o644)
    except OSError as error:
        raise CannotStart(
            f"The folder {folder} for Comeback's own PostgreSQL cannot be made or written in ({error.strerror}). "
            "Set COMEBACK_HOME to a folder that Comeback may write in, or set DATABASE_URL."
        ) from error
    with _Turn(folder):
        hold = FileIO(folder / "users")
        try:
            fcntl.flock(hold, fcntl.LOCK_SH)
            return _running(folder, hold)
        except BaseException:
            hold.close()
            raise


class _Turn:
    """One at a time decides whether the server is started or stopped."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "turn"

    def __enter__(self) -> None:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *error: object) -> None:
        os.close(self._file)


def _running(folder: Path, hold: FileIO) -> Server:
    cluster = folder / "cluster"
    account = choose(folder, cluster)
    if not cluster.exists():
        _make(folder, cluster, account)
    if not _joined(cluster):
        _launch(folder, cluster, account)
        _watch(folder, cluster, account)
    lines = (cluster / "postmaster.pid").read_text().splitlines()
    return Server(folder, Path(lines[4]), int(lines[3]), hold)


def _make(folder: Path, cluster: Path, account: Account) -> None:
    """A new cluster with its roles, beside its place and then renamed: a killed initdb leaves an unusable folder."""
    for half in folder.glob("cluster.half-*"):
        shutil.rmtree(half)
    half = Path(tempfile.mkdtemp(prefix="cluster.half-", dir=folder))
    account.give(half)
    # The wheel's PostgreSQL has no ICU, and en_US is not on every machine.
    locale = ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    trust = ("--auth-local=trust", "--auth-host=reject")
    made = account.run("initdb", "-D", str(half), "-U", "postgres", *locale, *trust)
    if made.returncode:
        raise CannotStart(f"PostgreSQL could not make its files in {folder}: {made.stderr.strip()}")
    with (half / "postgresql.conf").open("a") as settings:
        settings.write(_SETTINGS)
    roles = account.run(
        "postgres", "--single", "-j", "-D", str(half), "postgres", said=_in_single_mode(_ROLES)
    )
    if roles.returncode or "ERROR" in roles.stderr or "FATAL" in roles.stderr:
        raise CannotStart(f"PostgreSQL could not make its roles in {folder}: {roles.stderr.strip()}")
    half.rename(cluster)


def _in_single_mode(commands: str) -> str:
    return "".join(f"{command};\n\n" for command in commands.splitlines())


def _joined(cluster: Path) -> bool:
    """Whether a server is running there and ready; one that is on its way up or down is waited for."""
    until = time.monotonic() + _PATIENCE
    while _alive(cluster):
        if _status(cluster) == "ready":
            return True
        if time.monotonic() > until:
            raise CannotStart(
                f"The PostgreSQL in {cluster} neither gets ready nor ends; see {_log(cluster)}."
            )
        time.sleep(0.02)
    return False


def _launch(folder: Path, cluster: Path, account: Account) -> None:
    sockets = _sockets(folder, account)
    log = _log(cluster)
    log.touch(mode=0o600)
    account.give(log)
    command = ("start", "-D", str(cluster), "-l", str(log), "-w", "-t", str(int(_PATIENCE)), "-s")
    until = time.monotonic() + 10
    while True:
        _forget_dead(cluster, sockets)
        started = account.run("pg_ctl", *command, "-o", f"-k '{sockets}'")
        if started.returncode == 0:
            return
        last = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
        # Workers of a killed server hold its memory for a moment; PostgreSQL rightly refuses to start beside them.
        if "shared memory block" not in last or time.monotonic() > until:
            raise CannotStart(
                f"PostgreSQL did not start; the end of {log} says:\n{last}\n{started.stderr.strip()}"
            )
        time.sleep(0.2)


def _watch(folder: Path, cluster: Path, account: Account) -> None:
    """Leave a process behind that stops the server once nobody holds `users`; without flock(1) nobody watches."""
    if shutil.which("flock") is None:
        return
    stop = (*account.before, str(account.programs / "pg_ctl"), "stop", "-D", str(cluster), "-m", "fast", "-s")
    script = 'exec "$@" </dev/null >/dev/null 2>&1 &'
    account.can("sh", "-c", script, "sh", "flock", "--exclusive", str(folder / "users"), *stop)


def _sockets(folder: Path, account: Account) -> Path:
    """A short folder for the socket: the one of last time while it is still ours, so that addresses stay the same."""
    note = folder / "sockets"
    if note.exists() and _is_ours(kept := Path(note.read_text()), account):
        return kept
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - a folder of our own is made in it
        if len(os.fsencode(place)) + len("/comeback-12345678/.s.PGSQL.5432") > _SOCKET_BYTES:
            continue
        if not account.can("test", "-x", place):
            continue
        made = Path(tempfile.mkdtemp(prefix="comeback-", dir=place))
        account.give(made)
        note.write_text(str(made))
        return made
    raise CannotStart("No short folder for PostgreSQL's socket: set TMPDIR to one, or set DATABASE_URL.")


def _is_ours(sockets: Path, account: Account) -> bool:
    try:
        found = sockets.lstat()
    except OSError:
        return False
    # Anyone may make a folder of this name under /tmp after a restart; in theirs they could answer for us.
    return stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and not found.st_mode & 0o077


def _end(cluster: Path) -> None:
    if _alive(cluster):
        os.kill(_pid(cluster), signal.SIGINT)
    until = time.monotonic() + _PATIENCE
    while _alive(cluster) and time.monotonic() < until:
        time.sleep(0.02)


def _forget_dead(cluster: Path, sockets: Path) -> None:
    """Tell PostgreSQL that the process in its pid file is gone where it cannot see that: a zombie, a reused number.

    The number is replaced, the file is not deleted: its last lines are how PostgreSQL finds out that workers of the
    killed server still write, and starting beside them would destroy the tables.
    """
    path = cluster / "postmaster.pid"
    if not path.exists() or _alive(cluster):
        return
    for lock in sockets.glob(".s.PGSQL.*.lock"):
        lock.unlink()
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([f"{_NO_PROCESS}\n", *lines[1:]]))


def _alive(cluster: Path) -> bool:
    """Whether the process named in the pid file is our PostgreSQL, running: not a zombie, not somebody else."""
    try:
        process = psutil.Process(_pid(cluster))
        return process.status() != psutil.STATUS_ZOMBIE and str(cluster) in process.cmdline()
    except (FileNotFoundError, psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def _pid(cluster: Path) -> int:
    """The number in the pid file, or one that no process has while the file is being written."""
    first = (cluster / "postmaster.pid").read_text().partition("\n")[0]
    return int(first) if first.isdigit() else _NO_PROCESS


def _status(cluster: Path) -> str:
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return "gone"
    return lines[7].strip() if len(lines) > 7 else "starting"


def _log(cluster: Path) -> Path:
    return cluster.parent / "postgres.log"
