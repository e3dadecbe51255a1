"""A word that is good once is so for everybody, also for fifty at the same moment, and only for as long as was said."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from connector.secrets import KeyRing
from connector.store import spent
from connector.store.database import Database

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(database: Any) -> Iterator[Database]:
    made = Database(database.url, KeyRing({"k1": b"k" * 32}, b"pepper" * 6))
    yield made
    made.close()


def take(store: Database, word: str, now: datetime = NOW) -> bool:
    with store.everyone() as connection:
        return spent.take(connection, word, now, now + MINUTE)


def test_a_word_is_good_once_until_its_time_is_over(store: Database) -> None:
    assert [take(store, "a"), take(store, "a"), take(store, "b")] == [True, False, True]
    assert [take(store, "a", NOW + MINUTE), take(store, "a", NOW + MINUTE)] == [True, False]
    with store.everyone() as connection:
        assert connection.execute(select(func.count()).select_from(spent.spent)).scalar() == 1


def test_of_twenty_who_bring_it_at_the_same_moment_one_is_let_in(store: Database) -> None:
    together, found = threading.Barrier(20), list[bool]()

    def bring() -> None:
        together.wait()
        found.append(take(store, "state"))

    threads = [threading.Thread(target=bring) for _ in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(found) == [False] * 19 + [True]
