"""Whoever comes too often is told how long to wait, at whichever process they come, and uses up nothing of others'."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from connector.secrets import KeyRing
from connector.store import rates
from connector.store.database import Database
from connector.store.rates import Limit

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ANNA, BERT, SHOP = Limit("reads of anna", 3), Limit("reads of bert", 3), Limit("the shop", 5)


@pytest.fixture
def store(database: Any) -> Iterator[Database]:
    made = Database(database.url, KeyRing({"k1": b"k" * 32}, b"pepper" * 6))
    yield made
    made.close()


def come(store: Database, *limits: Limit, now: datetime = NOW) -> timedelta | None:
    with store.everyone() as connection:
        return rates.count(connection, store.ring, limits, now)


def test_three_a_minute_are_let_in_and_the_fourth_waits_for_what_is_left_of_it(store: Database) -> None:
    found = [come(store, ANNA, now=NOW + number * 10 * SECOND) for number in range(4)]
    assert found == [None, None, None, 30 * SECOND]
    assert come(store, BERT, now=NOW + 30 * SECOND) is None
    assert come(store, ANNA, now=NOW + 59 * SECOND) == SECOND
    assert [come(store, ANNA, now=NOW + 60 * SECOND) for _ in range(4)] == [None, None, None, 60 * SECOND]


def test_who_comes_too_often_uses_up_nothing_of_the_shops(store: Database) -> None:
    assert [come(store, ANNA, SHOP) is None for _ in range(50)] == [True] * 3 + [False] * 47
    assert [come(store, BERT, SHOP) is None for _ in range(3)] == [True, True, False]
    assert come(store, BERT) == 60 * SECOND  # their own is counted all the same


def test_of_forty_at_the_same_moment_as_many_are_let_in_as_may(store: Database) -> None:
    together, found = threading.Barrier(10), list[bool]()

    def bring(limit: Limit) -> None:
        together.wait()
        found.extend(come(store, limit, Limit("the shop", 11)) is None for _ in range(4))

    threads = [threading.Thread(target=bring, args=(Limit(f"reads of {n}", 2),)) for n in range(10)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum(found) == 11


def test_a_clock_that_was_ahead_shuts_nobody_out_for_longer_than_a_minute(store: Database) -> None:
    ahead = NOW + timedelta(minutes=10)
    assert [come(store, ANNA, now=ahead) is None for _ in range(4)] == [True, True, True, False]
    assert come(store, ANNA) is None


def test_what_counts_nobody_any_more_goes(store: Database) -> None:
    come(store, ANNA)
    come(store, BERT, now=NOW + 59 * SECOND)
    with store.everyone() as connection:
        rates.drop_old(connection, NOW + rates.LONGEST)
        assert connection.execute(select(func.count()).select_from(rates.rates)).scalar() == 1


def test_a_limit_may_last_longer_and_one_that_was_well_is_taken_back_or_ends_the_count(
    store: Database,
) -> None:
    quarter = Limit("sign-in as anna", 2, rates.LONGEST)
    assert [come(store, quarter, now=NOW + n * SECOND) for n in range(3)] == [None, None, 898 * SECOND]
    with store.everyone() as connection:
        rates.take_back(connection, store.ring, quarter.word)
        rates.take_back(connection, store.ring, quarter.word)
    assert [come(store, quarter, now=NOW + 10 * SECOND) is None for _ in range(2)] == [True, False]
    with store.everyone() as connection:
        rates.clear(connection, store.ring, quarter.word)
    assert [come(store, quarter, now=NOW + 20 * SECOND) is None for _ in range(3)] == [True, True, False]
    assert come(store, quarter, now=NOW + 20 * SECOND + rates.LONGEST) is None


def test_nobody_without_the_key_finds_out_who_was_counted(store: Database) -> None:
    come(store, ANNA)
    with store.everyone() as connection:
        [kept] = connection.execute(select(rates.rates.c.word_hash)).scalars()
    assert bytes(kept) == store.ring.word_hash("rate", ANNA.word)
    assert bytes(kept) != KeyRing({"k1": b"k" * 32}, b"another" * 6).word_hash("rate", ANNA.word)
