"""Backup and restore: one file holds the house; the keys and the list of the forgotten are kept apart from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from connector.flow import restoring
from connector.house import House
from connector.secrets import CannotOpen
from connector.store import backups, cards, dump, merchants, migrate, queue, shops, tombstones
from connector.store import restore as putting_back
from connector.store.database import Connection, Tx, bind
from connector.store.dump import CannotDump
from connector.store.tombstones import Tombstone

_log = structlog.get_logger()


class Restored(msgspec.Struct, frozen=True):
    """What was put back: as of when, how many shops, and how many rows were erased again.

    `list_missing`: the list of the forgotten is not where the settings say, so that nobody can have been.
    """

    as_of: datetime
    shops: int
    forgotten: int
    list_missing: bool = False


def make(house: House, path: Path) -> datetime:
    """Write the backup and return its moment; raise CannotDump."""
    if path.exists():
        raise CannotDump(f"{path} is there already; name a new file")
    if not path.parent.is_dir():
        raise CannotDump(f"there is no folder {path.parent}")
    now = house.now()
    with house.database.everyone() as connection:
        backups.note(connection, house.ring, "backup", now, now)
    dump.make(house.owner_url, path)
    return now


def restore(house: House, path: Path, *, replace: bool, logs: Sequence[Path] = ()) -> Restored:
    """Put a backup back, and have everything that happened since fetched again; raise CannotDump.

    All of it is one transaction: whoever was forgotten since is forgotten again before anybody sees the house, and a
    restore that is killed leaves the house that was there. `logs` are further lists of the forgotten, from other machines.
    """
    as_of = _fits(house, path)
    stones = [stone for one in (house.settings.forgotten_log, *logs) for stone in tombstones.read(one)]
    stones = [stone for stone in stones if stone.at >= as_of - restoring.OVERLAP]
    with putting_back.opened(house.owner_url) as there:
        there.close()
        if there.holds_rows() and not replace:
            raise CannotDump(
                "the database holds a house already; say --replace to put the backup in its place"
            )
        there.put_back(path)
        done = _follow(house, there.connection, as_of, stones)
        there.drop_old()
    _log.info("restored", count=done.shops, done=done.forgotten)
    return msgspec.structs.replace(done, list_missing=not house.settings.forgotten_log.exists())


def _fits(house: House, path: Path) -> datetime:
    """Return as of when the backup is; raise CannotDump when it is none, is too new, or other keys made it."""
    dump.contents(path)
    versions = [row["version_num"] or "" for row in dump.rows(path, "alembic_version")]
    if not versions:
        raise CannotDump(f"{path} is no backup of Comeback")
    if not all(map(migrate.knows, versions)):
        raise CannotDump("the backup is of a newer version of Comeback; install that version first")
    notes = [row for row in dump.rows(path, "backups") if row["kind"] == "backup"]
    if not notes:
        raise CannotDump(f"{path} was not made by `comeback backup`: it does not say as of when it is")
    newest = max(notes, key=lambda row: int(row["id"] or 0))
    if _bytes(newest["proof"]) != backups.proof(house.ring):
        raise CannotDump(
            "SECRET_KEY is not the one that this backup was made with; nobody would be recognised"
        )
    for row in dump.rows(path, "merchants"):
        try:
            house.ring.open(_bytes(row["code_secret_sealed"]), merchants.secret_place(int(row["id"] or 0)))
        except CannotOpen as error:
            raise CannotDump(f"ENCRYPTION_KEYS do not open this backup: {error}") from error
    return datetime.fromisoformat(newest["as_of"] or "")


def _follow(house: House, connection: Connection, as_of: datetime, stones: Sequence[Tombstone]) -> Restored:
    """Forget again who was forgotten since, and have every shop read: what changed since, then all of it."""
    now, rows = house.now(), 0
    backups.note(connection, house.ring, "restore", now, as_of)
    ever = shops.ever(connection)
    for shop in ever:
        bind(connection, shop.merchant_id)
        tx = Tx(connection, shop.merchant_id, house.ring)
        rows += restoring.forget_again(tx, shop, [one for one in stones if one.shop_id == shop.id], now)
        # Links that were used since, and visits that were ended since, would be good again.
        merchants.sign_out_everywhere(tx)
        there = shops.get(tx, shop.id)
        if not there.is_erased:
            shops.restored(tx, shop.id, as_of)
            cards.doubt(tx, shop.id)
        if there.state == "connected":
            queue.subscribe(connection, tx.merchant_id, shop.id)
            queue.reconcile(connection, tx.merchant_id, shop.id, "window")
            queue.reconcile(connection, tx.merchant_id, shop.id, "full")
    return Restored(as_of, sum(shop.state != "removed" for shop in ever), rows)


def _bytes(word: str | None) -> bytes:
    return bytes.fromhex((word or "").removeprefix("\\x"))
