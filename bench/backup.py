"""How long a backup and a restore of a large house take, and how large the file is."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench.figures import Figure, Size
from bench.ground import Ground, house, start_programme, welcome
from bench.overview import fill
from connector import backup

_HOW = (
    "A house with {orders:,} orders of {members:,} members, filled in by SQL, is written into one file by `comeback backup`"
    " and put back by `comeback restore --replace` into the database that it came from. Afterwards every table holds as"
    " many rows as before. The restore is until the house can be started; reading the shops again"
    " comes after it, while it runs."
)
_TABLES = ("orders", "customers", "members", "entries", "inbox", "marks")


def measure(ground: Ground, size: Size) -> Figure:
    """Back a large house up, and put it back."""
    count, database = size.pick(1_000_000, 2_000), ground.database()
    with house(ground.env(database)) as opened, tempfile.TemporaryDirectory() as folder:
        shop = welcome(opened)
        start_programme(opened, shop.merchant_id)
        with ground.owner(database) as owner:
            fill(owner, shop, count)
        before, weight = _rows(ground, database), _bytes(ground, database)
        file = Path(folder, "house.backup")
        begun = time.perf_counter()
        backup.make(opened, file)
        made, written = time.perf_counter() - begun, file.stat().st_size
        opened.database.close()
        begun = time.perf_counter()
        backup.restore(opened, file, replace=True)
        restored = time.perf_counter() - begun
        assert _rows(ground, database) == before, "the restore lost rows"
        assert opened.problem() is None
    ground.drop(database)
    rows = (
        ("the database, MB", f"{weight / 1e6:,.0f}"),
        ("the backup's file, MB", f"{written / 1e6:,.0f}"),
        ("backup, s", f"{made:.1f}"),
        ("restore, s", f"{restored:.1f}"),
    )
    return Figure("Backup and restore", _HOW.format(orders=count, members=count // 5), (), rows)


def _rows(ground: Ground, database: str) -> list[object]:
    with ground.owner(database) as owner:
        found = [owner.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() for table in _TABLES]
    return [row[0] for row in found if row is not None]


def _bytes(ground: Ground, database: str) -> int:
    with ground.owner(database) as owner:
        row = owner.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    return int(str(row[0]))
