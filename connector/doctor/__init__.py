"""What is well and what is not, each with what to do. Ends within twenty seconds, whoever hangs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connector import config, plugins
from connector.doctor import ground, keys, lines, proofs
from connector.doctor.findings import Finding
from connector.house import House, furnish
from connector.store import health, postgres

__all__ = ["Finding", "examine"]


def examine(env: Mapping[str, str]) -> tuple[Finding, ...]:
    """Look at settings, database, workers, messages and shops; stops where nothing further can be known."""
    return tuple(_examine(env))


def _examine(env: Mapping[str, str]) -> Iterator[Finding]:
    try:
        before = _own_postgres(env)
        house = furnish(env)
    except config.BadSettings as error:
        yield from wrong(error)
        return
    except postgres.CannotStart as error:
        yield Finding("database", "database", False, "Comeback's own PostgreSQL does not start", str(error))
        return
    try:
        yield from before
        yield from look(house)
    except health.GONE as error:
        yield Finding(
            "database",
            "database",
            False,
            f"went away ({type(error).__name__})",
            "Check that PostgreSQL runs.",
        )
    finally:
        house.close()


def wrong(error: config.BadSettings) -> tuple[Finding, ...]:
    """Say of each setting what is wrong with it."""
    return tuple(
        Finding("settings", problem.name, False, "missing or wrong", problem.what_to_do)
        for problem in error.problems
    )


def _own_postgres(env: Mapping[str, str]) -> tuple[Finding, ...]:
    """Say how Comeback's own PostgreSQL is found: looking at anything further starts it. Raises BadSettings."""
    settings = config.read(env, plugins.platforms())
    found = "running" if settings.database_url else postgres.state(settings.home / "postgres")
    if found == "killed":
        says = "was killed or broke off, and nobody had started it again; this look has"
        what = "Run `comeback serve`, or web and worker: they keep it running. postgres.log in COMEBACK_HOME says more."
        return (Finding("database", "own PostgreSQL", False, says, what),)
    if found == "stopped":
        return (Finding("database", "own PostgreSQL", True, "did not run; it does for this look only"),)
    return ()


def look(house: House, patience: float = lines.PATIENCE) -> Iterator[Finding]:
    """Yield what is found in a house that could be furnished; shops are waited for up to `patience` seconds."""
    yield from _settings(house)
    sick = house.problem()
    if sick is not None:
        check = "migrations" if "comeback migrate" in sick else "database"
        yield Finding(check, "database", False, "cannot be used", sick)
        return
    yield from ground.database(house)
    yield from keys.keys(house)
    yield from ground.disk(house)
    yield from ground.workers(house)
    yield from ground.messages(house)
    yield from proofs.proofs(house)
    yield from lines.shops(house, patience)


def _settings(house: House) -> Iterator[Finding]:
    says = f"complete; shops reach Comeback at {house.settings.public_url}"
    yield Finding("settings", "settings", True, says)
    for name, platform in plugins.platforms().items():
        if name in house.platforms:
            yield Finding("platform", platform.title, True, "on offer")
            continue
        # Nobody began to set it up: no fault, but worth a word.
        names = ", ".join(
            setting.name for setting in platform.settings(house.settings.environment) if setting.problem
        )
        yield Finding("platform", platform.title, True, f"not on offer; set {names} to offer it")
