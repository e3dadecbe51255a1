"""What is well and what is not, each with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

import msgspec

from connector import config, plugins
from connector.house import House, furnish
from connector.store import health, postgres, shops
from connector.store.shops import Shop

_QUIET = timedelta(days=2)


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at. `what_to_do` is empty when it is well."""

    about: str
    well: bool
    says: str
    what_to_do: str = ""


def examine(env: Mapping[str, str]) -> tuple[Finding, ...]:
    """Look at settings, database, tables and shops; stops where nothing further can be known."""
    return tuple(_examine(env))


def _examine(env: Mapping[str, str]) -> Iterator[Finding]:
    try:
        house = furnish(env)
    except config.BadSettings as error:
        for problem in error.problems:
            yield Finding(problem.name, False, "missing or wrong", problem.what_to_do)
        return
    except postgres.CannotStart as error:
        yield Finding("database", False, "Comeback's own PostgreSQL does not start", str(error))
        return
    try:
        yield from _settings(house)
        sick = house.problem()
        if sick is not None:
            yield Finding("database", False, "cannot be used", sick)
            return
        own = "Comeback's own PostgreSQL" if house.server else "the PostgreSQL of DATABASE_URL"
        yield Finding("database", True, f"{own} answers, and its tables are those of this version")
        yield from _shops(house)
    except health.GONE as error:
        yield Finding("database", False, f"went away ({type(error).__name__})", "Check that PostgreSQL runs.")
    finally:
        house.close()


def _settings(house: House) -> Iterator[Finding]:
    yield Finding("settings", True, f"complete; shops reach Comeback at {house.settings.public_url}")
    for name, platform in plugins.platforms().items():
        if name in house.platforms:
            yield Finding(platform.title, True, "on offer")
            continue
        # Nobody began to set it up: no fault, but worth a word.
        names = ", ".join(
            setting.name for setting in platform.settings(house.settings.environment) if setting.problem
        )
        yield Finding(platform.title, True, f"not on offer; set {names} to offer it")


def _shops(house: House) -> Iterator[Finding]:
    with house.database.everyone() as connection:
        found = shops.everywhere(connection)
    if not found:
        names = " or ".join(f"{house.settings.public_url}/{name}" for name in house.platforms)
        yield Finding("shops", True, f"none yet; install one at {names}" if names else "none yet")
    for shop in found:
        yield _shop(house, shop)


def _shop(house: House, shop: Shop) -> Finding:
    about = f"shop {shop.address}"
    platform = house.platforms.get(shop.platform)
    if platform is None:
        return Finding(about, False, "its platform is not set up", f"Set the variables of {shop.platform}.")
    if shop.state == "reconnect":
        return Finding(
            about,
            False,
            "no longer accepts our token",
            f"The merchant opens {house.settings.public_url}/{shop.platform} and connects the shop again.",
        )
    if shop.breaker != "closed":
        return Finding(
            about,
            False,
            f"has not answered since {shop.failing_since:%Y-%m-%d %H:%M} UTC, after {shop.failures} tries in a row",
            f"Look whether the shop is up; it is tried again at {shop.probe_at:%H:%M} UTC, and all goes on by itself.",
        )
    heard = shop.last_delivery_at
    if not platform.polled and (heard is None or house.now() - heard > _QUIET) and _old(house, shop):
        return Finding(
            about,
            False,
            "connected, but no webhook came for two days",
            f"Check that {house.settings.public_url} is reached from outside; `comeback sync {shop.address}` catches up.",
        )
    return Finding(about, True, "connected")


def _old(house: House, shop: Shop) -> bool:
    return house.now() - shop.installed_at > _QUIET
