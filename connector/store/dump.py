"""Backups by PostgreSQL's own pg_dump and pg_restore: those of the wheel, or the ones on the PATH."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy.engine import make_url

from connector.store.account import CannotStart, programs
from connector.store.unfinished import ASIDE

_PASSED = {"host": "PGHOST", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "port": "PGPORT"}
# What belongs to the server and not to the tables; `comeback migrate` puts it up again.
_LEFT_OUT = re.compile(
    r"^\d+; \d+ \d+ (?:POLICY|COMMENT \S+ POLICY|ROW SECURITY|ACL|DEFAULT ACL|SCHEMA|COMMENT - SCHEMA)\b"
)
_HALF_RESTORED = re.compile(rf"^\d+; \d+ \d+ .*\b{ASIDE}\b")


class CannotDump(Exception):
    """A backup cannot be made or put back; the text says what to do."""


class CutOff(Exception):
    """The rows of a table ended in the middle; pg_restore knows why."""


def make(owner_url: str, path: Path) -> None:
    """Write all of the database into a new file, readable by nobody else; it is there whole or not at all."""
    half = path.with_name(f".{path.name}.half")
    try:
        half.unlink(missing_ok=True)
        os.close(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise CannotDump(
            f"{path} cannot be written: {error.strerror}; name a file in another folder"
        ) from error
    try:
        # The owner sees every row although the walls are up; see walls.
        ours = ("--format=custom", "--schema=public", "--enable-row-security", "--no-owner")
        _run("pg_dump", owner_url, *ours, f"--file={half}")
        with half.open("rb") as file:
            os.fsync(file.fileno())
        half.rename(path)
    finally:
        half.unlink(missing_ok=True)


def contents(path: Path) -> list[str]:
    """Return the lines of the file's table of contents; raise CannotDump when it is no backup."""
    if not path.is_file():
        raise CannotDump(f"there is no file {path}")
    lines = _run("pg_restore", None, "--list", str(path)).splitlines()
    if any(map(_HALF_RESTORED.match, lines)):
        raise CannotDump(
            f"{path} was made while a restore was broken off, and is not whole; take an older one"
        )
    return lines


def rows(path: Path, table: str) -> list[dict[str, str | None]]:
    """Return the rows of a small table as the file holds them, in PostgreSQL's own writing."""
    said = _run(
        "pg_restore", None, "--data-only", "--schema=public", f"--table={table}", "--file=-", str(path)
    )
    return list(_copied(said))


@contextmanager
def script(path: Path) -> Iterator[IO[bytes]]:
    """Yield what a database is to be told to become what the file says, without the walls; raise CannotDump.

    Whether all of it came is known at the end only.
    """
    with (
        tempfile.NamedTemporaryFile("w", suffix=".list") as chosen,
        tempfile.TemporaryFile("w+") as complaints,
    ):
        chosen.write("\n".join(line for line in contents(path) if not _LEFT_OUT.match(line)))
        chosen.flush()
        wanted = ("--no-owner", "--no-privileges", f"--use-list={chosen.name}", "--file=-", str(path))
        command = [_program("pg_restore"), *wanted]
        cut_off = False
        with subprocess.Popen(
            command, env=_environment(None), stdout=subprocess.PIPE, stderr=complaints
        ) as program:
            assert program.stdout is not None
            try:
                yield program.stdout
            except CutOff:
                cut_off = True
        complaints.seek(0)
        if program.returncode or cut_off:
            raise CannotDump(f"pg_restore: {_why(complaints.read()) or f'{path} is cut off'}")


def _run(program: str, url: str | None, *arguments: str) -> str:
    command = [_program(program), *arguments]
    try:
        done = subprocess.run(command, env=_environment(url), capture_output=True, text=True, check=False)
    except OSError as error:
        raise CannotDump(f"{program} cannot be run: {error.strerror}") from error
    if done.returncode:
        if "server version mismatch" in done.stderr:
            raise CannotDump(
                f"{program} is older than the database's PostgreSQL; put that version's {program} first on the PATH"
            )
        raise CannotDump(f"{program}: {_why(done.stderr) or 'it did not say why'}")
    return done.stdout


def _why(complaints: str) -> str:
    """Return the line that says what is wrong: the first error. After it comes the statement, often over many lines."""
    lines = [line.strip() for line in complaints.splitlines() if line.strip()]
    errors = [line.partition("error: ")[2] for line in lines if "error: " in line]
    return (errors or lines or [""])[0]


def _program(name: str) -> str:
    try:
        return str(programs() / name)
    except CannotStart:
        found = shutil.which(name)
    if found is None:
        raise CannotDump(f"{name} is not on this machine; install PostgreSQL's client programs")
    return found


def _environment(url: str | None) -> dict[str, str]:
    """What libpq is to know; a password among the arguments would be seen by everybody on the machine."""
    env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    if url is None:
        return env
    there = make_url(url)
    found = {
        "PGHOST": there.host,
        "PGPORT": there.port,
        "PGUSER": there.username,
        "PGPASSWORD": there.password,
        "PGDATABASE": there.database,
    } | {_PASSED[name]: word for name, word in there.query.items() if name in _PASSED}
    return env | {name: str(word) for name, word in found.items() if word is not None}


def _copied(said: str) -> Iterator[dict[str, str | None]]:
    names: list[str] = []
    # Not splitlines: a shop's name may hold a sign at which that would break a row in two.
    for line in said.split("\n"):
        if line.startswith("COPY "):
            names = [
                name.strip().strip('"') for name in line[line.index("(") + 1 : line.index(")")].split(",")
            ]
        elif line == "\\.":
            names = []
        elif names:
            words = [None if word == "\\N" else word.replace("\\\\", "\\") for word in line.split("\t")]
            yield dict(zip(names, words, strict=True))
