"""What a reading has seen: in order, each once, with flat memory; and what it did not see."""

from __future__ import annotations

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.flow.reconciling import absent
from connector.rounds import seen
from connector.rounds.seen import Seen

IDS = st.sets(st.text("0123456789abcÄé", min_size=1, max_size=6), max_size=40)


def test_ids_come_back_in_order_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "AT_ONCE", 7)
    numbers = [str(number) for number in range(100)] * 2
    random.Random(1).shuffle(numbers)
    with Seen() as ids:
        for start in range(0, len(numbers), 3):
            ids.add(numbers[start : start + 3])
        for _ in range(2):
            assert list(ids) == sorted(map(str, range(100)))
        assert ids.count == 100


@given(IDS, IDS)
def test_what_is_absent_is_what_was_known_and_not_seen(known: set[str], there: set[str]) -> None:
    assert set(absent(sorted(known), sorted(there))) == known - there


def most_memory(ids: int) -> int:
    tracemalloc.start()
    try:
        with Seen() as found:
            for start in range(0, ids, 500):
                found.add(str(10_000_000 + number * 7919 % ids) for number in range(start, start + 500))
            assert sum(1 for _ in absent((str(10_000_000 + number) for number in range(ids)), found)) == 0
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_stays_flat_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "AT_ONCE", 2_000)
    few, many = most_memory(8_000), most_memory(80_000)
    assert many < 2 * few + 500_000, f"{few:,} bytes for 8,000 ids, {many:,} for 80,000"
    assert many < 80_000 * 30, "a set of them would hold more"
