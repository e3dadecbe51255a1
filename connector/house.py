"""The house as one process runs it: settings, database, platforms and the clock. Made once, at the top floor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

import msgspec

from connector import config, guard, plugins
from connector.config import Settings
from connector.port import Pace, Platform, ShopAdapter
from connector.secrets import KeyRing, derive
from connector.store import health, merchants, migrate, postgres
from connector.store.database import Database
from connector.store.shops import Shop
from connector.store.vaults import Vault
from connector.tally import Tally
from connector.turn import Turn

_OWN_AWAY = (
    "it is Comeback's own, and `serve` and `worker` start it again; postgres.log in COMEBACK_HOME says more"
)


class House(msgspec.Struct, frozen=True):
    """Everything handed down. `platforms` are those on offer; `server` is our own PostgreSQL where we brought one.

    `tally` counts what happens in this process. `turn` is a job's while it computes. `database_url` and `owner_url`
    are where the application and the migrations connect.
    """

    settings: Settings
    database: Database
    platforms: dict[str, Platform]
    database_url: str
    owner_url: str
    now: Callable[[], datetime]
    server: postgres.Server | None = None
    tally: Tally = msgspec.field(default_factory=Tally)
    turn: Turn = msgspec.field(default_factory=Turn)

    @property
    def ring(self) -> KeyRing:
        """The keys of this house."""
        return self.database.ring

    def vault(self, shop: Shop) -> Vault:
        """Return the vault with the shop's tokens."""
        counts = partial(self.tally.count, "token_refresh_failures", platform=shop.platform)
        return Vault(self.database, shop.merchant_id, shop.id, counts)

    def line(self, shop: Shop, pace: Pace = "live") -> ShopAdapter:
        """Open a line to the shop; raise KeyError when its platform is not on offer here."""
        platform = self.platforms[shop.platform]
        return platform.open(self.settings.environment, shop.line(self.now()), self.vault(shop), pace)

    def guard(self, url: str) -> str:
        """Return the URL when outgoing calls may go there; raise port.Refused with the reason otherwise."""
        return guard.check(url, self.settings.private_hosts)

    def key(self, purpose: str) -> bytes:
        """Return a key of this house for one purpose."""
        return derive(self.settings.secret_key, purpose)

    def merchants(self) -> list[int]:
        """Return the ids of all merchants here."""
        with self.database.everyone() as connection:
            return merchants.every(connection)

    def migrate(self) -> None:
        """Bring the tables up to date; safe to repeat."""
        migrate.upgrade(self.owner_url)

    def problem(self) -> str | None:
        """Return what keeps the database from being used, with what to do; None when all is well."""
        if self.server is None:
            return health.problem(self.database.engine)
        return health.problem(self.database.engine, _OWN_AWAY)

    def close(self) -> None:
        """Let go of the database, and stop the one we brought when nobody else uses it."""
        self.database.close()
        if self.server is not None:
            self.server.stop()


def clock() -> datetime:
    """The time now, in UTC; the only place of the house that asks."""
    return datetime.now(UTC)


def furnish(
    env: Mapping[str, str],
    platforms: Mapping[str, Platform] | None = None,
    now: Callable[[], datetime] = clock,
) -> House:
    """Read the settings, start PostgreSQL where none is named, and return the house.

    Raises config.BadSettings and postgres.CannotStart, both with what to do.
    """
    installed = plugins.platforms() if platforms is None else platforms
    settings = config.read(env, installed)
    server = None if settings.database_url else postgres.start(settings.home / "postgres")
    url, owner_url = (server.url, server.owner_url) if server else _urls(settings)
    ring = KeyRing(settings.encryption_keys, settings.secret_key)
    offered = {name: installed[name] for name in settings.platforms}
    return House(settings, Database(url, ring), offered, url, owner_url, now, server)


def _urls(settings: Settings) -> tuple[str, str]:
    return settings.database_url, settings.database_owner_url
