"""A backup goes into the version of Comeback that is installed: an older one is migrated, a newer one refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine

from connector import backup
from connector.app import create_app
from connector.flow import programme, settling
from connector.house import House
from connector.insight import glance
from connector.loyalty.terms import suggested
from connector.records import Customer, LineItem, Order
from connector.store import dump, members, merchants, migrate, people, purchases
from connector.store.dump import CannotDump
from connector.store.shops import Shop

DAY = timedelta(days=1)
OLDEST = "0008"  # the first tables that know of backups
_TABLES = """
SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
   AND table_name NOT LIKE 'procrastinate%' AND table_name <> 'alembic_version'
"""
_COLUMNS = (
    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
)
_COUNTED_ON = """
SELECT format('SELECT setval(pg_get_serial_sequence(%L, %L), greatest((SELECT max(%I) FROM %I), 1))',
              table_name, column_name, column_name, table_name)
  FROM information_schema.columns
 WHERE table_schema = 'public' AND is_identity = 'YES' AND table_name NOT LIKE 'procrastinate%'
"""


@pytest.fixture
def old(postgres: Any, house: House) -> Iterator[Callable[[], str]]:
    """Copy what the house holds into the tables of the oldest version that made backups; return the owner's address."""
    name = f"{house.database.engine.url.database}_old"
    here, there = (
        postgres.url_of("postgres", one).replace("+psycopg", "")
        for one in (house.database.engine.url.database, name)
    )

    def copied() -> str:
        with psycopg.connect(here, autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name} OWNER comeback_owner".encode())
        owner_url = str(postgres.url_of("comeback_owner", name))
        migrated(owner_url, OLDEST)
        with psycopg.connect(here) as source, psycopg.connect(there) as target:
            # The copies are whole already; triggers would make rows a second time.
            target.execute("SET session_replication_role = replica")
            # A table that has gone since was a cache, and stays empty.
            there_still = set(source.execute(_TABLES).fetchall())
            for (table,) in set(target.execute(_TABLES).fetchall()) & there_still:
                names = ", ".join(f'"{row[0]}"' for row in target.execute(_COLUMNS, (table,)))
                take, put = (f"COPY {table} ({names}) {way}".encode() for way in ("TO STDOUT", "FROM STDIN"))
                with source.cursor().copy(take) as rows, target.cursor().copy(put) as kept:
                    for row in rows:
                        kept.write(row)
            for (statement,) in target.execute(_COUNTED_ON.encode()).fetchall():
                target.execute(statement.encode())
        return owner_url

    yield copied
    with psycopg.connect(here, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


def migrated(owner_url: str, version: str) -> None:
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    engine.dispose()


def lives(house: House, shop: Shop) -> None:
    """Three people buy: once, twice, three times, for 30.00 each, and the programme books what it promises."""
    now = house.now()
    with house.database.merchant(shop.merchant_id) as tx:
        made = members.new(tx, 3, now)
        for number, member in enumerate(made, start=1):
            words = (f"c{number}", now - 400 * DAY, now - 400 * DAY, f"c{number}@old.example", True)
            people.keep(tx, shop.id, [(Customer(*words, name="Noor Canary"), member)])
        orders = [(one, nth) for one in (1, 2, 3) for nth in range(one)]
        purchases.write(
            tx,
            [purchases.row(tx, shop.id, order(one, nth, now - (90 - 20 * nth) * DAY)) for one, nth in orders],
        )
        programme.publish(tx, suggested("EUR"), now - 365 * DAY, now)
        settled(tx, now)


def order(customer: int, nth: int, at: Any) -> Order:
    name = f"{customer}{nth}"
    lines = (LineItem("1", "Tea", 1, 1, 30_00),)
    return Order(
        name, f"#{name}", "EUR", at, at, paid_at=at, total=30_00, lines=lines, customer_id=f"c{customer}"
    )


def settled(tx: Any, now: Any) -> None:
    members.make_due(tx, now)
    while settling.settle_due(tx, now):
        pass


def books(house: House, shop: Shop) -> list[tuple[Any, ...]]:
    """Every entry, mark and code, and what the members have."""
    with house.database.merchant(shop.merchant_id) as tx:
        return [
            tuple(row)
            for question in (
                "SELECT member_id, source, rule, version, points, moment, inputs::text FROM entries",
                "SELECT customer_id, wanted, known FROM marks",
                "SELECT customer_id, source, code, state FROM coupons",
                "SELECT id, tier, balance, pending, order_count FROM members",
                "SELECT order_id, code FROM code_uses",
            )
            for row in tx.connection.exec_driver_sql(f"{question} ORDER BY 1, 2").all()
        ]


def figures(house: House, shop: Shop) -> glance.Glance:
    with house.database.merchant(shop.merchant_id) as tx:
        return glance.count(tx, house.now(), shop.timezone)


def test_a_backup_of_an_older_version_is_migrated_and_its_figures_are_right(
    house: House, shop: Shop, old: Callable[[], str], tmp_path: Path
) -> None:
    lives(house, shop)
    file = tmp_path / "old.backup"
    backup.make(house, tmp_path / "writes the note.backup")
    before, seen = books(house, shop), figures(house, shop)
    assert [row[2] for row in before if len(row) == 5] == [30, 60, 90], "points of six orders of 30.00"
    dump.make(old(), file)
    assert [row["version_num"] for row in dump.rows(file, "alembic_version")] == [OLDEST]
    with house.database.merchant(shop.merchant_id) as tx:
        tx.connection.exec_driver_sql("DELETE FROM marks")  # what happens after the backup
    house.database.close()

    assert backup.restore(house, file, replace=True).as_of == house.now()

    assert house.problem() is None, "the walls stand, and the tables are those of this version"
    with house.database.everyone() as connection:
        counted = "SELECT reltuples FROM pg_class WHERE relname = 'orders'"
        assert connection.exec_driver_sql(counted).scalar() == 6, "PostgreSQL knows how large its tables are"
    assert books(house, shop) == before
    assert figures(house, shop) == seen
    with house.database.merchant(shop.merchant_id) as tx:
        settled(tx, house.now())
        sign_ins = merchants.get(tx).sign_ins  # the restore has ended the visits of before
    assert books(house, shop) == before, "settling books something anew"
    client = create_app(house).test_client()
    with client.session_transaction() as session:
        session.update(merchant_id=shop.merchant_id, since=int(house.now().timestamp()), language="en")
        session["sign_ins"] = sign_ins
    for address in ("/", "/settings/members"):
        with client.get(address) as answer:
            assert answer.status_code == 200


def test_a_backup_of_a_newer_version_is_refused_and_nothing_is_touched(
    house: House, shop: Shop, tmp_path: Path
) -> None:
    lives(house, shop)
    file = tmp_path / "new.backup"
    _as_owner(house, "UPDATE alembic_version SET version_num = '9999'")
    backup.make(house, file)
    _as_owner(house, f"UPDATE alembic_version SET version_num = '{migrate.newest()}'")
    before = books(house, shop)
    house.database.close()
    with pytest.raises(CannotDump, match="of a newer version of Comeback; install that version first"):
        backup.restore(house, file, replace=True)
    assert books(house, shop) == before
    assert house.problem() is None


def test_a_refused_restore_says_so_in_one_line(
    house: House, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from connector import cli

    _as_owner(house, "UPDATE alembic_version SET version_num = '9999'")
    backup.make(house, tmp_path / "new.backup")
    monkeypatch.setattr("connector.config.environment", lambda: env)
    told = CliRunner().invoke(cli.commands, ["restore", str(tmp_path / "new.backup"), "--replace"])
    assert str(told.exception) == "the backup is of a newer version of Comeback; install that version first"


def _as_owner(house: House, statement: str) -> None:
    with psycopg.connect(house.owner_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute(statement.encode())
