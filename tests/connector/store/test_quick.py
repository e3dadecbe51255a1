"""Single statements of their own: on lines that are kept, found dead by asking, and never more than so many."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import pytest

from connector.house import House
from connector.store import quick

_PID = "SELECT pg_backend_pid()"
_WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 987 AND NOT granted"


def test_a_line_is_used_again_and_one_that_the_server_has_closed_is_replaced(
    house: House, database: Any
) -> None:
    (first,) = house.database.at_once(_PID, {})
    assert house.database.at_once(_PID, {}) == (first,)
    with psycopg.connect(database.url.replace("+psycopg", ""), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (first,))
    (second,) = house.database.at_once(_PID, {})
    assert second != first


def test_what_the_server_refuses_is_told_and_the_line_stays(house: House) -> None:
    (first,) = house.database.at_once(_PID, {})
    with pytest.raises(psycopg.errors.DivisionByZero):
        house.database.at_once("SELECT 1 / %(by)s", {"by": 0})
    assert house.database.at_once(_PID, {}) == (first,)


def test_no_more_lines_than_allowed_and_whoever_waits_too_long_is_told(
    house: House, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quick, "_WAIT", 0.2)
    waits = ("SELECT pg_advisory_lock_shared(987), pg_advisory_unlock_shared(987)", {})
    slow = [threading.Thread(target=house.database.at_once, args=waits) for _ in range(quick.MOST)]
    with psycopg.connect(database.url.replace("+psycopg", ""), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(987)")
        for one in slow:
            one.start()
        until = time.monotonic() + 60
        while other.execute(_WAITING).fetchone() != (quick.MOST,):
            assert time.monotonic() < until, "not every line is in use"
            time.sleep(0.02)
        with pytest.raises(psycopg.OperationalError, match="busy"):
            house.database.at_once(_PID, {})
    for one in slow:
        one.join()
    assert len(house.database.at_once(_PID, {})) == 1
