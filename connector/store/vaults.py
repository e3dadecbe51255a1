"""Vaults: a shop's tokens, sealed, and renewed by one process at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import func, select, update

from connector.port import ShopError, Unauthorized
from connector.store.database import Database, Tx
from connector.store.tables import shops

_VAULT = 2  # the advisory lock's room; 1 is the queue's, 3 the programmes'


def keep(tx: Tx, shop_id: int, tokens: bytes) -> None:
    """Seal and keep the shop's tokens."""
    mine = shops.c.merchant_id == tx.merchant_id, shops.c.id == shop_id
    tx.run(update(shops).where(*mine).values(tokens_sealed=tx.ring.seal(tokens, _place(shop_id))))


class NoTokens(Unauthorized):
    """The shop has no tokens: it was removed, or never finished installing."""


class Vault:
    """One shop's tokens (port.TokenVault); `failed` is told of every renewal that did not work."""

    def __init__(
        self, database: Database, merchant_id: int, shop_id: int, failed: Callable[[], object] = int
    ) -> None:
        self._database = database
        self._merchant_id = merchant_id
        self._shop_id = shop_id
        self._failed = failed

    def read(self) -> bytes:
        """Return the tokens as last saved; raise NoTokens."""
        with self._database.merchant(self._merchant_id) as tx:
            return _OpenVault(tx, self._shop_id, lock=False).read()

    @contextmanager
    def locked(self) -> Iterator["_OpenVault"]:
        """Hold the shop's tokens so that only one process refreshes them; saves when the block ends well."""
        try:
            with self._database.merchant(self._merchant_id) as tx:
                yield _OpenVault(tx, self._shop_id, lock=True)
        except ShopError:
            self._failed()
            raise


class _OpenVault:
    def __init__(self, tx: Tx, shop_id: int, *, lock: bool) -> None:
        self._tx, self._shop_id = tx, shop_id
        if lock:
            # Not the shop's row itself: a webhook notes its arrival there, and must not wait for a slow token endpoint.
            tx.run(select(func.pg_advisory_xact_lock(_VAULT, shop_id)))
        mine = shops.c.merchant_id == tx.merchant_id, shops.c.id == shop_id
        self._sealed = tx.value(select(shops.c.tokens_sealed).where(*mine))

    def read(self) -> bytes:
        if self._sealed is None:
            raise NoTokens(f"shop {self._shop_id} has no tokens; it must be installed again")
        return self._tx.ring.open(self._sealed, _place(self._shop_id))

    def save(self, tokens: bytes) -> bool:
        """Keep new tokens in place of those that were read, and tell whether they still stood there."""
        new = self._tx.ring.seal(tokens, _place(self._shop_id))
        mine = shops.c.merchant_id == self._tx.merchant_id, shops.c.id == self._shop_id
        kept = self._tx.run(
            update(shops).where(*mine, shops.c.tokens_sealed == self._sealed).values(tokens_sealed=new)
        )
        self._sealed = new
        return kept.rowcount > 0


def _place(shop_id: int) -> str:
    return f"shops.tokens:{shop_id}"
