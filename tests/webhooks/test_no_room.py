"""Where no row can be kept there is no 200: a database that is full, read-only, locked or gone at the commit answers 503."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import ModuleType
from typing import Any

import msgspec
import psycopg
import pytest
import requests
from sqlalchemy import func, select

from connector.house import House
from connector.store import tables
from connector.store.shops import Shop
from webhooks import room

BODY = b'{"id": 12, "shop": "paper.example", "total": "12.50"}'


def knock(at: Any, paper: ModuleType, name: str = "d-1") -> requests.Response:
    return requests.post(f"{at.url}/webhooks/paper", BODY, headers=paper.headers(BODY, id=name), timeout=60)


def rows(house: House) -> int:
    with house.database.everyone() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.inbox)).scalar_one())


def refused(answer: requests.Response) -> bool:
    return (answer.status_code, answer.headers.get("Retry-After")) == (503, "30")


@contextmanager
def failing(database: Any, when: str, state: str) -> Iterator[None]:
    """Have PostgreSQL refuse the message with this SQLSTATE, at the insert or only at the commit."""
    how = "TRIGGER refuse AFTER INSERT ON inbox"
    if when == "commit":
        how = "CONSTRAINT TRIGGER refuse AFTER INSERT ON inbox DEFERRABLE INITIALLY DEFERRED"
    with psycopg.connect(database.owner_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE 'refused' USING ERRCODE = '{state}'; END $$".encode()
        )
        owner.execute(f"CREATE {how} FOR EACH ROW EXECUTE FUNCTION refuse()".encode())
        try:
            yield
        finally:
            owner.execute("DROP FUNCTION refuse() CASCADE")


@pytest.mark.parametrize("when", ["insert", "commit"])
@pytest.mark.parametrize(
    "state",
    [
        "53100",  # disk full
        "53200",  # out of memory
        "53300",  # too many connections
        "57P01",  # admin shutdown
        "57P03",  # cannot connect now
        "25006",  # read only sql transaction
        "57014",  # query canceled
        "55P03",  # lock not available
        "58030",  # io error
        "40001",  # serialization failure
        "42501",  # insufficient privilege
    ],
)
def test_what_postgresql_refuses_is_503_and_no_row_and_is_taken_the_next_time(
    house: House, shop: Shop, at: Any, paper: ModuleType, database: Any, when: str, state: str
) -> None:
    # The second time the door remembers who the sender is, and goes the short way.
    for number, name in enumerate(["d-1", "d-2"]):
        with failing(database, when, state):
            assert refused(knock(at, paper, name))
        assert rows(house) == number
        assert knock(at, paper, name).status_code == 200
        assert rows(house) == number + 1


def test_a_database_that_can_only_be_read_is_503_at_the_door(
    house: House, shop: Shop, at: Any, paper: ModuleType, database: Any
) -> None:
    with psycopg.connect(database.owner_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on".encode())
        house.database.close()
        assert refused(knock(at, paper))
        assert "only be read" in (house.problem() or "")
        owner.execute("SET default_transaction_read_only = off")
        owner.execute(f"ALTER DATABASE {database.name} RESET default_transaction_read_only".encode())
        house.database.close()
        assert knock(at, paper).status_code == 200


def test_a_lock_that_stays_is_503_before_the_shop_gives_up(
    house: House, shop: Shop, at: Any, paper: ModuleType, database: Any
) -> None:
    with psycopg.connect(database.owner_url.replace("+psycopg", "")) as owner:
        owner.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        answer = knock(at, paper)
    assert refused(answer)
    assert answer.elapsed < timedelta(seconds=5)
    assert knock(at, paper).status_code == 200


def test_with_more_waiting_than_the_limit_shops_are_asked_to_come_again(
    house: House, shop: Shop, serve: Any, paper: ModuleType
) -> None:
    small = msgspec.structs.replace(house, settings=msgspec.structs.replace(house.settings, inbox_limit=2))
    for number in range(3):
        assert knock(serve(small), paper, f"d-{number}").status_code == 200
    fresh = serve(small)
    assert refused(knock(fresh, paper, "d-9"))
    assert rows(house) == 3
    assert "INBOX_LIMIT" in (room.Room(small).problem() or "")


def test_with_less_than_five_per_cent_of_our_own_disk_free_shops_are_asked_to_come_again(
    house: House, shop: Shop, serve: Any, paper: ModuleType, postgres: Any, monkeypatch: Any
) -> None:
    own = msgspec.structs.replace(house, server=postgres)
    usage = shutil._ntuple_diskusage  # type: ignore[attr-defined]
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(1000, 951, 49))
    assert refused(knock(serve(own), paper))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(1000, 950, 50))
    assert knock(serve(own), paper).status_code == 200
