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
from connector.store import backups, dump, merchants, migrate, queue, shops, tombstones
from connector.store.dump import CannotDump
from connector.store.tombstones import Tombstone

_log = structlog.get_logger()


class Restored(msgspec.Struct, frozen=True):
    """What was put back: as of when, how many shops, and how many rows were erased again."""

    as_of: datetime
    shops: int
    forgotten: int


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

    `logs` are further lists of the forgotten, from other machines.
    """
    as_of = _fits(house, path)
    stones = [stone for one in (house.settings.forgotten_log, *logs) for stone in tombstones.read(one)]
    with dump.opened(house.owner_url) as there:
        if there.holds_rows() and not replace:
            raise CannotDump(
                "the database holds a house already; say --replace to put the backup in its place"
            )
        if there.others():
            raise CannotDump("somebody is connected to the database; stop web and workers first")
        there.put_back(path)
        migrate.upgrade(house.owner_url)
        there.begin_anew()
    return _follow(house, as_of, [stone for stone in stones if stone.at >= as_of - restoring.OVERLAP])


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


def _follow(house: House, as_of: datetime, stones: Sequence[Tombstone]) -> Restored:
    """Forget again who was forgotten since, and have every shop read: what changed since, then all of it."""
    now, rows = house.now(), 0
    with house.database.everyone() as connection:
        backups.note(connection, house.ring, "restore", now, as_of)
        everywhere = shops.everywhere(connection)
    for shop in everywhere:
        with house.database.merchant(shop.merchant_id) as tx:
            rows += restoring.forget_again(tx, shop, [one for one in stones if one.shop_id == shop.id], now)
            shops.restored(tx, shop.id, as_of)
            if shops.get(tx, shop.id).state == "connected":
                queue.subscribe(tx.connection, tx.merchant_id, shop.id)
                queue.reconcile(tx.connection, tx.merchant_id, shop.id, "window")
                queue.reconcile(tx.connection, tx.merchant_id, shop.id, "full")
    _log.info("restored", count=len(everywhere), done=rows)
    return Restored(as_of, len(everywhere), rows)


def _bytes(word: str | None) -> bytes:
    return bytes.fromhex((word or "").removeprefix("\\x"))
