"""A restore that is killed: until its last step the old house stands whole, and nobody is told that all is well."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from connector import backup
from connector.app import create_app
from connector.hall import sign_in_url
from connector.house import House
from connector.store import migrate, tombstones
from connector.store.dump import CannotDump
from connector.store.shops import Shop
from connector.store.tombstones import Tombstone

# Every statement of this kind waits; which step of a restore that is.
STEPS = {
    "CREATE INDEX": "the old house was put aside, and the rows are there",
    "CREATE POLICY": "the tables are of this version, and get their walls",
    "DROP SCHEMA": "the forgotten are forgotten again, and the old house goes",
}
_PAUSE = """
CREATE SCHEMA IF NOT EXISTS pauses;
GRANT USAGE ON SCHEMA pauses TO PUBLIC;
CREATE OR REPLACE FUNCTION pauses.wait() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); END';
DROP EVENT TRIGGER IF EXISTS pause;
CREATE EVENT TRIGGER pause ON ddl_command_end WHEN TAG IN ('{}') EXECUTE FUNCTION pauses.wait();
"""
_ASLEEP = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event = 'PgSleep'"
_THERE = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND usename IS NOT NULL"


@pytest.fixture
def server(postgres: Any) -> Iterator[Any]:
    """A superuser's connection to another database of the server, for looking on."""
    url = postgres.url_of("postgres", "postgres").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def env(env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    return env | {"PATH": os.environ["PATH"], "COMEBACK_HOME": str(tmp_path)}


def wait_until(server: Any, question: str, name: str, count: int) -> None:
    until = time.monotonic() + 60
    while server.execute(question, (name,)).fetchone()[0] != count:
        assert time.monotonic() < until, f"waited 60 s for: {question}"
        time.sleep(0.02)


def messages(house: House, shop: Shop) -> list[str]:
    """The messages that lie in the inbox, by which the state of the house is known."""
    with house.database.merchant(shop.merchant_id) as tx:
        return list(tx.connection.exec_driver_sql("SELECT topic FROM inbox ORDER BY topic").scalars())


def keeps(house: House, shop: Shop, topic: str) -> None:
    """Let a message lie in the inbox, by which this state of the house is known again."""
    with house.database.merchant(shop.merchant_id) as tx:
        tx.connection.exec_driver_sql(
            "INSERT INTO inbox (merchant_id, shop_id, delivery_id, way, topic, received_at, state)"
            " VALUES (%(m)s, %(s)s, %(t)s, 'webhook', %(t)s, '2026-11-20', 'applied')",
            {"m": shop.merchant_id, "s": shop.id, "t": topic},
        )


def brings(house: House, paper: Any) -> int:
    """Bring a good message to the door, and return what it answers."""
    body = b"{}"
    with (
        create_app(house)
        .test_client()
        .post("/webhooks/paper", data=body, headers=paper.headers(body)) as answer
    ):
        return int(answer.status_code)


def test_a_restore_killed_at_any_step_leaves_the_old_house_whole_and_the_door_shut_until_then(
    house: House, shop: Shop, env: dict[str, str], postgres: Any, server: Any, paper: Any, tmp_path: Path
) -> None:
    name = house.database.engine.url.database
    keeps(house, shop, "before the backup")
    backup.make(house, tmp_path / "house.backup")
    keeps(house, shop, "since the backup")
    superuser = postgres.url_of("postgres", name).replace("+psycopg", "")
    command = [sys.executable, "-m", "connector.cli", "restore", str(tmp_path / "house.backup"), "--replace"]
    for step, what in STEPS.items():
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute(_PAUSE.format(step).encode())
        house.database.close()
        wait_until(server, _THERE, name, 0)
        restoring = subprocess.Popen(command, env=env, cwd=tmp_path, stderr=subprocess.DEVNULL)
        try:
            wait_until(server, _ASLEEP, name, 1)
            assert house.problem() == (
                "A backup is being put back; wait until `comeback restore` has ended."
            ), what
            with pytest.raises(migrate.Unfinished, match="is being put back"):
                house.migrate()
            assert create_app(house).test_client().get("/readyz").status_code == 503
            # What were kept now would go with the old house, and the shop would never send it again.
            assert brings(house, paper) == 503, what
        finally:
            restoring.send_signal(signal.SIGKILL)
            restoring.wait()
        house.database.close()
        # The server notices within a second or two that nobody wants the answer any more.
        wait_until(server, _THERE, name, 0)
        assert house.problem() is None, what
        assert messages(house, shop) == ["before the backup", "since the backup"], what
    house.database.close()
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(b"DROP EVENT TRIGGER pause")
    wait_until(server, _THERE, name, 0)
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert house.problem() is None
    assert messages(house, shop) == ["before the backup"]
    assert brings(house, paper) == 200


def test_whoever_was_forgotten_since_is_forgotten_in_the_moment_in_which_the_house_is_back(
    house: House, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list cannot be applied: then there is no restored house, where one that serves before would be the harm."""
    keeps(house, shop, "before the backup")
    backup.make(house, tmp_path / "house.backup")
    keeps(house, shop, "since the backup")
    stone = Tombstone(house.now(), shop.merchant_id, shop.id, words=(b"not a hash",), whole_shop=True)
    tombstones.write(tmp_path / "other.log", [stone])
    monkeypatch.setattr("connector.flow.restoring.erasing.erase", _breaks_off)
    house.database.close()
    with pytest.raises(KeyboardInterrupt):
        backup.restore(house, tmp_path / "house.backup", replace=True, logs=[tmp_path / "other.log"])
    assert house.problem() is None
    assert messages(house, shop) == ["before the backup", "since the backup"]


def test_visits_and_links_that_were_ended_since_the_backup_are_not_good_again(
    house: House, shop: Shop, tmp_path: Path
) -> None:
    browser = create_app(house).test_client()
    used, unused = (sign_in_url(house, shop.merchant_id).split("/", 3)[3] for _ in range(2))
    backup.make(house, tmp_path / "house.backup")
    assert browser.get(f"/{used}").status_code == 302
    assert browser.get("/settings/shops").status_code == 200
    house.database.close()
    backup.restore(house, tmp_path / "house.backup", replace=True)
    assert browser.get("/settings/shops").status_code == 401
    for link in (used, unused):
        assert create_app(house).test_client().get(f"/{link}").status_code == 401


def _breaks_off(*_: object) -> int:
    raise KeyboardInterrupt


def test_a_house_that_an_older_version_left_half_restored_is_shut_until_the_restore_is_run_again(
    house: House, shop: Shop, tmp_path: Path
) -> None:
    keeps(house, shop, "before the backup")
    file = tmp_path / "house.backup"
    backup.make(house, file)
    with _as_owner(house) as owner:
        owner.execute("ALTER SCHEMA public RENAME TO before_restore")
        owner.execute("CREATE SCHEMA public")
    why = "A restore was broken off; run `comeback restore FILE --replace` again."
    assert house.problem() == why
    with pytest.raises(migrate.Unfinished, match="was broken off"):
        house.migrate()
    assert create_app(house).test_client().get("/readyz").status_code == 503
    house.database.close()
    with pytest.raises(CannotDump, match="say --replace"):
        backup.restore(house, file, replace=False)
    assert house.problem() == why
    house.database.close()
    backup.restore(house, file, replace=True)
    assert house.problem() is None
    assert messages(house, shop) == ["before the backup"]


def test_a_backup_made_beside_a_half_restored_house_is_refused_with_the_reason(
    house: House, shop: Shop, tmp_path: Path
) -> None:
    """Older versions made such files: they hold two houses, and the one that counts may be empty."""
    from connector.store import dump

    backup.make(house, tmp_path / "whole.backup")
    with _as_owner(house) as owner:
        owner.execute("CREATE SCHEMA before_restore")
        owner.execute("CREATE TABLE before_restore.merchants (id int)")
    dump._run(
        "pg_dump",
        house.owner_url,
        "--format=custom",
        "--enable-row-security",
        f"--file={tmp_path / 'two.backup'}",
    )
    dump.make(house.owner_url, tmp_path / "one.backup")
    house.database.close()
    with pytest.raises(CannotDump, match="made while a restore was broken off"):
        backup.restore(house, tmp_path / "two.backup", replace=True)
    backup.restore(house, tmp_path / "one.backup", replace=True)
    assert house.problem() is None


def test_what_pg_restore_complains_of_is_told_by_the_line_that_says_it() -> None:
    from connector.store import dump

    complaints = (
        "pg_restore: while PROCESSING TOC:\n"
        'pg_restore: error: could not execute query: ERROR:  schema "x" does not exist\n'
        "Command was: CREATE TABLE x.y (\n    id integer\n);\n"
    )
    assert dump._why(complaints) == 'could not execute query: ERROR:  schema "x" does not exist'


def _as_owner(house: House) -> Any:
    return psycopg.connect(house.owner_url.replace("+psycopg", ""), autocommit=True)


WHOLE = b'{"at":"2026-11-22T09:00:00Z","merchant_id":1,"shop_id":2}\n'


@pytest.mark.parametrize(
    "said",
    [
        b"hello world\nfoo\n",
        b'{"at":"nonsense"}\n',
        WHOLE + b"root:x:0:0\n",
        b"\x00\xff\x00",
        b"foo",
        WHOLE + b'{"merchant_id":1',
    ],
)
def test_what_is_no_list_of_the_forgotten_is_refused_with_its_line(tmp_path: Path, said: bytes) -> None:
    (tmp_path / "odd.log").write_bytes(said)
    with pytest.raises(tombstones.Unreadable, match=r"odd\.log: line [12] is no line"):
        tombstones.read(tmp_path / "odd.log")


@pytest.mark.parametrize("torn", [b"{", b'{"a', b'{"at":"2026', WHOLE[:40]])
def test_a_line_that_a_dying_process_did_not_end_is_passed_over_wherever_it_stands(
    tmp_path: Path, torn: bytes
) -> None:
    (tmp_path / "kept.log").write_bytes(WHOLE + torn + b"\n" + WHOLE + torn)
    assert len(tombstones.read(tmp_path / "kept.log")) == 2
